"""Speed as ratios: fitting, routing and starting, each beside simpler work on the same texts in the same run."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from models.bundle import load_triage
from training.closures import read_closures
from training.hygiene import clean
from training.peers import try_peer
from triage.domain import Appeal
from triage.pipeline import Triage
from triage.places import Places
from triage.text import Segmenter, normalise

_CHUNK = 512
_SINGLE = 500
_REPEATS = 3
_FIT = "import sys; from training.cli import main; sys.exit(main())"
_START = """
import sys, time
begin = time.perf_counter()
from pathlib import Path
from models.bundle import load_triage
load_triage(Path(sys.argv[1]))
print(time.perf_counter() - begin)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Something timed in seconds, and what it is compared with; `base` 0 where it stands for itself."""

    what: str
    value: float
    unit: str
    base_name: str = ""
    base: float = 0.0

    def cells(self) -> tuple[str, str, str, str]:
        ratio = f"{self.value / self.base:.2f}" if self.base else ""
        base = f"{self.base_name}: {self.base:.3g} {self.unit}" if self.base else ""
        return self.what, f"{self.value:.3g} {self.unit}", base, ratio


def benchmark(files: Sequence[Path], texts: Path, *, progress: Callable[[str], None]) -> list[Measured]:
    """Fit on `files`, then route `texts` with the bundle on one core."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        progress("fitting the bundle")
        fitted, peak = _fit(files, bundle)
        progress("fitting the flat character SVM")
        rows = clean(read_closures(files).rows).rows
        flat = _timed(lambda: try_peer("characters, linear SVM", rows, rows[:1]))
        progress("routing")
        started = min(_start(bundle) for _ in range(_REPEATS))
        with threadpool_limits(1):
            routed = _routing(load_triage(bundle), [row.text for row in read_closures([texts]).rows])
    return [
        Measured(what="fit", value=fitted, unit="s", base_name="flat character SVM", base=flat),
        Measured(what="peak memory of fit, its largest process", value=peak, unit="GB"),
        *routed,
        Measured(what="start from a bundle, imports included", value=started, unit="s"),
    ]


def _fit(files: Sequence[Path], bundle: Path) -> tuple[float, float]:
    """Seconds and gigabytes of a fit in a process of its own."""
    import resource  # noqa: PLC0415 - not there on Windows, where only the benchmark cannot run

    command = [sys.executable, "-c", _FIT, "fit", "--closures", *map(str, files), "--out", str(bundle)]
    seconds = _timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))  # noqa: S603 - our own command
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6


def _start(bundle: Path) -> float:
    command = [sys.executable, "-c", _START, str(bundle)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - our own command


def _routing(triage: Triage, texts: Sequence[str]) -> list[Measured]:
    appeals = [Appeal(id=str(at), text=text) for at, text in enumerate(texts)]
    cut = Segmenter(engine="jieba").cut
    triage.route_many(appeals[:_CHUNK])
    batch = min(_timed(lambda: _route_all(triage, appeals)) for _ in range(_REPEATS))
    reference = min(_timed(lambda: [cut(text) for text in texts]) for _ in range(_REPEATS))
    one = statistics.median(_timed(partial(triage.route, appeal)) for appeal in appeals[:_SINGLE])
    one_cut = statistics.median(_timed(partial(cut, text)) for text in texts[:_SINGLE])
    opened = min(_timed(lambda: Places(triage.pack.places)) for _ in range(_REPEATS))
    places = Places(triage.pack.places)
    plain = [normalise(text).text for text in texts]
    placed = min(_timed(lambda: [places.resolve(text) for text in plain]) for _ in range(_REPEATS))
    name = "jieba.lcut"
    return [
        Measured(what=f"routing {len(texts)} in batch", value=batch, unit="s", base_name=name, base=reference),
        Measured(what="routing one, median", value=1e3 * one, unit="ms", base_name=name, base=1e3 * one_cut),
        Measured(what=f"finding the places of {len(texts)}", value=placed, unit="s", base_name=name, base=reference),
        Measured(what=f"laying out {len(triage.pack.places)} places", value=opened, unit="s"),
    ]


def _route_all(triage: Triage, appeals: Sequence[Appeal]) -> None:
    for start in range(0, len(appeals), _CHUNK):
        triage.route_many(appeals[start : start + _CHUNK])


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin

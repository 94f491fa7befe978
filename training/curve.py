"""A learning curve: what the newest closures teach, what was written for another city teaches, and both."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from models.assessor import LearnedAssessor
from training.closures import read_closures
from training.corpus import read_appeals
from training.dataset import make_dataset, with_known_units
from training.duplicates import near_duplicate_groups
from training.fit import fit
from training.hygiene import Cleaned, Summary, clean
from training.make import prepare
from training.measures import Outcome, figures, paired_gain
from training.transfer import transferred
from triage.citypack import CityPack, load_pack
from triage.domain import Appeal, Closure
from triage.text import Reader, Segmenter


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What was reached after learning from `learned_from`, and the top-1 gained by what was added last."""

    closures: int
    learned_from: str
    figures: dict[str, float]
    gain: tuple[float, float, float] | None

    def cells(self) -> tuple[str, ...]:
        """Return the point as a row of a table."""
        said = "{:+.3f} [{:+.3f}, {:+.3f}]".format(*self.gain) if self.gain else ""
        tops = [f"{self.figures[name]:.3f}" for name in ("top1", "top3", "top5")]
        return (f"{self.closures:,}", self.learned_from, *tops, said)


def learning_curve(
    files: Sequence[Path],
    test: Path,
    appeals: Path,
    *,
    sizes: Sequence[int],
    encoders: Sequence[str] = (),
    progress: Callable[[str], None],
) -> Iterator[Point]:
    """Fit on the newest closures of each size, with and without the appeals, and route the later closures of `test`.

    The city's units and places are those of all closures: a city knows its offices before its first order is closed.
    With `encoders` each of them is added to what closures and appeals teach together.
    """
    prepared = prepare(files, pack=None, name="curve")
    city = prepared.pack
    rows = sorted(prepared.cleaned.rows, key=lambda row: (row.opened_on is not None, row.opened_on))
    tried = with_known_units(clean(read_closures([test]).rows), city).rows
    home = load_pack(appeals)
    written = tuple(transferred(read_appeals(appeals, home), home, city, seed=0))
    for size in sizes:
        newest = tuple(rows[len(rows) - size :])
        both = "closures and appeals" if size else "appeals"
        courses: list[tuple[str, tuple[Closure, ...], str, str]] = [("closures", (), "", "")] if size else []
        courses += [(both, written, "", "closures" if size else "")]
        courses += [(f"{both}, {encoder}", written, encoder, both) for encoder in encoders]
        reached: dict[str, Outcome] = {}
        for name, taught, encoder, before in courses:
            progress(f"{size:,} {name}")
            reached[name] = outcome = _outcome(newest, taught, encoder, city, tried)
            gain = paired_gain(outcome, reached[before], depth=1) if before else None
            yield Point(closures=size, learned_from=name, figures=figures(outcome), gain=gain)


def _outcome(
    rows: tuple[Closure, ...], taught: tuple[Closure, ...], encoder: str, city: CityPack, tried: Sequence[Closure]
) -> Outcome:
    groups = tuple(near_duplicate_groups([row.text for row in rows])) if rows else ()
    cleaned = Cleaned(rows=rows, groups=groups, summary=Summary(read=len(rows), kept=len(rows)))
    data = make_dataset(cleaned, city, taught=taught, encoder=encoder, seed=0)
    with threadpool_limits(1):
        learned = fit(data, city, seed=0).learned
    readings = Reader(Segmenter(city.words)).read_many([row.text for row in tried])
    assessed = LearnedAssessor(city, learned).assess([Appeal(id=row.id, text=row.text) for row in tried], readings)
    return Outcome(
        named=[[suggestion.unit.name for suggestion in one.suggestions] for one in assessed],
        sure=np.array([one.suggestions[0].probability for one in assessed]),
        right=[row.unit for row in tried],
    )

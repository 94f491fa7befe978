"""From files of closed orders to a bundle on disk."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits

from models.bundle import save
from training.closures import Closures, read_closures
from training.corpus import as_closures, meanings, read_appeals, read_outside
from training.dataset import Dataset, make_dataset, with_known_units
from training.fit import Progress, fit
from training.hygiene import Cleaned, clean
from training.packmaker import make_pack
from training.splits import Marked, read_marked
from training.transfer import transferred
from triage.citypack import CityPack, load_pack
from triage.domain import Closure
from triage.errors import InputError

FEW = 3_000  # closed orders up to which what was written for another city helps, by the learning curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Closures that were read and cleaned, the pack they are fitted with, and what the pack itself teaches.

    `outside` are texts of what no unit deals with, `several` those of which it is known where one matter ends.
    """

    read: Closures
    cleaned: Cleaned
    pack: CityPack
    taught: tuple[Closure, ...] = ()
    outside: tuple[Closure, ...] = ()
    several: tuple[Marked, ...] = ()


def prepare(
    files: Sequence[Path],
    *,
    pack: Path | None,
    name: str,
    appeals: Path | None = None,
    seed: int = 0,
    columns: dict[str, str] | None = None,
) -> Prepared:
    """Read and clean closures, and what was written to teach; without a pack, derive one from the closures.

    Parameters
    ----------
    pack
        What it has written itself, a folder `appeals`, teaches beside the closures, or alone where there are none.
    appeals
        Another city's pack, whose appeals teach a city that has none of its own and `FEW` closures or less.

    Raises
    ------
    InputError
        Files or pack cannot be used, or no row is fit to learn from.
    """
    city = load_pack(pack) if pack else None
    written = read_appeals(pack, city) if pack and city else ()
    if not files and not written and not (city and appeals):
        raise InputError("nothing to learn from; name --closures, or a --pack with a folder appeals", file=pack)
    read = read_closures(files, columns=columns) if files else Closures(rows=())
    cleaned = clean(read.rows)
    if files and not cleaned.rows:
        raise InputError(f"no row can be learned from: {cleaned.summary.counts}", file=files[0])
    city = city or make_pack(cleaned.rows, name=name)
    cleaned = with_known_units(cleaned, city)
    taught: Sequence[Closure] = ()
    if written:
        taught = (*as_closures(written, city, seed=seed), *meanings(city))
    elif appeals and len(cleaned.rows) <= FEW:
        home = load_pack(appeals)
        taught = transferred(read_appeals(appeals, home), home, city, seed=seed)
    return Prepared(
        read=read,
        cleaned=cleaned,
        pack=city,
        taught=tuple(taught),
        outside=read_outside(pack, city),
        several=read_marked(pack),
    )


def make_bundle(
    prepared: Prepared, files: Sequence[Path], out: Path, *, encoder: str = "", seed: int, progress: Progress
) -> None:
    """Fit and write a bundle; what stood at `out` stays until the new one is whole.

    Raises
    ------
    InputError
        `out` holds something that is not a bundle, or the rows are too few.
    """
    _refuse_to_overwrite(out)
    taught = (*prepared.taught, *prepared.outside)
    data = make_dataset(prepared.cleaned, prepared.pack, taught=taught, encoder=encoder, seed=seed)
    with threadpool_limits(1):  # the ranker's matrices are small: threads would wait for each other
        fitted = fit(data, prepared.pack, several=prepared.several, seed=seed, progress=progress)
    fresh = out.with_name(f".{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    about = {
        "seed": seed,
        "rows": int(data.closed.sum()),
        "taught": len(prepared.taught),
        "outside": len(prepared.outside),
        "window": _window(data),
        "scheme": str(data.scheme),
        "left_out": prepared.cleaned.summary.counts,
        "metrics": fitted.metrics,
        "tried_on": "out-of-fold rows" if data.newest is None else f"the newest {int(data.newest.sum())} rows, by date",
        "sources": [[file.name, hashlib.sha256(file.read_bytes()).hexdigest()] for file in files],
    }
    save(fresh, learned=fitted.learned, tried=fitted.tried, pack=prepared.pack, about=about)
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)


def _window(data: Dataset) -> list[str] | None:
    days = [row.opened_on for row in data.closures if row.opened_on]
    return [min(days).isoformat(), max(days).isoformat()] if days else None


def _refuse_to_overwrite(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / "manifest.json").is_file()):
        raise InputError("something else than a bundle is there; name another folder", file=out)
    out.parent.mkdir(parents=True, exist_ok=True)

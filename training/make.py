"""From files of closed orders to a bundle on disk."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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

    Parameters
    ----------
    weights
        How much an order counts, by its id; 1 where it is not there.
    outside
        Texts of what no unit deals with.
    several
        Texts of which it is known where one matter ends.
    sources
        Names and digests of what the closures were read from.
    """

    read: Closures
    cleaned: Cleaned
    pack: CityPack
    weights: Mapping[str, float] = field(default_factory=dict)
    taught: tuple[Closure, ...] = ()
    outside: tuple[Closure, ...] = ()
    several: tuple[Marked, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()


def prepare(
    files: Sequence[Path],
    *,
    pack: Path | None,
    name: str,
    appeals: Path | None = None,
    seed: int = 0,
    columns: dict[str, str] | None = None,
) -> Prepared:
    """Read and clean closures, and what was written to teach; see `prepare_closures`.

    Raises
    ------
    InputError
        Files or pack cannot be used, or no row is fit to learn from.
    """
    read = read_closures(files, columns=columns) if files else Closures(rows=())
    sources = tuple((file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files)
    try:
        prepared = prepare_closures(read.rows, pack=pack, name=name, appeals=appeals, seed=seed)
    except NothingLeftError as error:
        raise InputError(error.message, file=files[0]) from None
    return replace(prepared, read=read, sources=sources)


def prepare_closures(
    rows: Sequence[Closure],
    *,
    pack: Path | None,
    name: str,
    appeals: Path | None = None,
    weights: Mapping[str, float] | None = None,
    outside: bool = True,
    seed: int = 0,
) -> Prepared:
    """Clean closures; without a pack, derive one from them.

    Parameters
    ----------
    pack
        What it has written itself, a folder `appeals`, teaches beside the closures, or alone where there are none.
    appeals
        Another city's pack, whose appeals teach a city that has none of its own and `FEW` closures or less.
    outside
        Whether what was written of matters that no unit deals with teaches too.

    Raises
    ------
    InputError
        The pack cannot be used, or there is nothing to learn from.
    """
    city = load_pack(pack) if pack else None
    written = read_appeals(pack, city) if pack and city else ()
    if not rows and not written and not (city and appeals):
        raise InputError("nothing to learn from; name --closures, or a --pack with a folder appeals", file=pack)
    cleaned = clean(rows)
    if rows and not cleaned.rows:
        raise NothingLeftError(f"no row can be learned from: {cleaned.summary.counts}")
    city = city or make_pack(cleaned.rows, name=name)
    cleaned = with_known_units(cleaned, city)
    taught: Sequence[Closure] = ()
    if written:
        taught = (*as_closures(written, city, seed=seed), *meanings(city))
    elif appeals and len(cleaned.rows) <= FEW:
        home = load_pack(appeals)
        taught = transferred(read_appeals(appeals, home), home, city, seed=seed)
    return Prepared(
        read=Closures(rows=tuple(rows)),
        cleaned=cleaned,
        pack=city,
        weights=weights or {},
        taught=tuple(taught),
        outside=read_outside(pack, city) if outside else (),
        several=read_marked(pack),
    )


class NothingLeftError(InputError):
    """Of the rows that were read none is fit to learn from."""


def make_bundle(prepared: Prepared, out: Path, *, encoder: str = "", seed: int, progress: Progress) -> None:
    """Fit and write a bundle; what stood at `out` stays until the new one is whole.

    Raises
    ------
    InputError
        `out` holds something that is not a bundle, or the rows are too few.
    """
    _refuse_to_overwrite(out)
    taught = (*prepared.taught, *prepared.outside)
    data = make_dataset(
        prepared.cleaned, prepared.pack, taught=taught, weights=prepared.weights, encoder=encoder, seed=seed
    )
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
        "sources": [list(source) for source in prepared.sources],
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

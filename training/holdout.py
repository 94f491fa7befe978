"""A pack's own appeals, a part held out: how well whoever starts without any closed order is served."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from models.assessor import LearnedAssessor
from training.corpus import Written, as_closures, held_out, meanings, read_appeals
from training.dataset import make_dataset
from training.fit import fit
from training.hygiene import Cleaned, Summary
from triage.citypack import CityPack, load_pack
from triage.domain import Appeal, Assessment, Closure, Reading
from triage.errors import InputError
from triage.text import Reader, Segmenter

_NOTHING = Cleaned(rows=(), groups=(), summary=Summary(read=0, kept=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdout:
    """What was reached on the appeals held out; `figures` by name, each a share of `rows` or of what its name says."""

    rows: int
    learned: int
    figures: dict[str, float]


def hold_out(folder: Path, *, seed: int, progress: Callable[[str], None] = lambda _: None) -> Holdout:
    """Fit on the appeals that teach, route those that test (see `training.corpus.held_out`).

    Raises
    ------
    InputError
        The folder is no pack, or has no appeals.
    """
    pack = load_pack(folder)
    written = read_appeals(folder, pack)
    if not written:
        raise InputError("the pack has no folder appeals, so nothing can be held out", file=folder)
    tests = held_out(written, seed=seed)
    teaching = [one for one, test in zip(written, tests, strict=True) if not test]
    testing = [one for one, test in zip(written, tests, strict=True) if test]
    taught = [*as_closures(teaching, pack, seed=seed), *meanings(pack)]
    data = make_dataset(_NOTHING, pack, taught=taught, seed=seed)
    with threadpool_limits(1):
        learned = fit(data, pack, seed=seed, progress=progress).learned
    rows = as_closures(testing, pack, seed=seed)
    readings = Reader(Segmenter(pack.words)).read_many([row.text for row in rows])
    assessments = LearnedAssessor(pack, learned).assess([Appeal(id=row.id, text=row.text) for row in rows], readings)
    return Holdout(
        rows=len(rows),
        learned=len(teaching),
        figures={
            **_share_within("topic", [[t.topic.path for t in a.topics] for a in assessments], [r.topic for r in rows]),
            **_share_within(
                "unit", [[s.unit.name for s in a.suggestions] for a in assessments], [r.unit for r in rows]
            ),
            **_streets(pack, testing, rows, readings, assessments),
        },
    )


def _share_within(what: str, found: Sequence[Sequence[object]], right: Sequence[object]) -> dict[str, float]:
    return {
        f"{what}_top{depth}": float(np.mean([one in listed[:depth] for listed, one in zip(found, right, strict=True)]))
        for depth in (1, 3)
    }


def _streets(
    pack: CityPack,
    written: Sequence[Written],
    rows: Sequence[Closure],
    readings: Sequence[Reading],
    assessments: Sequence[Assessment],
) -> dict[str, float]:
    """Share of right streets among texts that name, in full, a place of the street that the tables know.

    Several streets may have a place of that name: then the right answer is to ask, with the right one among those that
    are possible. `street_settled` are the right ones among those that were answered without asking.
    """
    names: dict[tuple[str, str], set[str]] = {}
    for place in pack.places:
        if place.street:
            names.setdefault((place.district, place.street), set()).update((place.name, *place.aliases))
    known = [
        (assessment.place, one)
        for one, row, reading, assessment in zip(written, rows, readings, assessments, strict=True)
        if one.street and any(name in reading.masked for name in names.get((row.district, row.street), ()))
    ]
    if not known:
        return {}
    right = [(place.district, place.street) == (one.district, one.street) for place, one in known]
    asked = [one.district + one.street in place.possible for place, one in known]
    answered = [is_right for is_right, (place, _) in zip(right, known, strict=True) if place.street]
    return {
        "street_rows": float(len(known)),
        "street_right": float(np.mean(right)),
        "street_right_or_asked": float(np.mean(np.array(right) | np.array(asked))),
        "street_settled": float(np.mean(answered)) if answered else 0.0,
    }

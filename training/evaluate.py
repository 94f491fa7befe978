"""A bundle tried on closures, beside what a team would use instead."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from models.bundle import load_triage, read_manifest
from training.closures import read_closures
from training.hygiene import Cleaned, clean
from training.judgements import Judgements
from training.measures import Outcome, figures, paired_gain, topic_figures
from training.peers import PEERS, try_peer
from triage.citypack import CityPack, Promise
from triage.domain import Action, Appeal, Closure, Routing, Unit
from triage.errors import InputError

_CHUNK = 512
_STRAY = 0.04
_NOWHERE = "(no district)"


class _Row(NamedTuple):
    district: str
    covered: bool
    sent: bool
    hit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How the promises were kept in a district: of the sets, and of what was dispatched by itself (None if nothing)."""

    district: str
    rows: int
    set_coverage: float
    sent: int
    precision: float | None
    strays: tuple[str, ...]

    @classmethod
    def of(cls, district: str, rows: Sequence[_Row], promise: Promise) -> Self:
        """Measure a district; `strays` names the promises that are off by more than four points."""
        sent = [row.hit for row in rows if row.sent]
        covered = sum(row.covered for row in rows) / len(rows)
        precision = sum(sent) / len(sent) if sent else None
        strays = ["set"] if abs(covered - promise.set) > _STRAY else []
        strays += ["dispatch"] if precision is not None and abs(precision - promise.precision) > _STRAY else []
        return cls(
            district=district,
            rows=len(rows),
            set_coverage=covered,
            sent=len(sent),
            precision=precision,
            strays=tuple(strays),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a report is made of: the orders one by one, the units of the pack, what is promised, the model card."""

    judged: Judgements
    units: tuple[Unit, ...]
    promise: float
    card: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a bundle reached on closures, over all and by district; `peers` and `gains` by the name of the peer."""

    bundle: str
    summary: dict[str, int]
    rows: int
    unknown_units: int
    figures: dict[str, float]
    districts: tuple[Kept, ...]
    peers: dict[str, dict[str, float]]
    gains: dict[str, dict[str, tuple[float, float, float]]]
    trial: Trial = field(repr=False, compare=False)

    @property
    def facts(self) -> dict[str, Any]:
        """The figures for a file, without the orders one by one."""
        told = {name: getattr(self, name) for name in ("bundle", "summary", "rows", "unknown_units", "figures")}
        return {
            **told,
            "districts": [asdict(kept) for kept in self.districts],
            "peers": self.peers,
            "gains": self.gains,
        }


def evaluate(
    bundle: Path,
    files: Sequence[Path],
    *,
    peers: bool,
    train: Sequence[Path] = (),
    columns: Mapping[str, str] | None = None,
) -> Evaluation:
    """Route cleaned closures and compare with the units that closed them.

    Parameters
    ----------
    peers
        Also fit the flat models on the closures that the bundle was fitted on: `train`, or where none are named, files
        with the digests in the manifest that lie beside `files`.
    """
    triage = load_triage(bundle)
    cleaned, channels = _cleaned(files, triage.pack, columns)
    routings = [
        routing
        for start in range(0, len(cleaned.rows), _CHUNK)
        for routing in triage.route_many([_appeal(row) for row in cleaned.rows[start : start + _CHUNK]])
    ]
    ours = _outcome(routings, cleaned.rows)
    known = {unit.name for unit in triage.pack.units}
    rivals: dict[str, Outcome] = {}
    if peers:
        learned = _cleaned(train or _sources(read_manifest(bundle), files), triage.pack, columns)[0].rows
        rivals = {name: try_peer(name, learned, cleaned.rows) for name in PEERS}
    return Evaluation(
        bundle=triage.versions.bundle,
        summary=cleaned.summary.counts,
        rows=len(cleaned.rows),
        unknown_units=sum(row.unit not in known for row in cleaned.rows),
        figures={
            **figures(ours),
            **_dispatched(routings, ours),
            **_sets(routings, cleaned.rows),
            **_topics(routings, cleaned.rows),
        },
        districts=_by_district(routings, cleaned.rows, triage.pack.terms.promise),
        peers={name: figures(rival) for name, rival in rivals.items()},
        gains={
            name: {f"top{depth}": paired_gain(ours, rival, depth=depth) for depth in (1, 3, 5)}
            for name, rival in rivals.items()
        },
        trial=Trial(
            judged=Judgements.of(routings, cleaned.rows, channels=channels),
            units=triage.pack.units,
            promise=triage.pack.terms.promise.precision,
            card=_card(bundle),
        ),
    )


def _cleaned(
    files: Sequence[Path], pack: CityPack, columns: Mapping[str, str] | None
) -> tuple[Cleaned, Mapping[str, str]]:
    """Clean closures and call their units by official names; a unit that the pack does not have stays, and counts.

    The channels of orders, by id, are beside.
    """
    names = pack.acting_names
    read = read_closures(files, columns=columns)
    cleaned = clean([replace(row, unit=names.get(row.unit, row.unit)) for row in read.rows])
    if not cleaned.rows:
        raise InputError(f"no row can be evaluated: {cleaned.summary.counts}", file=files[0])
    return cleaned, {one.closure.id: one.channel for one in read.ended}


def _card(bundle: Path) -> str:
    """Return the model card; a bundle serves without it too."""
    card = bundle / "README.md"
    return card.read_text("utf-8") if card.is_file() else ""


def _appeal(row: Closure) -> Appeal:
    return Appeal(id=row.id, text=row.text)


def _outcome(routings: Sequence[Routing], rows: Sequence[Closure]) -> Outcome:
    return Outcome(
        named=[[suggestion.unit.name for suggestion in routing.suggestions] for routing in routings],
        sure=np.array([routing.suggestions[0].probability for routing in routings]),
        right=[row.unit for row in rows],
    )


def _dispatched(routings: Sequence[Routing], outcome: Outcome) -> dict[str, float]:
    sent = np.array([routing.decision.action is Action.DISPATCH for routing in routings])
    precision = {"dispatched_precision": float(outcome.within(1)[sent].mean())} if sent.any() else {}
    return {"dispatched_share": float(sent.mean()), **precision}


def _sets(routings: Sequence[Routing], rows: Sequence[Closure]) -> dict[str, float]:
    sets = [routing.decision.set for routing in routings]
    covered = sum(row.unit in names for row, names in zip(rows, sets, strict=True))
    return {"set_coverage": covered / len(sets), "set_size": sum(map(len, sets)) / len(sets)}


def _by_district(routings: Sequence[Routing], rows: Sequence[Closure], promise: Promise) -> tuple[Kept, ...]:
    """Measure the promises in each district, by the order or else by the place that the text names."""
    found = defaultdict[str, list[_Row]](list)
    for routing, row in zip(routings, rows, strict=True):
        district = row.district or routing.place.district or _NOWHERE
        decision = routing.decision
        hit = bool(routing.suggestions) and routing.suggestions[0].unit.name == row.unit
        sent = decision.action is Action.DISPATCH
        found[district].append(_Row(district, covered=row.unit in decision.set, sent=sent, hit=hit))
    return tuple(Kept.of(district, found[district], promise) for district in sorted(found))


def _topics(routings: Sequence[Routing], rows: Sequence[Closure]) -> dict[str, float]:
    found = [[ranked.topic.path for ranked in routing.topics] for routing in routings]
    return topic_figures(found, [row.topic for row in rows])


def _sources(manifest: dict[str, Any], files: Sequence[Path]) -> list[Path]:
    """Find the files that a bundle was fitted on beside those it is evaluated on."""
    sources = []
    for name, digest in manifest["sources"]:
        near = [file.with_name(name) for file in files if file.with_name(name).is_file()]
        same = [path for path in near if hashlib.sha256(path.read_bytes()).hexdigest() == digest]
        if not same:
            raise InputError(
                "the file that the bundle was fitted on is needed for --peers; name it with --train", file=name
            )
        sources.append(same[0])
    return sources

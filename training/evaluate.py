"""A bundle tried on closures, beside what a team would use instead."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import load_triage, read_manifest
from training.closures import read_closures
from training.hygiene import Cleaned, clean
from training.measures import Outcome, figures, paired_gain, topic_figures
from training.peers import PEERS, try_peer
from triage.citypack import CityPack
from triage.domain import Action, Appeal, Closure, Routing
from triage.errors import InputError

_CHUNK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a bundle reached on closures; `peers` and `gains` by the name of the peer."""

    bundle: str
    summary: dict[str, int]
    rows: int
    unknown_units: int
    figures: dict[str, float]
    peers: dict[str, dict[str, float]]
    gains: dict[str, dict[str, tuple[float, float, float]]]


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
    cleaned = _cleaned(files, triage.pack, columns)
    routings = [
        routing
        for start in range(0, len(cleaned.rows), _CHUNK)
        for routing in triage.route_many([_appeal(row) for row in cleaned.rows[start : start + _CHUNK]])
    ]
    ours = _outcome(routings, cleaned.rows)
    known = {unit.name for unit in triage.pack.units}
    rivals: dict[str, Outcome] = {}
    if peers:
        learned = _cleaned(train or _sources(read_manifest(bundle), files), triage.pack, columns).rows
        rivals = {name: try_peer(name, learned, cleaned.rows) for name in PEERS}
    return Evaluation(
        bundle=triage.versions.bundle,
        summary=cleaned.summary.counts,
        rows=len(cleaned.rows),
        unknown_units=sum(row.unit not in known for row in cleaned.rows),
        figures={**figures(ours), **_dispatched(routings, ours), **_topics(routings, cleaned.rows)},
        peers={name: figures(rival) for name, rival in rivals.items()},
        gains={
            name: {f"top{depth}": paired_gain(ours, rival, depth=depth) for depth in (1, 3, 5)}
            for name, rival in rivals.items()
        },
    )


def _cleaned(files: Sequence[Path], pack: CityPack, columns: Mapping[str, str] | None) -> Cleaned:
    """Clean closures and call their units by official names; a unit that the pack does not have stays, and counts."""
    names = pack.acting_names
    rows = read_closures(files, columns=columns).rows
    cleaned = clean([replace(row, unit=names.get(row.unit, row.unit)) for row in rows])
    if not cleaned.rows:
        raise InputError(f"no row can be evaluated: {cleaned.summary.counts}", file=files[0])
    return cleaned


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

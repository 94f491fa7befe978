"""What a bundle makes of texts that were written to test it: emergencies, what is not accepted, several matters.

The folder holds `emergencies.csv` and `declined.csv` (`id,text,to,also,voice`; `to` is a number, a line, a reason, or
`none` for an ordinary appeal that only looks like one, `also` what is right too), and `matters.csv` and `single.csv`
(`id,text,topics,places,voice,author`; `‖` stands in a text where another matter begins, topics are leaves and places
`district/street`, one a matter, joined by `|`). Any of them may be missing.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.splits import MARK, marked
from triage.citypack import CityPack
from triage.directory import Directory, today
from triage.domain import ORDINARY, Action, Appeal, Place, Routing
from triage.errors import InputError
from triage.pipeline import Triage

_CHUNK = 256
_Rows = list[dict[str, str]]


def try_written(triage: Triage, folder: Path) -> dict[str, float]:
    """Route the written texts and tell what was right.

    Raises
    ------
    InputError
        None of the files is there, or one has other columns.
    """
    figures: dict[str, float] = {}
    for file, action in (("emergencies.csv", Action.TRANSFER), ("declined.csv", Action.DECLINE)):
        if rows := _read(folder / file, ("id", "text", "to", "also")):
            figures |= dict(_elsewhere(file.removesuffix(".csv"), action, rows, _route(triage, rows)))
    if rows := _read(folder / "matters.csv", ("id", "text", "topics", "places")):
        figures |= _several(triage.pack, rows, _route(triage, rows))
    if rows := _read(folder / "single.csv", ("id", "text")):
        routings = _route(triage, rows)
        figures["single: split"] = sum(bool(routing.matters) for routing in routings) / len(routings)
        figures["single: transferred or declined"] = sum(map(_goes_elsewhere, routings)) / len(routings)
    if not figures:
        raise InputError(
            "no emergencies.csv, declined.csv, matters.csv or single.csv here; name their folder", file=folder
        )
    return figures


def _read(file: Path, columns: Sequence[str]) -> _Rows:
    if not file.is_file():
        return []
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        if missing := set(columns) - set(rows.fieldnames or ()):
            raise InputError(f"column {', '.join(sorted(missing))} is missing", file=file, row=1)
        return list(rows)


def _route(triage: Triage, rows: _Rows) -> list[Routing]:
    appeals = [Appeal(id=row["id"], text=row["text"].replace(MARK, "")) for row in rows]
    chunks = (appeals[start : start + _CHUNK] for start in range(0, len(appeals), _CHUNK))
    return [routing for chunk in chunks for routing in triage.route_many(chunk)]


def _elsewhere(name: str, action: Action, rows: _Rows, routings: Sequence[Routing]) -> Iterator[tuple[str, float]]:
    meant = [(row, routing) for row, routing in zip(rows, routings, strict=True) if row["to"] != ORDINARY]
    ordinary = [routing for row, routing in zip(rows, routings, strict=True) if row["to"] == ORDINARY]
    found = [(row, routing) for row, routing in meant if routing.decision.action is action]
    yield f"{name}: recall", len(found) / max(1, len(meant))
    right = sum(_destination(routing) in (row["to"], *row["also"].split("|")) for row, routing in found)
    yield f"{name}: right destination", right / max(1, len(found))
    wrong = sum(routing.decision.action is action for routing in ordinary)
    yield f"{name}: false alarms among look-alikes", wrong / max(1, len(ordinary))


def _destination(routing: Routing) -> str:
    return routing.decision.to or routing.decision.reason


def _goes_elsewhere(routing: Routing) -> bool:
    return routing.decision.action in (Action.TRANSFER, Action.DECLINE)


def _several(pack: CityPack, rows: _Rows, routings: Sequence[Routing]) -> dict[str, float]:
    """Tell how often as many matters were found as there are, and the unit of each of them first."""
    directory = Directory(pack, on=today())
    code = {topic.name: topic.code for topic in pack.topics}
    counted = found = 0
    for row, routing in zip(rows, routings, strict=True):
        if len(routing.matters) != len(marked(row["text"]).marks) + 1:
            continue
        counted += 1
        places = [Place(district=of or None, street=street or None) for of, street in _places(row["places"])]
        topics = row["topics"].split("|")
        if len(topics) != len(places) or not set(topics) <= set(code):
            message = "topics must be leaves of the bundle's pack, and there must be a place for each"
            raise InputError(message, file="matters.csv", field=f"id {row['id']}")
        led = [directory.led(code[name], place) for name, place in zip(topics, places, strict=True)]
        first = [matter.suggestions[0].unit if matter.suggestions else None for matter in routing.matters]
        found += all(one and one.lead == unit for one, unit in zip(led, first, strict=True))
    return {"matters: number right": counted / len(rows), "matters: units of all right": found / len(rows)}


def _places(cell: str) -> Iterator[tuple[str, str]]:
    for place in cell.split("|"):
        district, _, street = place.partition("/")
        yield district, street

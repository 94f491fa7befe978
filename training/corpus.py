"""The project's own appeals: read, led by the directory, and split into those that teach and those that test."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from training.tables import checked_rows
from triage.citypack import CHINA, CityPack, PackPlace, PlaceKind
from triage.directory import Directory, today
from triage.domain import ORDINARY, Closure, Origin, Place, Topic, Unit, UnitKind
from triage.errors import Fault, InputError, PackError

FOLDER = "appeals"
COLUMNS = ("id", "text", "topic", "voice", "author", "district", "street", "unit")
VOICES = (
    *("question", "angry", "summary", "letter", "typo"),
    *("dialect", "multi", "noplace", "wrongplace", "polite"),
)
OUTSIDE = "outside"
OUTSIDE_COLUMNS = ("id", "text", "to", "voice", "author")
SEVERAL = "multi"  # the voice of those who have several matters
_TESTS = 5  # of the voices of a leaf, one in so many tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An appeal that was written for a leaf of the topic tree, in a voice, by an author.

    `district` and `street` are what its place settles, empty where it settles nothing. `unit` is named only where it
    is not the one that the directory makes responsible.
    """

    id: str
    text: str
    topic: Topic
    voice: str
    author: str
    district: str = ""
    street: str = ""
    unit: Unit | None = None
    source: str = ""


def read_appeals(folder: Path, pack: CityPack) -> tuple[Written, ...]:
    """Read the appeals of a pack's folder; none where it has no folder `appeals`.

    Raises
    ------
    PackError
        A file is not CSV with the columns `id,text,topic,voice,author,district,street,unit`, or a row names a topic,
        voice, place or unit that is not there, or a text comes twice: all faults at once, with file and line.
    """
    faults: list[Fault] = []
    reader = _Reader(pack, faults)
    written = [one for file in sorted((folder / FOLDER).glob("*.csv")) for one in reader.read(file)]
    if faults:
        raise PackError(faults)
    return tuple(written)


def read_outside(folder: Path | None, pack: CityPack) -> tuple[Closure, ...]:
    """Read the appeals that teach what no unit deals with, and what only looks like it.

    They are in the folder `outside` of the pack, or of China's where the pack has none.

    Raises
    ------
    PackError
        A file is not CSV with the columns `id,text,to,voice,author`, or a row names a destination or reason that no
        learned rule of the pack has: all faults at once, with file and line.
    """
    own = folder / OUTSIDE if folder else CHINA / OUTSIDE
    known = {rule.to for rule in pack.rules if rule.learned} | {ORDINARY}
    faults: list[Fault] = []
    rows: list[Closure] = []
    for file in sorted((own if own.is_dir() else CHINA / OUTSIDE).glob("*.csv")):
        for line, row in checked_rows(file, OUTSIDE_COLUMNS, faults):
            if row["to"] not in known or not row["text"].strip():
                message = f"to {row['to'] or '(empty)'} is of no learned rule in rules.csv, or the text is empty"
                faults.append(Fault(file=str(file), line=line, message=message))
            rows.append(Closure(id=row["id"], text=row["text"], unit="", outside=row["to"], origin=Origin.WRITTEN))
    if faults:
        raise PackError(faults)
    return tuple(rows)


class _Reader:
    def __init__(self, pack: CityPack, faults: list[Fault]) -> None:
        self._faults = faults
        self._topic = {topic.name: topic for topic in pack.topics}
        self._unit = {name: unit for unit in pack.units for name in (*unit.aliases, unit.name)}
        self._streets = {(place.district, place.name) for place in pack.places if place.kind is PlaceKind.STREET}
        self._streets |= {(district, "") for district in (*pack.districts, "")}
        self._first: dict[str, str] = {}

    def read(self, file: Path) -> Iterator[Written]:
        for line, row in checked_rows(file, COLUMNS, self._faults):
            yield from self._written(row, file, line)

    def _fault(self, file: Path, line: int, message: str) -> None:
        self._faults.append(Fault(file=str(file), line=line, message=message))

    def _written(self, row: dict[str, str], file: Path, line: int) -> Iterator[Written]:
        wrong = [
            ("topic", row["topic"] not in self._topic),
            ("voice", row["voice"] not in VOICES),
            ("street", (row["district"], row["street"]) not in self._streets),
            ("unit", bool(row["unit"]) and row["unit"] not in self._unit),
            ("text", not row["text"].strip()),
        ]
        for column in [column for column, holds in wrong if holds]:
            self._fault(file, line, f"{column} {row[column] or '(empty)'} is not in the pack; write one that is")
        for key in ("id", "text"):
            if (first := self._first.setdefault(f"{key} {row[key]}", f"{file}:{line}")) != f"{file}:{line}":
                self._fault(file, line, f"this {key} is already at {first}")
        if not any(holds for _, holds in wrong):
            yield Written(
                id=row["id"],
                text=row["text"],
                topic=self._topic[row["topic"]],
                voice=row["voice"],
                author=row["author"],
                district=row["district"],
                street=row["street"],
                unit=self._unit.get(row["unit"]),
                source=f"{file}:{line}",
            )


def held_out(written: Sequence[Written], *, seed: int) -> list[bool]:
    """Tell which appeals test: for each leaf whole voices of an author, about one in five of its appeals.

    What is tried is then never a sentence beside one that was learned from: nobody who wrote a leaf in that voice is on
    both sides.
    """
    voices: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
    for one in written:
        if (one.author, one.voice) not in voices[one.topic.path]:
            voices[one.topic.path].append((one.author, one.voice))
    tests = {
        (path, *voice)
        for path, listed in sorted(voices.items())
        for voice in random.Random(f"{seed} {path}").sample(sorted(listed), max(1, len(listed) // _TESTS))
    }
    return [(one.topic.path, one.author, one.voice) in tests for one in written]


def as_closures(written: Sequence[Written], pack: CityPack, *, seed: int, on: date | None = None) -> list[Closure]:
    """Give each appeal the unit that leads it by the directory, as if that unit had closed it.

    Where a street leads and the text names none, one is drawn and said before the text.

    Raises
    ------
    InputError
        The directory has no line for the topic of an appeal.
    """
    directory = Directory(pack, on=on or today())
    streets = [place for place in pack.places if place.kind is PlaceKind.STREET]
    return [_closure(one, directory, streets, random.Random(f"{seed} {one.id}")) for one in written]


def meanings(pack: CityPack, *, on: date | None = None) -> list[Closure]:
    """Return what the pack says of each topic as rows to learn from: its name and meaning, and its typical words.

    They have the unit that leads the topic where no place is known, and none where the place decides.
    """
    directory = Directory(pack, on=on or today())
    words = pack.topic_words
    rows: list[Closure] = []
    for topic in pack.topics:
        led = directory.led(topic.code, Place())
        for part, text in (
            ("meaning", f"{topic.name}，{topic.meaning}"),
            ("words", "，".join(words.get(topic.code, ()))),
        ):
            if text:
                unit = led.lead.name if led else ""
                rows.append(
                    Closure(id=f"{topic.code}-{part}", text=text, unit=unit, topic=topic.path, origin=Origin.MEANING)
                )
    return rows


def _closure(one: Written, directory: Directory, streets: Sequence[PackPlace], draw: random.Random) -> Closure:
    text, place = one.text, Place(district=one.district or None, street=one.street or None)
    mandate = directory.mandate(one.topic.code, place.district)
    if mandate is None:
        raise InputError(f"no line of directory.csv leads {one.topic.name}", file=one.source)
    if mandate.lead.level is UnitKind.STREET and not place.street and not one.unit:
        near = [street for street in streets if street.district == (place.district or street.district)]
        home = draw.choice(near)
        place = Place(district=home.district, street=home.name)
        text = f"{home.district}{home.name}，{text}"
    unit = one.unit or directory.unit(mandate.lead, place)
    return Closure(
        id=one.id,
        text=text,
        unit=unit.name if unit else "",
        topic=one.topic.path,
        district=place.district or "",
        street=place.street or "",
        voice=one.voice,
        origin=Origin.WRITTEN,
        source=one.source,
    )

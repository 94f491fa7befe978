"""What differs between two directories, and how one takes the place of another: reviewed, signed for, never unseen."""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from triage.citypack import CityPack, load_pack, write_pack
from triage.domain import Mandate, TopicCode, holds
from triage.errors import InputError, PackError, TamperedError

DIRECTORY, CHANGES = "directory.csv", "changes.jsonl"

Pair = tuple[Mandate | None, Mandate | None]


class ChangeKind(StrEnum):
    ADDED = "added"
    ENDED = "ended"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A line of the directory that is not what it was; `before` or `after` is None where there was or is none."""

    topic: TopicCode
    district: str
    before: Mandate | None
    after: Mandate | None

    @property
    def kind(self) -> ChangeKind:
        if self.before is None:
            return ChangeKind.ADDED
        return ChangeKind.ENDED if self.after is None else ChangeKind.CHANGED

    @property
    def fields(self) -> tuple[str, ...]:
        """What differs, by the names that `Mandate` has for it; nothing where a line was added or ended."""
        if self.before is None or self.after is None:
            return ()
        names = (field.name for field in fields(Mandate))
        return tuple(name for name in names if getattr(self.before, name) != getattr(self.after, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A directory was published. `before` and `after` are digests of the file, `previous` and `hash` of the events."""

    number: int
    at: datetime
    by: str
    note: str
    before: str
    after: str
    added: int
    ended: int
    changed: int
    previous: str
    hash: str


def holding(lines: Iterable[Mandate], on: date | None) -> list[Mandate]:
    """Return the lines that hold on a day; all of them where no day is given."""
    return [line for line in lines if on is None or holds(line, on)]


def diff(before: Iterable[Mandate], after: Iterable[Mandate], *, on: date | None = None) -> tuple[Change, ...]:
    """Tell what makes the second directory another than the first, by topic, district and day; order is nothing.

    Lines of one topic and district belong together if they begin on the same day, and else in the order in which they
    begin. With `on`, only lines that hold on that day are compared.
    """
    old, new = Counter(holding(before, on)), Counter(holding(after, on))
    gone, come = list((old - new).elements()), list((new - old).elements())
    keys = sorted({(line.topic, line.district) for line in (*gone, *come)})
    return tuple(
        Change(topic=topic, district=district, before=one, after=other)
        for topic, district in keys
        for one, other in _pairs(_of(gone, topic, district), _of(come, topic, district))
    )


def publish(draft: CityPack, folder: Path, *, by: str, note: str, at: datetime) -> Event:
    """Make the directory of a draft that of the pack in a folder, and write down who did so and why.

    Nothing but the directory is taken from the draft. The file is replaced as a whole or not at all.

    Raises
    ------
    PackError
        The pack in the folder has faults, or would have with that directory.
    InputError
        Nothing differs, `by` or `note` is no line of text, `at` has no time zone, or somebody else is publishing.
    TamperedError
        The directory or the list of changes was altered since something was last published.
    """
    folder = Path(folder)
    for field, text in {"by": by, "note": note}.items():
        if not text.strip() or not text.isprintable():
            raise InputError("write who publishes, and why, in one line each", field=field)
    if at.tzinfo is None:
        raise InputError("give the time with its time zone", field="at")
    with _replaced(folder / DIRECTORY) as stream:
        past, live = history(folder), load_pack(folder)
        changes = diff(live.mandates, draft.mandates)
        if not changes:
            raise InputError("the draft has the directory that is published; change a line of it first", file=folder)
        content = _directory_of(replace(live, mandates=draft.mandates))
        event = _event(past, changes, _digest(folder / DIRECTORY), content, at=at.isoformat(), by=by, note=note)
        stream.write(content)
        with (folder / CHANGES).open("a", encoding="utf-8") as log:
            log.write(json.dumps(event, ensure_ascii=False) + "\n")
    return _from(event)


def history(folder: Path) -> tuple[Event, ...]:
    """Return what was published into a folder, oldest first; nothing where nothing was.

    Raises
    ------
    InputError
        There is no such folder, or a line of `changes.jsonl` is no event.
    TamperedError
        An event or the directory is not what it was when it was written; the message tells which.
    """
    file, events = Path(folder) / CHANGES, list[Event]()
    if not Path(folder).is_dir():
        raise InputError("no such folder; name the folder of a pack", file=folder)
    if not file.exists():
        return ()
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        events.append(_verified(line, file, number, events[-1] if events else None))
    if events and events[-1].after != _digest(Path(folder) / DIRECTORY):
        message = f"is not the file that event {len(events)} published; put that one back, then publish your change"
        raise TamperedError(message, file=Path(folder) / DIRECTORY)
    return tuple(events)


def _of(lines: Iterable[Mandate], topic: TopicCode, district: str) -> list[Mandate]:
    chosen = [line for line in lines if (line.topic, line.district) == (topic, district)]
    return sorted(chosen, key=lambda line: line.valid_from or date.min)


def _pairs(before: Sequence[Mandate], after: Sequence[Mandate]) -> list[Pair]:
    old, new = ({line.valid_from for line in lines} for lines in (before, after))
    pairs: list[Pair] = []
    for starts in (*({start} for start in old & new), old ^ new):
        pairs += zip_longest(_beginning(before, starts), _beginning(after, starts))
    return sorted(pairs, key=_begins)


def _beginning(lines: Iterable[Mandate], starts: Collection[date | None]) -> list[Mandate]:
    return [line for line in lines if line.valid_from in starts]


def _begins(pair: Pair) -> date:
    line = pair[0] or pair[1]
    return line.valid_from or date.min if line else date.min


@contextmanager
def _replaced(file: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of another at the end, or is dropped after an error; one at a time."""
    fresh = file.with_name(f"{file.name}.new")
    try:
        stream = fresh.open("xb")
    except FileExistsError:
        raise InputError("somebody is publishing; wait, or, if nobody is, move this file away", file=fresh) from None
    except OSError as error:
        raise InputError(f"{error.strerror}; name the folder of a pack that can be written to", file=file) from None
    try:
        with stream:
            yield stream
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def _directory_of(pack: CityPack) -> bytes:
    """Return `directory.csv` of a pack that is sound with it."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            write_pack(pack, Path(folder))
        except PackError as error:
            raise PackError([replace(fault, file=Path(fault.file).name) for fault in error.faults]) from None
        return (Path(folder) / DIRECTORY).read_bytes()


def _event(
    past: Sequence[Event], changes: Sequence[Change], before: str, content: bytes, **about: str
) -> dict[str, Any]:
    counts = Counter(change.kind for change in changes)
    event: dict[str, Any] = {
        "number": len(past) + 1,
        **about,
        "before": before,
        "after": hashlib.sha256(content).hexdigest(),
        **{kind.value: counts[kind] for kind in ChangeKind},
        "previous": past[-1].hash if past else "",
    }
    return event | {"hash": _hash(event)}


def _digest(file: Path) -> str:
    """Return the SHA-256 of a file; "" where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""


def _hash(event: dict[str, Any]) -> str:
    content = {key: value for key, value in event.items() if key != "hash"}
    canonical = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _from(event: dict[str, Any]) -> Event:
    return Event(**{**event, "at": datetime.fromisoformat(event["at"])})


def _verified(line: bytes, file: Path, number: int, last: Event | None) -> Event:
    try:
        given = json.loads(line)
        event = _from(given)
    except (ValueError, TypeError, KeyError, RecursionError):
        message = f"event {number} cannot be read; put the file back as it was"
        raise InputError(message, file=file, row=number) from None
    expected = {"number": number, "previous": last.hash if last else "", "hash": _hash(given)}
    if last:
        expected["before"] = last.after
    if odd := [key for key, value in expected.items() if getattr(event, key) != value]:
        message = f"event {number} was altered ({', '.join(odd)}), or one before it is missing; put the file back"
        raise TamperedError(message, file=file, row=number)
    return event

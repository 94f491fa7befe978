"""What happened to an order, as events that are appended and never edited, each chained to the one before by its hash.

An event has *facts*: codes, numbers and times, which stay for ever and are never about a person; and *content*: what
people wrote, which can be erased. The chain holds the digest of the content together with a random salt, so that it
stays valid after both are gone, and nothing can be guessed from the digest.

>>> first = Draft(order="20261122-1", kind=EventKind.SIGNED, facts={"unit": "u1"}, content={"note": "已签收"})
>>> event = chained(first, at=datetime(2026, 11, 22, tzinfo=UTC), actor=SYSTEM, versions={}, after=GENESIS)
>>> is_whole(event, after=GENESIS), is_whole(replace(event, facts={"unit": "u2"}), after=GENESIS)
(True, False)
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

Facts = Mapping[str, Any]


class EventKind(StrEnum):
    """What can happen; the last five are about no order's course: reading, erasing, keys, and what the watch found."""

    RECEIVED = "received"
    ROUTED = "routed"
    DECIDED = "decided"
    DISPATCHED = "dispatched"
    REDISPATCHED = "redispatched"
    SIGNED = "signed"
    RETURNED = "returned"
    MERGED = "merged"
    REPEATED = "repeated"
    REMINDED = "reminded"
    OVERDUE = "overdue"
    CLOSED = "closed"
    CALLED_BACK = "called_back"
    READ = "read"
    ERASED = "erased"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    ALERTED = "alerted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something: the id of a key and its role, or the service itself.

    `owner` stays what it is when a key is replaced by another one: whose the orders are that it submits.
    """

    id: str
    role: str
    owner: str = ""


SYSTEM = Actor(id="paidan", role="system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event that has not happened yet: it has no number, time or place in the chain."""

    order: str
    kind: EventKind
    facts: Facts = field(default_factory=dict)
    content: Facts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, to which order, when and by whom; `versions` are those of bundle, pack and policy.

    `content` and `salt` are None where nothing was written, and where it was erased.
    """

    number: int
    order: str
    kind: EventKind
    at: datetime
    by: str
    role: str
    versions: Facts
    facts: Facts
    digest: str
    previous: str
    hash: str
    content: Facts | None = None
    salt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The end of a chain: the number and hash of its last event."""

    number: int
    hash: str


GENESIS = Link(number=0, hash="")


def chained(draft: Draft, *, at: datetime, actor: Actor, versions: Facts, after: Link) -> Event:
    """Make a draft the next event of a chain."""
    salt = secrets.token_hex(16) if draft.content is not None else None
    event = Event(
        number=after.number + 1,
        order=draft.order,
        kind=draft.kind,
        at=at.astimezone(UTC),
        by=actor.id,
        role=actor.role,
        versions=versions,
        facts=draft.facts,
        digest=_digest(salt, draft.content),
        previous=after.hash,
        hash="",
        content=draft.content,
        salt=salt,
    )
    return replace(event, hash=_hash(event))


def is_whole(event: Event, *, after: Link) -> bool:
    """Tell whether an event is as it was written, and follows what it was written after."""
    content_kept = event.content is None or event.digest == _digest(event.salt, event.content)
    in_its_place = (event.number, event.previous) == (after.number + 1, after.hash)
    return content_kept and in_its_place and event.hash == _hash(event)


def link(event: Event) -> Link:
    """Return the end of a chain whose last event this is."""
    return Link(number=event.number, hash=event.hash)


def canonical(value: object) -> bytes:
    """Write a value as JSON in the one way that digests are taken of."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")


def _digest(salt: str | None, content: Facts | None) -> str:
    if content is None:
        return ""
    return hashlib.sha256(f"{salt}:".encode("ascii") + canonical(content)).hexdigest()


def _hash(event: Event) -> str:
    chained_parts = [
        event.number,
        event.order,
        event.kind,
        event.at.astimezone(UTC).isoformat(),
        event.by,
        event.role,
        event.versions,
        event.facts,
        event.digest,
        event.previous,
    ]
    return hashlib.sha256(canonical(chained_parts)).hexdigest()

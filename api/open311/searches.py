"""What a client looks for: the fields of `GET requests`, checked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.open311.documents import STATUSES
from api.open311.fields import Fields
from api.open311.refusal import Complaint, RefusedError
from triage.ledger.order import Status

MOST_DAYS = 90
MOST_ORDERS = 1_000

_SPAN = timedelta(days=MOST_DAYS)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# A plus sign that a client did not escape comes as a space.
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{5,8}(?:\.[0-9]{1,9})?)(?:([Zz])|([+ -])([0-9]{2}:[0-9]{2}))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Orders by their numbers; or all that came in between two times, of some topics and statuses or of any."""

    ids: tuple[str, ...] = ()
    service_codes: tuple[str, ...] = ()
    statuses: tuple[Status, ...] = ()
    start: datetime | None = None
    end: datetime | None = None


def search_from(fields: Fields, *, now: datetime) -> Search:
    """Check the fields of a search; numbers of orders make all others count for nothing.

    Raises
    ------
    RefusedError
        With everything that is wrong: a time, a status, or a span or list that is too long.
    """
    ids = fields.many("service_request_id")
    if len(ids) > MOST_ORDERS:
        description = f"service_request_id has {len(ids):,} numbers; at most {MOST_ORDERS:,} are looked for"
        raise RefusedError([Complaint(code=400, description=description)])
    if ids:
        return Search(ids=ids)
    given = {name: fields.one(name).strip() for name in ("start_date", "end_date")}
    start, end = (_moment(text) for text in given.values())
    complaints = [
        *(_no_moment(name) for (name, text), at in zip(given.items(), (start, end), strict=True) if text and not at),
        *_wrong_span(start, end),
        *_wrong_status(fields.many("status")),
    ]
    if complaints:
        raise RefusedError(complaints)
    start, end = _window(start, end, now)
    words = fields.many("status")
    statuses = tuple(status for word, some in STATUSES.items() if word in words for status in some)
    return Search(service_codes=fields.many("service_code"), statuses=statuses, start=start, end=end)


def _moment(text: str) -> datetime | None:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    zone = "+00:00" if found[2] else f"{found[3].replace(' ', '+')}{found[4]}"
    try:
        return datetime.fromisoformat(found[1] + zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _window(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return a span of 90 days where one of its ends, or both, are left open."""
    if start is None:
        end = end or now
        return max(end, _FIRST + _SPAN) - _SPAN, end
    return start, end or min(start, _LAST - _SPAN) + _SPAN


def _no_moment(name: str) -> Complaint:
    return Complaint(code=400, description=f"{name} is no time with its zone, such as 2026-11-22T08:00:00+08:00")


def _wrong_span(start: datetime | None, end: datetime | None) -> Iterator[Complaint]:
    if start is None or end is None:
        return
    if end < start:
        yield Complaint(code=400, description="end_date is before start_date; exchange them")
    elif end - start > _SPAN:
        description = f"start_date and end_date are more than {MOST_DAYS} days apart; ask for one span after the other"
        yield Complaint(code=400, description=description)


def _wrong_status(words: tuple[str, ...]) -> Iterator[Complaint]:
    if set(words) - set(STATUSES):
        yield Complaint(code=400, description=f"status is one of {' and '.join(STATUSES)}, or both with a comma")

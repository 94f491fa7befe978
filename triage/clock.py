"""Until when an appeal is dispatched and answered, on the working days of the country.

Days off and make-up workdays are those that the `holidays` library has from the State Council's yearly notices; days
that were published since, or that a city has of its own, come with the terms.
"""

import re
from datetime import date, datetime, time, timedelta
from functools import cache

from triage.citypack import Span, Terms
from triage.directory import CHINA_TIME
from triage.domain import Deadline, Due, Urgency

_WEEKEND = 5
_CLOCK = re.compile(r"\d\d:\d\d(?![.\d])")
_LAST_YEAR = 9990  # a year from which on no deadline can be written is no year of an appeal


class Clock:
    """Counts hours, days and working days."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._days_off, self._workdays = frozenset(terms.days_off), frozenset(terms.workdays)

    def due(self, received_at: str | None, urgency: Urgency, deadline: Deadline) -> Due:
        """Return the spans of a class, and the times where `received_at` can be read (ISO 8601, China's time)."""
        dispatch, feedback = self._terms.dispatch[urgency], self._terms.feedback[deadline]
        start = moment(received_at)
        if start and start.year > _LAST_YEAR:
            start = None
        if start is None:
            return Due(dispatch_within=str(dispatch), feedback_within=str(feedback))
        dispatch_by, feedback_by = self.after(start, dispatch), self.after(start, feedback)
        return Due(
            dispatch_within=str(dispatch),
            feedback_within=str(feedback),
            dispatch_by=dispatch_by,
            dispatch_remind_at=start + (dispatch_by - start) * self._terms.remind_after,
            feedback_by=feedback_by,
            feedback_remind_at=start + (feedback_by - start) * self._terms.remind_after,
        )

    def after(self, start: datetime, span: Span) -> datetime:
        """Return the end of a span; one of working days lasts until the end of the last of them."""
        if span.unit == "h":
            return start + timedelta(hours=span.amount)
        if span.unit == "d":
            return start + timedelta(days=span.amount)
        day, left = start.date(), span.amount
        while left:
            day += timedelta(days=1)
            left -= self.is_workday(day)
        return datetime.combine(day, time(23, 59, 59), tzinfo=start.tzinfo)

    def is_workday(self, day: date) -> bool:
        """Tell whether offices work on a day; what the terms say comes before what the country has published."""
        if day in self._workdays or day in self._days_off:
            return day in self._workdays
        days_off, workdays = _published(self._terms.country, day.year)
        return day in workdays or (day.weekday() < _WEEKEND and day not in days_off)


def moment(written: str | None) -> datetime | None:
    """Read a time as intake systems write it, `2026-01-31T08:30` or `2026/1/31 8:30`; None for anything else."""
    if not written:
        return None
    day, _, clock = written.strip().replace("/", "-").replace("T", " ").partition(" ")
    padded = "-".join(part.zfill(2) for part in day.split("-"))
    hours = clock.strip().replace(" ", "")
    if hours[1:2] == ":":
        hours = "0" + hours
    if hours and not _CLOCK.match(hours):
        return None
    try:
        found = datetime.fromisoformat(f"{padded}T{hours}" if hours else padded)
        return found.astimezone(CHINA_TIME) if found.tzinfo else found.replace(tzinfo=CHINA_TIME)
    except (ValueError, OverflowError):
        return None


@cache
def _published(country: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days off and make-up workdays of a year."""
    import holidays  # noqa: PLC0415 - only where a deadline counts working days

    calendar = holidays.country_holidays(country, years=year)
    return frozenset(calendar), frozenset(calendar.weekend_workdays)

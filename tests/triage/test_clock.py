"""Hours and days run on; working days are those of the country, on the days that its offices work."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.citypack import Span, Terms
from triage.clock import Clock, moment
from triage.directory import CHINA_TIME
from triage.domain import Deadline, Due, Urgency

CLOCK = Clock(Terms())


def at(*parts):
    return datetime(*parts, tzinfo=CHINA_TIME)


def end_of(*parts):
    return at(*parts, 23, 59, 59)


def on(day):
    return date.fromisoformat(day)


@pytest.mark.parametrize(
    ("span", "end"),
    [
        (Span(1, "h"), at(2026, 3, 6, 18, 30)),
        (Span(24, "h"), at(2026, 3, 7, 17, 30)),
        (Span(48, "h"), at(2026, 3, 8, 17, 30)),
        (Span(1, "d"), at(2026, 3, 7, 17, 30)),
        (Span(30, "d"), at(2026, 4, 5, 17, 30)),
        (Span(1, "wd"), end_of(2026, 3, 9)),
        (Span(5, "wd"), end_of(2026, 3, 13)),
        (Span(7, "wd"), end_of(2026, 3, 17)),
        (Span(15, "wd"), end_of(2026, 3, 27)),
    ],
)
def test_from_a_friday_afternoon(span, end):
    assert CLOCK.after(at(2026, 3, 6, 17, 30), span) == end


@pytest.mark.parametrize("day", [6, 7, 8])
def test_what_comes_on_a_weekend_counts_from_monday_on(day):
    assert CLOCK.after(at(2026, 3, day, 9), Span(1, "wd")) == end_of(2026, 3, 9)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-03-06", True),
        ("2026-03-07", False),
        ("2026-03-08", False),
        ("2024-09-29", True),
        ("2024-09-30", True),
        *((f"2024-10-0{day}", False) for day in range(1, 8)),
        ("2024-10-08", True),
        ("2024-10-12", True),
        ("2024-10-13", False),
        ("2025-01-26", True),
        ("2025-01-27", True),
        ("2025-01-28", False),
        ("2025-02-04", False),
        ("2025-02-05", True),
        ("2025-02-08", True),
        ("2025-02-09", False),
        ("2026-02-14", True),
        ("2026-02-16", False),
        ("2026-02-17", False),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-02-28", True),
        ("2026-03-01", False),
        ("2027-01-01", False),
        ("2027-02-05", False),
        ("2027-02-08", False),
        ("2027-10-01", False),
        ("2027-10-08", True),
    ],
)
def test_offices_work_as_the_state_council_has_published(day, works):
    assert CLOCK.is_workday(on(day)) is works


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (at(2025, 1, 24, 9), end_of(2025, 2, 8)),
        (at(2026, 2, 13, 9), end_of(2026, 2, 26)),
        (at(2024, 9, 28, 9), end_of(2024, 10, 9)),
    ],
)
def test_working_days_are_counted_over_a_festival(start, end):
    """2025: 26, 27 January, 5 to 8 February; 2026: 14, 24 to 26 February; 2024: 29, 30 September, 8, 9 October."""
    days = {2025: 6, 2026: 4, 2024: 4}[start.year]
    assert CLOCK.after(start, Span(days, "wd")) == end


def test_what_the_terms_say_comes_first():
    clock = Clock(Terms(days_off=(on("2026-03-09"), on("2026-02-14")), workdays=(on("2026-03-08"), on("2026-02-17"))))
    assert [clock.is_workday(on(day)) for day in ("2026-03-08", "2026-03-09", "2026-03-10")] == [True, False, True]
    assert [clock.is_workday(on(day)) for day in ("2026-02-14", "2026-02-17", "2026-02-18")] == [False, True, False]
    assert clock.after(at(2026, 3, 6, 9), Span(2, "wd")) == end_of(2026, 3, 10)


def test_a_city_may_keep_the_days_of_another_country():
    clock = Clock(Terms(country="HK"))
    assert clock.is_workday(on("2026-10-05")) is True
    assert clock.is_workday(on("2026-12-25")) is False
    assert CLOCK.is_workday(on("2026-12-25")) is True


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-01-31T08:30:15+08:00", at(2026, 1, 31, 8, 30, 15)),
        ("2026-01-31T08:30:15", at(2026, 1, 31, 8, 30, 15)),
        ("2026-01-31T08:30", at(2026, 1, 31, 8, 30)),
        ("2026-01-31 08:30", at(2026, 1, 31, 8, 30)),
        ("2026/1/31 8:30", at(2026, 1, 31, 8, 30)),
        ("2026/1/1 8:30:05", at(2026, 1, 1, 8, 30, 5)),
        ("2026/01/31 08:30:00", at(2026, 1, 31, 8, 30)),
        ("  2026-1-31  8:30 ", at(2026, 1, 31, 8, 30)),
        ("2026-01-31", at(2026, 1, 31)),
        ("2026/1/31", at(2026, 1, 31)),
        ("2026-01-31T00:30:00Z", at(2026, 1, 31, 8, 30)),
        ("2026-01-30T23:30:00-01:00", at(2026, 1, 31, 8, 30)),
    ],
)
def test_a_time_is_read_as_intake_systems_write_it(written, found):
    assert moment(written) == found


def test_a_time_without_a_zone_is_that_of_china():
    assert moment("2026-01-31 08:30").utcoffset() == timedelta(hours=8)


GARBAGE = [
    "",
    " ",
    "now",
    "昨天",
    "8:30",
    "2026",
    "2026-13-01",
    "2026-02-30",
    "31.01.2026",
    "2026-01-31T25:00",
    "2026-01-31 08.30",
    "\ud800",
]


@pytest.mark.parametrize("written", [None, *GARBAGE], ids=ascii)
def test_what_is_no_time_is_none(written):
    assert moment(written) is None


def times(first, last):
    return st.datetimes(first.replace(tzinfo=None), last.replace(tzinfo=None), timezones=st.just(CHINA_TIME))


@given(times(at(1992, 1, 1), at(9999, 12, 31)), st.sampled_from(["T", " "]))
def test_what_is_written_by_iso_is_read_as_it_was(time, between):
    assert moment(time.isoformat(between)) == time


@given(st.text())
def test_no_text_stops_it(written):
    assert moment(written) is None or moment(written).tzinfo


@pytest.mark.parametrize(
    ("urgency", "within", "by"),
    [
        (Urgency.DANGER, "1h", at(2026, 3, 6, 18, 30)),
        (Urgency.SUPPLY, "2h", at(2026, 3, 6, 19, 30)),
        (Urgency.ORDINARY, "24h", at(2026, 3, 7, 17, 30)),
    ],
)
def test_how_urgent_it_is_tells_until_when_it_is_dispatched(urgency, within, by):
    due = CLOCK.due("2026-03-06 17:30", urgency, Deadline.DAYS_7)
    assert (due.dispatch_within, due.dispatch_by) == (within, by)
    assert (due.feedback_within, due.feedback_by) == ("7wd", end_of(2026, 3, 17))


@pytest.mark.parametrize(
    ("deadline", "within", "by"),
    [
        (Deadline.HOURS_2, "2h", at(2026, 3, 6, 19, 30)),
        (Deadline.HOURS_24, "24h", at(2026, 3, 7, 17, 30)),
        (Deadline.DAYS_7, "7wd", end_of(2026, 3, 17)),
        (Deadline.DAYS_15, "15wd", end_of(2026, 3, 27)),
    ],
)
def test_the_directory_tells_until_when_it_is_answered(deadline, within, by):
    due = CLOCK.due("2026-03-06 17:30", Urgency.ORDINARY, deadline)
    assert (due.feedback_within, due.feedback_by) == (within, by)


@pytest.mark.parametrize("received_at", [None, "", "yesterday"])
def test_without_a_time_the_spans_are_told_alone(received_at):
    expected = Due(dispatch_within="24h", feedback_within="15wd")
    assert CLOCK.due(received_at, Urgency.ORDINARY, Deadline.DAYS_15) == expected


@pytest.mark.parametrize("received_at", ["9999-12-31T23:00", "9999-12-20", "0001-01-01"])
def test_a_time_at_the_end_of_all_calendars_stops_nothing(received_at):
    due = CLOCK.due(received_at, Urgency.ORDINARY, Deadline.DAYS_15)
    assert (due.dispatch_within, due.feedback_within) == ("24h", "15wd")


def test_the_terms_of_the_city_hold():
    terms = Terms(
        dispatch={urgency: Span(30, "h") for urgency in Urgency},
        feedback={deadline: Span(3, "d") for deadline in Deadline},
        remind_after=0.5,
    )
    due = Clock(terms).due("2026-03-06 17:30", Urgency.DANGER, Deadline.HOURS_2)
    assert due == Due(
        dispatch_within="30h",
        feedback_within="3d",
        dispatch_by=at(2026, 3, 7, 23, 30),
        dispatch_remind_at=at(2026, 3, 7, 8, 30),
        feedback_by=at(2026, 3, 9, 17, 30),
        feedback_remind_at=at(2026, 3, 8, 5, 30),
    )


starts = times(at(2023, 1, 1), at(2028, 12, 1))
amounts = st.integers(1, 60)


@given(starts, amounts, amounts, st.sampled_from(["h", "d", "wd"]))
def test_more_time_never_ends_earlier(start, one, other, unit):
    less, more = (CLOCK.after(start, Span(amount, unit)) for amount in sorted((one, other)))
    assert start < less <= more
    assert (less == more) == (one == other)


@given(starts, amounts)
def test_working_days_end_with_a_workday_and_hold_as_many(start, amount):
    end = CLOCK.after(start, Span(amount, "wd"))
    between = [start.date() + timedelta(days=past) for past in range(1, (end.date() - start.date()).days + 1)]
    assert CLOCK.is_workday(end.date())
    assert sum(map(CLOCK.is_workday, between)) == amount
    assert (end.hour, end.minute, end.second, end.utcoffset()) == (23, 59, 59, timedelta(hours=8))


@given(starts, amounts)
def test_a_time_of_another_zone_counts_the_same_hours(start, hours):
    for zone in (UTC, timezone(timedelta(hours=-9))):
        assert CLOCK.after(start.astimezone(zone), Span(hours, "h")) == CLOCK.after(start, Span(hours, "h"))


@pytest.mark.parametrize(
    "received_at", ["2026-03-06T09:00:00+08:00", "2026-03-06T01:00:00Z", "2026-03-05T20:00:00-05:00"]
)
def test_working_days_are_those_of_china_in_whatever_zone_the_time_is_written(received_at):
    assert CLOCK.due(received_at, Urgency.ORDINARY, Deadline.DAYS_7).feedback_by == end_of(2026, 3, 17)

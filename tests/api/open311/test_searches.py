from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.open311.fields import Fields
from api.open311.refusal import RefusedError
from api.open311.searches import Search, search_from
from triage.ledger.order import OPEN, Status

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAYS_90 = timedelta(days=90)
DONE = (Status.CLOSED, Status.MERGED, Status.TRANSFERRED, Status.DECLINED)


def search(*pairs: tuple[str, str], **fields: str) -> Search:
    return search_from(Fields([*pairs, *fields.items()]), now=NOW)


def test_by_default_the_last_90_days_are_searched():
    assert search() == Search(start=NOW - DAYS_90, end=NOW)


def test_numbers_of_orders_make_everything_else_count_for_nothing():
    assert search(service_request_id="1,2", status="oops", start_date="oops") == Search(ids=("1", "2"))


def test_more_numbers_than_orders_are_shown_are_refused():
    with pytest.raises(RefusedError, match="1,001 numbers"):
        search(service_request_id=",".join(map(str, range(1_001))))


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-01T00:00:00Z",
        "2026-11-01T00:00Z",
        "2026-11-01T08:00:00+08:00",
        "2026-11-01T08:00:00 08:00",
        "2026-10-31T16:00:00.000-08:00",
    ],
)
def test_a_time_has_its_zone(written):
    assert search(start_date=written).start == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-01",
        "2026-11-01T00:00:00",
        "20261101T000000Z",
        "2026-11-31T00:00:00Z",
        "0001-01-01T00:00:00+08:00",
        "now",
    ],
)
def test_what_is_no_time_with_its_zone_is_refused(written):
    with pytest.raises(RefusedError, match="end_date is no time with its zone"):
        search(end_date=written)


def test_a_span_with_one_end_open_is_90_days_long():
    at = datetime(2026, 1, 31, tzinfo=UTC)
    assert search(start_date=at.isoformat()).end == at + DAYS_90
    assert search(end_date=at.isoformat()).start == at - DAYS_90


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("2026-01-01T00:00:00Z", "2026-04-01T00:00:01Z", "more than 90 days"),
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "before start_date"),
    ],
)
def test_a_span_that_cannot_be_searched_is_refused(start, end, told):
    with pytest.raises(RefusedError, match=told):
        search(start_date=start, end_date=end)


def test_90_days_may_be_searched():
    found = search(start_date="2026-01-01T00:00:00Z", end_date="2026-04-01T00:00:00Z")
    assert found.end - found.start == DAYS_90


@pytest.mark.parametrize(("written", "statuses"), [("open", OPEN), ("closed", DONE), ("closed,open", (*OPEN, *DONE))])
def test_every_status_of_an_order_is_open_or_closed(written, statuses):
    assert search(status=written).statuses == statuses
    assert set(OPEN) | set(DONE) == set(Status)


def test_topics_and_statuses_may_be_several():
    found = search(("service_code", "T0101,T0301"), ("status", "open"), ("status", "closed"))
    assert (found.service_codes, found.statuses) == (("T0101", "T0301"), (*OPEN, *DONE))


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(RefusedError) as caught:
        search(start_date="x", end_date="y", status="shut")
    assert [each.description.partition(" ")[0] for each in caught.value.complaints] == [
        "start_date",
        "end_date",
        "status",
    ]


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["start_date", "end_date"]))
def test_the_ends_of_time_are_no_error(at, name):
    found = search(**{name: at.isoformat()})
    assert found.end - found.start == DAYS_90

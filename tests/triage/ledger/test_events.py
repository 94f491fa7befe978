"""Events are chained by their hashes: what is altered shows, and a chain without erased content is whole."""

import doctest
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.ledger import events
from triage.ledger.events import GENESIS, Actor, Draft, EventKind, Link, canonical, chained, is_whole, link

AT = datetime(2026, 11, 22, 4, 5, 6, 789, tzinfo=UTC)
TEXT = st.text() | st.text(alphabet=st.characters(categories=("Cs", "Cc")))  # lone surrogates and NUL among them
NAMES = st.text()  # fields are named here, not by citizens
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=6)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=3)


def an_event(facts=None, content=None, *, after=GENESIS, at=AT):
    draft = Draft(order="20261122-1", kind=EventKind.SIGNED, facts=facts or {}, content=content)
    return chained(draft, at=at, actor=Actor(id="k1", role="agent"), versions={"bundle": "1"}, after=after)


def test_the_examples_in_the_module():
    assert doctest.testmod(events).failed == 0


@given(JSON)
def test_a_value_has_one_canonical_form_however_often_it_is_kept_and_read(value):
    assert canonical(json.loads(canonical(value))) == canonical(value)
    assert canonical(value).isascii()


@given(OBJECTS)
def test_the_order_in_which_fields_were_written_does_not_matter(value):
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(JSON, JSON)
def test_values_that_differ_have_different_forms(one, other):
    assert (canonical(one) == canonical(other)) == (
        json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    )


@given(OBJECTS, st.none() | OBJECTS)
def test_an_event_is_whole_after_it_was_kept_and_read(facts, content):
    event = an_event(facts, content)
    kept = replace(event, facts=json.loads(json.dumps(facts)), content=json.loads(json.dumps(content)))
    assert is_whole(kept, after=GENESIS)


@given(OBJECTS, OBJECTS)
def test_an_event_without_its_content_is_whole_and_with_another_one_is_not(content, other):
    event = an_event(content=content)
    assert is_whole(replace(event, content=None, salt=None), after=GENESIS)
    assert is_whole(replace(event, content=other), after=GENESIS) == (canonical(content) == canonical(other))


def test_content_that_appears_where_none_was_written_is_found():
    assert not is_whole(replace(an_event(), content={"note": "后来写的"}, salt="0" * 32), after=GENESIS)


def test_the_same_words_have_another_digest_each_time():
    one, other = an_event(content={"note": "同一句话"}), an_event(content={"note": "同一句话"})
    assert one.salt != other.salt
    assert one.digest != other.digest


@pytest.mark.parametrize(
    "altered",
    [
        {"number": 2},
        {"order": "20261122-2"},
        {"kind": EventKind.RETURNED},
        {"at": AT + timedelta(microseconds=1)},
        {"by": "k2"},
        {"role": "unit"},
        {"versions": {"bundle": "2"}},
        {"facts": {"unit": "u2"}},
        {"content": {"note": "别的"}},
        {"salt": "0" * 32},
        {"digest": "0" * 64},
        {"previous": "0" * 64},
        {"hash": "0" * 64},
    ],
    ids=lambda altered: next(iter(altered)),
)
def test_an_altered_field_shows(altered):
    event = an_event({"unit": "u1"}, {"note": "已签收"})
    assert is_whole(event, after=GENESIS)
    assert not is_whole(replace(event, **altered), after=GENESIS)


def test_fields_do_not_run_into_each_other():
    one = chained(
        Draft(order="ab", kind=EventKind.READ), at=AT, actor=Actor(id="c", role="d"), versions={}, after=GENESIS
    )
    other = chained(
        Draft(order="a", kind=EventKind.READ), at=AT, actor=Actor(id="bc", role="d"), versions={}, after=GENESIS
    )
    assert one.hash != other.hash


@given(st.integers(min_value=0, max_value=10**9), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_an_event_follows_one_other_alone(number, hash_):
    end = Link(number=number, hash=hash_)
    event = an_event(after=end)
    assert is_whole(event, after=end)
    assert not is_whole(event, after=Link(number=number + 1, hash=hash_))
    assert not is_whole(event, after=Link(number=number, hash=hash_[::-1] + "0"))
    assert link(event) == Link(number=number + 1, hash=event.hash)


def test_the_zone_of_the_clock_does_not_matter():
    here = an_event(at=AT)
    there = an_event(at=AT.astimezone(timezone(timedelta(hours=8))))
    assert here.hash == there.hash

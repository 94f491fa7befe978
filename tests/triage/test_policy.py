"""What is sure is sent, what is likely is suggested, and the rest is put before a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain import Action, Place, Reading, Suggestion, Unit, UnitCode, UnitKind
from triage.policy import Policy

POLICY = Policy(dispatch_at=0.9, suggest_at=0.3)
NOWHERE = Place()
TEXT = Reading(masked="枫桥街道停水", tokens=("枫桥街道", "停水"))


def suggestions(*probabilities):
    return [
        Suggestion(
            unit=Unit(code=UnitCode(f"u{at}"), name=f"第{at}局", kind=UnitKind.MUNICIPAL, duty="水务"), probability=odds
        )
        for at, odds in enumerate(probabilities)
    ]


@pytest.mark.parametrize(
    ("best", "action", "reason", "units"),
    [
        (0.97, Action.DISPATCH, "sure", ("u0",)),
        (0.9, Action.DISPATCH, "sure", ("u0",)),
        (0.899, Action.SUGGEST, "likely", ("u0",)),
        (0.3, Action.SUGGEST, "likely", ("u0",)),
        (0.299, Action.REVIEW, "unsure", ()),
    ],
)
def test_the_probability_of_the_first_decides(best, action, reason, units):
    decision = POLICY.decide(TEXT, NOWHERE, suggestions(best, 0.02))
    assert (decision.action, decision.reason, decision.units) == (action, reason, units)
    assert "第0局" in decision.why


def test_nothing_is_dispatched_where_no_promise_could_be_made():
    assert Policy().decide(TEXT, NOWHERE, suggestions(1.0)).action is Action.SUGGEST


@pytest.mark.parametrize("masked", ["", "水", "！？…", "。", "🙂🙂🙂", "_ _", "水。"])
def test_a_text_that_says_nothing_goes_to_a_person(masked):
    decision = POLICY.decide(Reading(masked=masked, tokens=(masked,)), NOWHERE, suggestions(0.99))
    assert (decision.action, decision.reason, decision.units, decision.set) == (Action.REVIEW, "too_vague", (), ())


def test_without_suggestions_a_person_decides():
    assert POLICY.decide(TEXT, NOWHERE, []).action is Action.REVIEW


@pytest.mark.parametrize(
    ("probabilities", "size"), [((0.96, 0.01), 1), ((0.6, 0.3, 0.06, 0.01), 3), ((0.2, 0.1, 0.1), 3)]
)
def test_the_set_is_the_fewest_suggestions_that_hold_its_mass(probabilities, size):
    given = suggestions(*probabilities)
    assert POLICY.decide(TEXT, NOWHERE, given).set == tuple(suggestion.unit.name for suggestion in given[:size])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8).map(lambda odds: sorted(odds, reverse=True)))
def test_the_set_begins_with_the_best_and_names_only_what_was_suggested(odds):
    given = suggestions(*odds)
    decision = POLICY.decide(TEXT, NOWHERE, given)
    names = [suggestion.unit.name for suggestion in given]
    assert 1 <= len(decision.set) <= len(names)
    assert list(decision.set) == names[: len(decision.set)]
    assert sum(odds[: len(decision.set)]) >= POLICY.set_mass or len(decision.set) == len(names)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_probability_never_means_less_trust(one, other):
    trust = [Action.REVIEW, Action.SUGGEST, Action.DISPATCH]
    low, high = (trust.index(POLICY.decide(TEXT, NOWHERE, suggestions(odds)).action) for odds in sorted((one, other)))
    assert low <= high


@pytest.mark.parametrize(("district", "action"), [("东湖区", Action.DISPATCH), ("西山区", Action.SUGGEST)])
def test_an_order_is_not_sent_by_itself_into_another_district(district, action):
    unit = Unit(code=UnitCode("u"), name="东湖区水务局", kind=UnitKind.DISTRICT, district="东湖区", duty="水务")
    decision = POLICY.decide(TEXT, Place(district=district), [Suggestion(unit=unit, probability=0.97)])
    assert decision.action is action
    assert (decision.reason == "other_district") == (action is Action.SUGGEST)

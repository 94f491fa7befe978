"""Orders take any course that the table of states allows and no other, and what is kept of them follows from events."""

from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.triage.ledger.desk import (
    AGENT,
    AUDITOR,
    NOON,
    POWER,
    STREET,
    SURE,
    TRAFFIC,
    UNSURE,
    event_count,
    receive,
    routed,
    send_back,
)
from triage.domain import Action, ReturnReason
from triage.errors import ConflictError, MissingError, StaleError
from triage.ledger.events import EventKind
from triage.ledger.order import Said, Status
from triage.ledger.verify import verify

AFTER = {
    Action.DISPATCH: "dispatched",
    Action.SUGGEST: "received",
    Action.REVIEW: "received",
    Action.TRANSFER: "transferred",
    Action.DECLINE: "declined",
}
OPEN = {"received", "dispatched", "signed", "returned"}


@dataclass
class Model:
    """An order as the tests think of it."""

    status: str
    unit: str = ""
    final_unit: str = ""
    returned_by: list[str] = field(default_factory=list)
    repeats: int = 0
    solved: bool | None = None
    erased: bool = False
    into: "Model | None" = None

    @classmethod
    def received(cls, action):
        sent = action is Action.DISPATCH
        return cls(status=AFTER[action], unit=STREET if sent else "")

    def takes(self, verb):
        return {
            "dispatch": self.status in {"received", "returned", "transferred", "declined"}
            or (self.status == "closed" and self.solved is False),
            "sign": self.status == "dispatched",
            "return": self.status in {"dispatched", "signed"},
            "close": self.status in OPEN | {"transferred", "declined"},
            "call back": self.status == "closed",
            "merge": self.status in OPEN,
            "erase": True,
        }[verb]

    def dispatch(self, unit):
        self.status, self.unit, self.final_unit = "dispatched", unit, ""

    def sign(self):
        self.status = "signed"

    def return_(self):
        if self.unit not in self.returned_by:
            self.returned_by.append(self.unit)
        self.unit = ""
        self.status = "returned"

    def close(self, unit):
        self.status, self.final_unit, self.solved = "closed", unit or self.unit, None

    def close_with(self, other):
        self.final_unit, self.solved = other.final_unit, None

    def goes_on_under(self, other):
        return self.into is not None and (self.into is other or self.into.goes_on_under(other))


@dataclass(frozen=True)
class Step:
    """Something that somebody tries."""

    verb: str
    order: int
    other: int
    unit: str
    action: Action
    solved: bool | None
    stale: bool


STEPS = st.builds(
    Step,
    verb=st.sampled_from(["dispatch", "sign", "return", "close", "call back", "merge", "erase"]),
    order=st.integers(0, 2),
    other=st.integers(0, 2),
    unit=st.sampled_from([STREET, POWER, TRAFFIC]),
    action=st.sampled_from(Action),
    solved=st.sampled_from([None, True, False]),
    stale=st.sampled_from([False] * 9 + [True]),
)
WITHOUT_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]  # which would take minutes here
ACTIONS = st.lists(st.sampled_from(Action), min_size=3, max_size=3)


class Walk:
    """Three orders, in the ledger and as models, that take the same steps."""

    def __init__(self, ledger, actions):
        self.ledger = ledger
        self.ids = [receive(ledger, routing=routed(SURE, action=action)) for action in actions]
        self.models = [Model.received(action) for action in actions]

    def take(self, step):
        expected = self.refusal(step)
        before = event_count(self.ledger)
        with ExitStack() as stack:
            if expected:
                stack.enter_context(pytest.raises(expected))
            self.act(step)
        if expected:
            assert event_count(self.ledger) == before
        else:
            assert event_count(self.ledger) > before
            self.follow(step)

    def refusal(self, step):
        """What the ledger should raise; None if it takes the step."""
        model, other = self.models[step.order], self.models[step.other]
        if step.verb == "merge" and step.order == step.other:
            return ConflictError
        if step.stale and step.verb != "erase":
            return StaleError
        fits = model.takes(step.verb) and (step.verb != "merge" or other.status in OPEN)
        return None if fits else ConflictError

    def act(self, step):
        ledger, id_ = self.ledger, self.ids[step.order]
        version = ledger.order(id_).version - step.stale
        if step.verb == "dispatch":
            ledger.dispatch(id_, unit=step.unit, note="请核实", actor=AGENT, version=version)
        elif step.verb == "sign":
            ledger.sign(id_, actor=AGENT, version=version)
        elif step.verb == "return":
            send_back(ledger, id_, routing=routed(SURE, action=step.action), note="不在辖区", version=version)
        elif step.verb == "close":
            ledger.close(id_, unit="" if step.solved else step.unit, solution="已处理", actor=AGENT, version=version)
        elif step.verb == "call back":
            ledger.call_back(id_, Said(contacted=True, solved=step.solved), actor=AGENT, version=version)
        elif step.verb == "merge":
            ledger.merge(id_, into=self.ids[step.other], actor=AGENT, version=version)
        else:
            ledger.erase(id_, reason="本人要求", actor=AUDITOR)

    def follow(self, step):
        model = self.models[step.order]
        if step.verb == "dispatch":
            model.dispatch(step.unit)
        elif step.verb == "sign":
            model.sign()
        elif step.verb == "return":
            model.return_()
        elif step.verb == "close":
            model.close("" if step.solved else step.unit)
            for other in self.models:
                if other.goes_on_under(model):
                    other.close_with(model)
        elif step.verb == "call back":
            model.solved = step.solved
        elif step.verb == "merge":
            model.status, model.into = "merged", self.models[step.other]
            self.models[step.other].repeats += 1
        else:
            model.erased = True

    def check(self):
        for id_, model in zip(self.ids, self.models, strict=True):
            order = self.ledger.order(id_)
            assert order == self.ledger.entry(id_).order
            assert (
                Model(
                    status=order.status,
                    unit=order.unit,
                    final_unit=order.final_unit,
                    returned_by=list(order.returned_by),
                    repeats=order.repeats,
                    solved=order.solved,
                    erased=order.erased,
                    into=self.models[self.ids.index(order.merged_into)] if order.merged_into else None,
                )
                == model
            )


@settings(max_examples=12, phases=WITHOUT_SHRINKING, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS, steps=st.lists(STEPS, min_size=5, max_size=15))
def test_whatever_is_tried_orders_go_as_the_model_goes(ledger, actions, steps):
    walk = Walk(ledger, actions)
    for step in steps:
        walk.take(step)
    walk.check()
    verify(ledger.engine)


VERBS = {
    "dispatch": lambda ledger, order: ledger.dispatch(order, unit=POWER, actor=AGENT),
    "sign": lambda ledger, order: ledger.sign(order, actor=AGENT),
    "return": lambda ledger, order: ledger.return_(
        order, reason=ReturnReason.DUTY, routing=routed(), actor=AGENT, version=1
    ),
    "merge": lambda ledger, order: ledger.merge(order, into="20261122-999", actor=AGENT),
    "close": lambda ledger, order: ledger.close(order, actor=AGENT),
    "call back": lambda ledger, order: ledger.call_back(order, Said(), actor=AGENT),
    "ring": lambda ledger, order: ledger.ring(order),
    "erase": lambda ledger, order: ledger.erase(order, reason="本人要求", actor=AUDITOR),
    "read original": lambda ledger, order: ledger.original(order, reason="核实", actor=AUDITOR),
    "entry": lambda ledger, order: ledger.entry(order),
    "order": lambda ledger, order: ledger.order(order),
}


@pytest.mark.parametrize("verb", VERBS)
def test_an_order_that_was_never_received_is_missing(ledger, verb):
    with pytest.raises(MissingError):
        VERBS[verb](ledger, "20261122-1")
    assert event_count(ledger) == 0


def test_an_order_without_events_has_no_history(ledger):
    assert ledger.history("20261122-1") == []


def test_a_sure_appeal_is_dispatched_by_the_model(ledger):
    order = ledger.order(receive(ledger, SURE))
    assert (order.status, order.unit, order.first_unit, order.sent_by_model) == ("dispatched", STREET, STREET, True)


def test_what_a_person_dispatched_stays_theirs_after_a_return(ledger):
    order = receive(ledger, UNSURE)
    ledger.dispatch(order, unit=POWER, actor=AGENT)
    send_back(ledger, order)
    ledger.dispatch(order, unit=STREET, actor=AGENT)
    kept = ledger.order(order)
    assert (kept.sent_by_model, kept.first_unit, kept.unit, kept.returned_by) == (False, POWER, STREET, (POWER,))
    assert [e.kind for e in ledger.history(order)][-3:] == ["routed", "decided", "redispatched"]


def test_who_answered_without_a_unit_sends_it_to_one_if_it_was_not_solved(ledger):
    order = receive(ledger, UNSURE)
    ledger.close(order, solution="已答复", actor=AGENT)
    ledger.call_back(order, Said(contacted=True, solved=False), actor=AGENT)
    ledger.dispatch(order, unit=POWER, actor=AGENT)
    assert ledger.order(order).status == "dispatched"


def test_a_refused_merge_leaves_both_as_they_were(ledger):
    one, other = receive(ledger), receive(ledger)
    ledger.close(other, actor=AGENT)
    before = ledger.order(one), ledger.order(other)
    with pytest.raises(ConflictError):
        ledger.merge(one, into=other, actor=AGENT)
    assert (ledger.order(one), ledger.order(other)) == before


def test_merged_orders_are_closed_with_the_one_under_which_they_go_on(ledger):
    first, second, third, aside = (receive(ledger) for _ in range(4))
    ledger.merge(first, into=second, actor=AGENT)
    ledger.merge(second, into=third, actor=AGENT)
    ledger.close(third, unit=POWER, solution="已修复", actor=AGENT)
    for order in (first, second):
        told = ledger.history(order)[-1]
        assert (told.kind, told.facts) == (EventKind.CLOSED, {"unit": POWER, "with": third})
        assert told.content == {"solution": "已修复"}
        state = ledger.order(order)
        assert (state.status, state.final_unit, state.closed_at) == (Status.MERGED, POWER, NOON)
    assert ledger.order(aside).closed_at is None
    verify(ledger.engine)


def test_a_merged_order_is_not_closed_by_itself(ledger):
    order, other = receive(ledger), receive(ledger)
    ledger.merge(order, into=other, actor=AGENT)
    with pytest.raises(ConflictError, match=f"was merged into {other} and is closed with it"):
        ledger.close(order, unit=POWER, actor=AGENT)


def test_a_history_is_read_a_page_at_a_time(ledger):
    order = receive(ledger, SURE)
    ledger.sign(order, actor=AGENT)
    whole = ledger.history(order)
    assert [event.kind.value for event in whole] == ["received", "routed", "decided", "dispatched", "signed"]
    first = ledger.history(order, limit=2)
    assert first + ledger.history(order, after=first[-1].number) == whole


def test_a_refusal_tells_how_it_stands_and_who_came_first(ledger):
    order = receive(ledger, UNSURE)
    ledger.dispatch(order, unit=POWER, actor=AGENT)
    with pytest.raises(ConflictError, match=rf"dispatched with {POWER}.*by agent k-agent at 2026-11-22 04:00:00 UTC"):
        ledger.dispatch(order, unit=STREET, actor=AGENT)


def test_an_order_is_as_it_was_at_each_version(ledger):
    order = receive(ledger, UNSURE)
    ledger.dispatch(order, unit=POWER, actor=AGENT)
    sent = ledger.order(order)
    ledger.sign(order, actor=AGENT)
    ledger.close(order, actor=AGENT)
    assert ledger.entry(order, version=sent.version).order == sent
    assert ledger.entry(order, version=sent.version).text == UNSURE


def test_an_entry_holds_the_last_routing(ledger):
    order = receive(ledger, SURE)
    assert ledger.entry(order).routing["decision"]["action"] == "dispatch"
    assert ledger.entry(order).routing["id"] == order
    send_back(ledger, order, routing=routed(UNSURE))
    assert ledger.entry(order).routing["decision"]["action"] == "review"


def test_a_close_and_what_the_citizen_said_are_written_together(ledger):
    order = receive(ledger, SURE)
    ledger.close(order, unit=POWER, said=Said(contacted=True, solved=True, satisfaction="满意"), actor=AGENT)
    kept = ledger.order(order)
    assert (kept.status, kept.final_unit, kept.satisfaction, kept.solved) == ("closed", POWER, "满意", True)
    assert [e.kind for e in ledger.history(order)][-2:] == ["closed", "called_back"]


def test_every_event_states_who_made_it_and_with_what(ledger):
    order = receive(ledger, SURE)
    history = ledger.history(order)
    assert [(e.kind, e.by, e.role) for e in history] == [
        ("received", "k-agent", "agent"),
        ("routed", "paidan", "system"),
        ("decided", "paidan", "system"),
        ("dispatched", "paidan", "system"),
    ]
    assert {e.versions["bundle"] for e in history} == {"small-1"}

"""Two directories are compared by what they do with the same appeals, and no appeal is quoted."""

from dataclasses import asdict, dataclass, field

import pytest

from triage.domain import (
    Action,
    Appeal,
    Decision,
    Place,
    RankedTopic,
    Reading,
    Routing,
    Suggestion,
    Topic,
    TopicCode,
    Unit,
    UnitCode,
    UnitKind,
    Versions,
)
from triage.replay import Case, Move, replay

SAID = "这句话不能出现"


@dataclass
class Scripted:
    """Routes each appeal as the script says: its first suggestion, the action, and the units of the decision."""

    script: dict[str, tuple[str, Action, str]]
    chunks: list[int] = field(default_factory=list)

    def route_many(self, appeals):
        self.chunks.append(len(appeals))
        return [routing(appeal, *self.script.get(appeal.id, ("水务", Action.SUGGEST, "水务"))) for appeal in appeals]


def routing(appeal, first, action, units):
    topic = Topic(code=TopicCode("t1"), path=("公用事业", "停水"))
    suggested = (Suggestion(unit=unit(first), probability=0.9), Suggestion(unit=unit("民政"), probability=0.1))
    return Routing(
        appeal=appeal,
        reading=Reading(masked=appeal.text, tokens=(appeal.text,)),
        topics=() if appeal.id.startswith("?") else (RankedTopic(topic=topic, probability=0.9),),
        place=Place(),
        candidates=(),
        suggestions=suggested if first else (),
        decision=Decision(action=action, reason="likely", why=SAID, units=tuple(map(UnitCode, units.split()))),
        versions=Versions(bundle="b", pack="p", policy="1"),
    )


def unit(name):
    return Unit(code=UnitCode(name), name=f"{name}局", kind=UnitKind.MUNICIPAL)


def appeals(*ids):
    return [Appeal(id=id_, text=SAID) for id_ in ids]


def replayed(*ids, size=256, **after):
    return replay(Scripted({}), Scripted(after), appeals(*ids), size=size)


def test_what_is_routed_the_same_is_counted_and_not_kept():
    found = replayed("a", "b", "c")
    assert (found.appeals, found.kept, found.units, found.actions) == (3, 3, 0, 0)
    assert (found.moves, found.cases) == ((), ())


def test_no_appeals_are_no_difference():
    assert replayed().appeals == 0


def test_another_first_suggestion_is_a_move():
    found = replayed("a", "b", b=("城管", Action.SUGGEST, "城管"))
    assert (found.appeals, found.kept, found.units, found.actions) == (2, 1, 1, 0)
    assert found.moves == (Move(topic="停水", source="水务局", target="城管局", count=1),)
    assert found.cases == (
        Case(
            id="b",
            topic="停水",
            source="水务局",
            target="城管局",
            action_before=Action.SUGGEST,
            action_after=Action.SUGGEST,
            units_before=(UnitCode("水务"),),
            units_after=(UnitCode("城管"),),
        ),
    )


@pytest.mark.parametrize(
    ("after", "kept", "units", "actions"),
    [
        (("水务", Action.DISPATCH, "水务"), 1, 0, 1),
        (("水务", Action.SUGGEST, "水务 民政"), 1, 1, 0),
        (("水务", Action.REVIEW, ""), 1, 1, 1),
        (("城管", Action.SUGGEST, "水务"), 0, 0, 0),
        (("", Action.DECLINE, ""), 0, 1, 1),
    ],
)
def test_each_difference_is_counted_by_itself_and_makes_a_case(after, kept, units, actions):
    found = replayed("a", a=after)
    assert (found.kept, found.units, found.actions) == (kept, units, actions)
    assert [case.id for case in found.cases] == ["a"]
    assert len(found.moves) == 1 - kept


def test_moves_are_sorted_by_how_many_they_are():
    to = {"a": "甲", "b": "乙", "c": "乙", "?d": "甲"}
    found = replayed(*to, **{id_: (name, Action.SUGGEST, name) for id_, name in to.items()})
    assert [(move.topic, move.target, move.count) for move in found.moves] == [
        ("停水", "乙局", 2),
        ("", "甲局", 1),
        ("停水", "甲局", 1),
    ]
    assert sum(move.count for move in found.moves) == found.appeals - found.kept


def test_appeals_are_routed_in_chunks_and_stay_in_order():
    before, after = Scripted({}), Scripted({str(at): ("城管", Action.SUGGEST, "城管") for at in range(7)})
    found = replay(before, after, iter(appeals(*map(str, range(7)))), size=3)
    assert before.chunks == after.chunks == [3, 3, 1]
    assert (found.appeals, [case.id for case in found.cases]) == (7, [str(at) for at in range(7)])


def test_no_case_says_what_the_citizen_said():
    found = replayed("a", a=("城管", Action.DISPATCH, "城管"))
    assert SAID not in str(asdict(found))


def test_a_router_that_loses_an_appeal_is_not_believed():
    class Losing(Scripted):
        def route_many(self, appeals):
            return super().route_many(appeals)[1:]

    with pytest.raises(ValueError, match="shorter"):
        replay(Scripted({}), Losing({}), appeals("a", "b"))

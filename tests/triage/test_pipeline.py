"""The steps meet here: what was read is assessed, what was assessed is decided, and all of it is kept."""

from dataclasses import dataclass, field

import pytest

from triage.citypack import CityPack
from triage.domain import (
    Action,
    Appeal,
    Assessment,
    Candidate,
    Place,
    Suggestion,
    Unit,
    UnitCode,
    UnitKind,
    Versions,
)
from triage.pipeline import Triage
from triage.policy import Policy
from triage.text import Reader, Segmenter

WATER = Unit(code=UnitCode("water"), name="水务局", kind=UnitKind.MUNICIPAL, duty="水务")
VERSIONS = Versions(bundle="b", pack="p", policy="7")


@dataclass
class ByLength:
    """An assessor that is the surer the more is said, and keeps what it was given."""

    seen: list[str] = field(default_factory=list)

    def assess(self, appeals, readings):
        self.seen += [reading.masked for reading in readings]
        return [self._assessment(appeal, reading) for appeal, reading in zip(appeals, readings, strict=True)]

    def _assessment(self, appeal, reading):
        odds = min(1.0, len(reading.masked) / 20)
        return Assessment(
            topics=(),
            place=Place(district=appeal.district),
            candidates=(Candidate(unit=WATER, bases=("duty",), probability=odds),),
            suggestions=(Suggestion(unit=WATER, probability=odds),),
        )


@pytest.fixture
def assessor():
    return ByLength()


@pytest.fixture
def triage(assessor):
    return Triage(
        reader=Reader(Segmenter()),
        assessor=assessor,
        policy=Policy(version="7", dispatch_at=0.9),
        pack=CityPack(name="demo", title="示例", version="1"),
        versions=VERSIONS,
    )


def test_a_routing_keeps_every_step(triage):
    appeal = Appeal(id="a", text="我的电话是13800138000，家里停水三天了，没有人来修，请尽快处理", district="东湖区")
    routing = triage.route(appeal)
    assert routing.appeal is appeal
    assert "13800138000" not in routing.reading.masked
    assert [appeal.text[span.start : span.end] for span in routing.reading.spans] == ["13800138000"]
    assert (routing.place.district, routing.candidates[0].unit, routing.suggestions[0].unit) == ("东湖区", WATER, WATER)
    assert (routing.decision.action, routing.decision.units) == (Action.DISPATCH, ("water",))
    assert routing.versions == VERSIONS


def test_the_address_is_read_after_the_text(triage, assessor):
    triage.route_many([Appeal(id="1", text="停水了", address="枫桥街道"), Appeal(id="2", text="停水了", address="")])
    assert assessor.seen[0].startswith("停水了")
    assert assessor.seen[0].endswith("枫桥街道")
    assert assessor.seen[1] == "停水了"


def test_many_are_routed_in_order_and_as_one_by_one(triage):
    appeals = [Appeal(id=str(at), text="停水" * at) for at in range(1, 12)]
    together = triage.route_many(appeals)
    assert together == [triage.route(appeal) for appeal in appeals]
    assert [routing.appeal.id for routing in together] == [str(at) for at in range(1, 12)]


def test_nothing_is_routed_to_nothing(triage, assessor):
    assert triage.route_many([]) == []
    assert assessor.seen == []

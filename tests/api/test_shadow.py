"""A shadow compares without being heard, keeps nobody waiting, and keeps no text."""

from dataclasses import dataclass, replace
from threading import Event, Thread

import pytest

from api.shadow import Shadow
from tests.api.fakes import BrokenTriage, KeywordTriage
from triage.domain import Appeal, Versions


@dataclass(frozen=True)
class Named(KeywordTriage):
    """Answers like the keyword triage, under another name, and less surely."""

    name: str = "shadow-1"
    less: float = 0.0

    @property
    def versions(self):
        return Versions(bundle=self.name, pack="small", policy="1")

    def route(self, appeal):
        routing = super().route(appeal)
        first, *others = routing.suggestions
        return replace(routing, suggestions=(replace(first, probability=first.probability - self.less), *others))


class Stubborn(Named):
    """Takes everything for the first unit's."""

    def route(self, appeal):
        return super().route(replace(appeal, text="望京街道"))


def routings(*texts, by=None):
    return (by or KeywordTriage()).route_many([Appeal(id=str(at), text=text) for at, text in enumerate(texts)])


def compared(shadow):
    while not shadow._waiting.empty():
        shadow.compare()
    return shadow.agreement("small-1")


def test_without_a_router_nothing_is_kept():
    shadow = Shadow()
    shadow.offer(routings("停电"))
    assert shadow._waiting.empty()
    assert (shadow.bundle, shadow.totals.skipped) == (None, 0)


def test_agreement_is_counted_over_all_and_by_district():
    shadow = Shadow()
    shadow.follow(Stubborn())
    shadow.offer(routings("望京街道路灯不亮", "停电", "望京街道有人摆摊", "不知道"))
    found = compared(shadow)
    assert (found.total.compared, found.total.same_unit, found.total.same_action) == (4, 3, 3)
    assert {name: tally.compared for name, tally in found.districts.items()} == {"朝阳区": 2, "": 2}
    assert {name: tally.same_action for name, tally in found.districts.items()} == {"朝阳区": 2, "": 1}
    assert found.total.mean_difference == pytest.approx((0.9 - 1 / 30) / 4)
    assert (shadow.totals.compared, shadow.totals.same_unit, shadow.totals.same_action) == (4, 3, 3)


def test_a_shadow_that_is_less_sure_shows_it():
    shadow = Shadow()
    shadow.follow(Named(less=0.2))
    shadow.offer(routings("停电", "望京街道"))
    assert compared(shadow).total.mean_difference == pytest.approx(-0.2)


def test_what_there_is_no_room_for_is_passed_over_and_counted():
    shadow = Shadow(room=3)
    shadow.follow(Named())
    shadow.offer(routings(*["停电"] * 10))
    assert shadow.totals.skipped == 7
    assert compared(shadow).total.compared == 3
    shadow.offer(routings("停电"))
    assert compared(shadow).total.compared == 4


def test_a_shadow_that_hangs_keeps_nobody_waiting():
    asked, go = Event(), Event()

    class Hanging(Named):
        def route(self, appeal):
            asked.set()
            go.wait(10)
            return super().route(appeal)

    shadow = Shadow(room=2)
    shadow.follow(Hanging())
    thread = Thread(target=shadow.run)
    thread.start()
    shadow.offer(routings("停电"))
    assert asked.wait(10)
    shadow.offer(routings(*["停电"] * 1_000))
    assert shadow.totals.skipped == 998
    shadow.stop()
    go.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_shadow_that_breaks_is_counted_and_its_error_quotes_nobody(caplog):
    class Broken(BrokenTriage):
        versions = Versions(bundle="broken", pack="small", policy="1")

    shadow = Shadow()
    shadow.follow(Broken())
    shadow.offer(routings("张三家里停电"))
    assert compared(shadow).total.compared == 0
    assert shadow.totals.failed == 1
    assert "RuntimeError" in caplog.text
    assert "张三" not in caplog.text


def test_answers_of_a_stand_in_are_no_answers_of_the_champion():
    shadow = Shadow()
    shadow.follow(Named())
    shadow.offer([replace(routing, degraded="directory") for routing in routings("停电")])
    assert compared(shadow).total.compared == 0


def test_another_shadow_begins_anew_and_the_totals_go_on():
    shadow = Shadow()
    shadow.follow(Named())
    shadow.offer(routings("停电"))
    assert compared(shadow).total.compared == 1
    shadow.follow(Named("shadow-2"))
    assert compared(shadow).total.compared == 0
    shadow.offer(routings("停电"))
    assert compared(shadow).total.compared == 1
    assert shadow.totals.compared == 2


def test_each_champion_is_compared_for_itself():
    shadow = Shadow()
    shadow.follow(Named())
    shadow.offer([*routings("停电"), *routings("停电", "停电", by=Named("small-2"))])
    assert compared(shadow).total.compared == 1
    assert shadow.agreement("small-2").total.compared == 2
    assert shadow.agreement("nobody").total.compared == 0


def test_no_text_is_kept():
    shadow = Shadow()
    shadow.follow(Named())
    shadow.offer(routings("望京街道张三家停电"))
    compared(shadow)
    assert "张三" not in repr(shadow._found)
    assert shadow._waiting.empty()

"""When the champion cannot, the next one answers and says so; when nobody can, nobody pretends to."""

import json
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

import api.fallback
from api.fallback import CHAMPION, DIRECTORY, LAST_GOOD, Fallback, open_with_fallback
from tests.api.fakes import BrokenTriage, KeywordTriage
from triage.citypack import load_pack, write_pack
from triage.domain import Action, Appeal, Versions
from triage.errors import InputError, NotReadyError, TamperedError


class Fragile(KeywordTriage):
    """Breaks on every appeal that has one of its words, and counts what it is asked."""

    def __init__(self, *words, name="small-1"):
        self.words, self.asked = words, []
        self.versions = Versions(bundle=name, pack="small", policy="1")

    def route(self, appeal):
        self.asked.append(appeal.text)
        if any(word in appeal.text for word in self.words):
            raise RuntimeError(appeal.text)
        return super().route(appeal)


class Strict(KeywordTriage):
    def route(self, appeal):
        raise InputError("write less", field="text")


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def appeals(*texts):
    return [Appeal(id=str(at), text=text) for at, text in enumerate(texts)]


def degraded(routings):
    return [routing.degraded for routing in routings]


def three(clock, champion, last=None):
    steps = [(CHAMPION, champion), (LAST_GOOD, last or Fragile(name="old")), (DIRECTORY, Fragile(name="none"))]
    return Fallback(steps, clock=clock)


def test_the_champion_answers_unmarked(clock):
    fallback = three(clock, Fragile())
    assert degraded(fallback.route_many(appeals("路灯", "停电"))) == ["", ""]
    assert (fallback.state, fallback.reasons, fallback.versions.bundle) == ("ready", (), "small-1")


def test_no_appeals_are_no_failure(clock):
    assert three(clock, Fragile("")).route_many([]) == []


def test_answers_keep_their_order_and_only_the_poisonous_text_degrades(clock):
    fallback = three(clock, Fragile("毒"))
    asked = appeals("路灯", "毒", "停电")
    routings = fallback.route_many(asked)
    assert [routing.appeal for routing in routings] == asked
    assert degraded(routings) == ["", "last_good", ""]
    assert fallback.state == "ready"


def test_what_two_cannot_route_the_third_does(clock):
    fallback = three(clock, Fragile("毒"), Fragile("毒"))
    assert degraded([fallback.route(appeals("毒")[0])]) == ["directory"]


def test_one_poisonous_text_again_and_again_turns_nobody_else_away(clock):
    fallback = three(clock, Fragile("毒"))
    for _ in range(10):
        fallback.route(appeals("毒")[0])
    assert fallback.route(appeals("路灯")[0]).degraded == ""


def test_an_answer_in_between_starts_the_count_anew(clock):
    fallback = three(clock, Fragile("毒"))
    fallback.route_many(appeals("毒1", "毒2", "路灯", "毒3", "毒4"))
    assert fallback.state == "ready"


def test_after_three_different_failures_in_a_row_the_champion_rests(clock):
    champion = Fragile("")
    fallback = three(clock, champion)
    routings = fallback.route_many(appeals(*"甲乙丙丁戊己"))
    assert degraded(routings) == ["last_good"] * 6
    assert champion.asked == [*"甲甲乙丙"]  # together, then one by one until it rests
    assert fallback.state == "degraded"
    assert fallback.versions.bundle == "old"
    assert len(fallback.reasons) == 1
    assert fallback.reasons[0].startswith("champion: RuntimeError")


def rested(clock, champion, seconds):
    fallback = three(clock, champion)
    fallback.route_many(appeals(*"甲乙丙"))
    champion.asked.clear()
    clock.now += seconds
    return fallback


def test_it_rests_for_half_a_minute(clock):
    champion = Fragile("")
    fallback = rested(clock, champion, 29.9)
    assert fallback.route(appeals("丁")[0]).degraded == "last_good"
    assert champion.asked == []


def test_then_one_appeal_tries_it_and_the_rest_wait_for_how_it_goes(clock):
    champion = Fragile("")
    fallback = rested(clock, champion, 30)
    assert degraded(fallback.route_many(appeals(*"丁戊己"))) == ["last_good"] * 3
    assert champion.asked == ["丁"]
    fallback.route(appeals("庚")[0])
    assert champion.asked == ["丁"]


def test_once_it_answers_it_is_champion_again(clock):
    champion = Fragile("")
    fallback = rested(clock, champion, 30)
    assert fallback.state == "degraded"  # until it has shown that it can
    champion.words = ()
    assert degraded(fallback.route_many(appeals(*"丁戊己"))) == ["", "", ""]
    assert champion.asked == [*"丁戊己"]
    assert (fallback.state, fallback.reasons) == ("ready", ())


def test_while_one_thread_tries_it_the_others_do_not_wait(clock):
    champion, trying, done = Fragile(""), Barrier(2, timeout=5), Barrier(2, timeout=5)
    fallback = rested(clock, champion, 30)

    def slow(appeal):
        champion.asked.append(appeal.text)
        trying.wait()
        done.wait()
        return KeywordTriage().route(appeal)

    champion.route = slow
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(fallback.route, appeals("丁")[0])
        trying.wait()
        assert fallback.route(appeals("戊")[0]).degraded == "last_good"
        done.wait()
        assert first.result().degraded == ""
    assert champion.asked == ["丁"]


def test_threads_get_the_answers_to_their_own_appeals(clock):
    fallback = three(clock, Fragile("毒"))
    batches = [appeals(*(f"{'毒' if at % 7 == 3 else '灯'}{at}-{of}" for at in range(10))) for of in range(40)]
    with ThreadPoolExecutor(8) as threads:
        for asked, routings in zip(batches, threads.map(fallback.route_many, batches), strict=True):
            assert [routing.appeal for routing in routings] == asked
    assert all(routing.degraded in ("", "last_good") for routing in fallback.route_many(batches[0]))


def test_a_refusal_is_the_callers_and_no_failure(clock):
    fallback = three(clock, Strict())
    for text in "甲乙丙丁":
        with pytest.raises(InputError, match="write less"):
            fallback.route(appeals(text)[0])
    assert fallback.state == "ready"


def test_when_all_fail_nobody_pretends(clock):
    fallback = Fallback([(CHAMPION, Fragile("")), (DIRECTORY, Fragile(""))], clock=clock)
    for text in "甲乙丙":
        with pytest.raises(NotReadyError):
            fallback.route(appeals(text)[0])
    assert fallback.state == "dead"
    assert [reason.partition(":")[0] for reason in fallback.reasons] == [CHAMPION, DIRECTORY]
    clock.now += 30
    assert fallback.state == "degraded"  # it will be tried again


def test_the_last_one_is_always_asked_since_nobody_is_behind_it(clock):
    fallback = Fallback([(CHAMPION, Fragile("")), (DIRECTORY, Fragile("毒"))], clock=clock)
    for text in ("毒1", "毒2", "毒3"):
        with pytest.raises(NotReadyError):
            fallback.route(appeals(text)[0])
    assert fallback.route(appeals("路灯")[0]).degraded == "directory"
    assert fallback.state == "degraded"


def test_the_log_tells_where_it_failed_and_not_what_was_said(clock, caplog):
    fallback = three(clock, BrokenTriage())
    with caplog.at_level(logging.DEBUG):
        fallback.route_many(appeals("张三住在三单元", "李四", "王五"))
    assert "RuntimeError" in caplog.text
    assert "fakes.py" in caplog.text
    assert not any(name in caplog.text + str(fallback.reasons) for name in ("张三", "李四", "王五"))


def test_who_routed_explains(clock):
    class Mute(Fragile):
        def explain(self, routing):
            raise RuntimeError(routing.appeal.text)

    fallback = three(clock, Mute("毒"))
    poisonous, plain = fallback.route_many(appeals("毒", "路灯"))
    assert fallback.explain(poisonous).unit == poisonous.suggestions[0].unit
    assert fallback.explain(plain) is None


@pytest.fixture
def at(city_bundle, tmp_path):
    """A bundle of one's own, the pack it was fitted with, and a folder to remember in."""
    bundle = tmp_path / "bundle"
    shutil.copytree(city_bundle, bundle)
    return bundle, shutil.copytree(bundle / "pack", tmp_path / "pack"), tmp_path / "state"


def opened(at, city=None):
    bundle, pack, state = at
    return open_with_fallback(bundle, city, pack=pack, state=state)


def tamper(bundle):
    path = bundle / "arrays" / "bias.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def test_a_bundle_that_works_is_remembered(at):
    bundle, _, state = at
    fallback = opened(at)
    assert (fallback.state, fallback.reasons) == ("ready", ())
    remembered = json.loads((state / "last-good.json").read_text("utf-8"))
    assert remembered == {"path": str(bundle.resolve()), "id": fallback.versions.bundle, "pack": fallback.pack.name}
    assert [path.name for path in state.iterdir()] == ["last-good.json"]


def test_in_the_place_of_one_that_was_changed_the_last_good_one_opens(at, tmp_path, caplog):
    bundle, pack, state = at
    good = opened(at).versions
    other = shutil.copytree(bundle, tmp_path / "newer")
    tamper(other)
    fallback = opened((other, pack, state))
    routing = fallback.route(Appeal(id="1", text="东湖区路边摊占道经营"))
    assert (fallback.state, routing.degraded, routing.versions) == ("degraded", "last_good", good)
    assert fallback.reasons[0].startswith("champion: tampered_bundle, ")
    assert "bias.npy" in fallback.reasons[0]
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert json.loads((state / "last-good.json").read_text("utf-8"))["path"] == str(bundle.resolve())


def test_where_no_bundle_opens_the_directory_is_left(at):
    bundle, *_ = at
    opened(at)
    tamper(bundle)
    fallback = opened(at)
    routing = fallback.route(Appeal(id="1", text="东湖区路边摊占道经营"))
    assert (fallback.state, routing.degraded, routing.versions.bundle) == ("degraded", "directory", "none")
    assert routing.decision.action is not Action.DISPATCH
    assert [reason.partition(":")[0] for reason in fallback.reasons] == [CHAMPION, LAST_GOOD]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"path": 1, "id": 2, "pack": 3}', '{"path": "x"}'])
def test_a_memory_that_cannot_be_read_is_none(at, content):
    bundle, _, state = at
    tamper(bundle)
    state.mkdir()
    (state / "last-good.json").write_text(content, "utf-8")
    assert opened(at).route(Appeal(id="1", text="停水")).degraded == "directory"


def test_what_lies_at_the_remembered_place_now_may_not_be_what_worked(at, tmp_path):
    _, pack, state = at
    opened(at)
    memory = state / "last-good.json"
    memory.write_text(json.dumps(json.loads(memory.read_text("utf-8")) | {"id": "yunling-another"}), "utf-8")
    fallback = opened((tmp_path / "nothing", pack, state))
    assert fallback.route(Appeal(id="1", text="停水")).degraded == "directory"
    assert "yunling-another" in fallback.reasons[1]


def test_the_directory_of_another_city_stands_in_for_nothing(at, tmp_path):
    bundle, pack, state = at
    opened(at)
    tamper(bundle)
    write_pack(replace(load_pack(pack), name="elsewhere"), tmp_path / "elsewhere")
    with pytest.raises(TamperedError):
        opened((bundle, tmp_path / "elsewhere", state))
    assert opened((bundle, pack, state), city=tmp_path / "elsewhere").state == "degraded"  # somebody asked for it


def test_where_nothing_opens_the_fault_of_the_bundle_is_told(at, tmp_path):
    with pytest.raises(InputError, match="no bundle here"):
        opened((tmp_path / "none", tmp_path / "no-pack", tmp_path / "state"))


def test_a_bundle_that_opens_but_cannot_route_is_no_champion(at, monkeypatch):
    monkeypatch.setattr(api.fallback, "open_triage", lambda *_: BrokenTriage())
    fallback = opened(at)
    assert fallback.route(Appeal(id="1", text="停水")).degraded == "directory"
    assert fallback.reasons[0] == "champion: RuntimeError"
    assert not at[2].exists()


def test_a_state_that_cannot_be_written_is_no_reason_not_to_route(at):
    *_, state = at
    state.write_text("a file where the folder should be", "utf-8")
    assert opened(at).state == "ready"


def test_when_the_champion_breaks_at_work_the_directory_of_its_own_pack_answers(at):
    fallback = opened(at)
    assert fallback.route(Appeal(id="1", text="停水")).degraded == ""
    champion = fallback._steps[0].router
    champion.route_many = BrokenTriage().route_many
    routing = fallback.route(Appeal(id="1", text="东湖区路边摊占道经营"))
    assert (routing.degraded, routing.versions.pack) == ("directory", champion.versions.pack)

"""The service follows a registry: nobody who asks notices when another bundle takes over."""

import gc
import json
import shutil
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from threading import Event, Thread

import pytest
from starlette.testclient import TestClient

import api.champion
from api.app import create_app
from api.champion import BundleOpener, Champion
from api.fallback import CHAMPION, DIRECTORY, Fallback
from api.routing import current
from models.artifact import seal
from models.bundle import read_manifest
from models.registry import Registry
from tests.api.fakes import BrokenTriage, KeywordTriage
from triage.domain import Appeal, Versions
from triage.errors import InputError

WHO = {"by": "li", "why": "trying"}
STOPPED = Appeal(id="1", text="停电")


class Named(KeywordTriage):
    """Says which bundle it was opened from, and explains only what it routed itself."""

    def __init__(self, name):
        self.versions = Versions(bundle=name, pack="small", policy="1")

    def explain(self, routing):
        assert routing.versions == self.versions
        return super().explain(routing)


@dataclass
class SmallOpener:
    """Opens folders that hold nothing but their name."""

    directory_opens: bool = True

    def champion(self, folder: Path, *, name: str) -> Fallback:
        return Fallback([(name, self.shadow(folder)), (DIRECTORY, Named("none"))])

    def shadow(self, folder: Path):
        if (folder / "broken").exists():
            raise RuntimeError("cannot be opened here")
        return Named(read_manifest(folder)["id"])

    def directory(self) -> Fallback:
        if not self.directory_opens:
            raise InputError("no pack")
        return Fallback([(DIRECTORY, Named("none"))])


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def registry(tmp_path):
    return Registry.open(tmp_path / "registry")


@pytest.fixture
def added(registry, tmp_path):
    """Add bundles of these names, and return their ids."""

    def add(*names, broken=False):
        ids = []
        for name in names:
            folder = tmp_path / "made" / name
            folder.mkdir(parents=True)
            (folder / ("broken" if broken else "name")).write_text(name, "utf-8")
            seal(folder, {}, name=name)
            ids.append(registry.add(folder, **WHO))
        return ids

    return add


def following(registry, clock=time.monotonic, **options):
    return Champion(registry, SmallOpener(**options), clock=clock)


def answers(champion):
    routing = champion.route(STOPPED)
    return routing.versions.bundle, routing.degraded


def tamper(registry, bundle):
    file = registry.fetch(bundle) / "name"
    file.write_text("changed", "utf-8")


def test_the_champion_of_the_registry_answers(registry, added):
    a, _ = added("a", "b")
    registry.promote(a, **WHO)
    champion = following(registry)
    assert answers(champion) == (a, "")
    assert (champion.state, champion.reasons, champion.versions.bundle) == ("ready", (), a)


def test_who_is_promoted_answers_after_the_next_look_and_who_is_rolled_back_to_again(registry, added):
    a, b = added("a", "b")
    registry.promote(a, **WHO)
    champion = following(registry)
    registry.promote(b, **WHO)
    assert answers(champion) == (a, "")
    champion.look()
    assert answers(champion) == (b, "")
    registry.rollback(**WHO)
    champion.look()
    assert answers(champion) == (a, "")


def test_a_look_that_finds_nothing_new_opens_nothing(registry, added):
    [a] = added("a")
    registry.promote(a, **WHO)
    champion = following(registry)
    opened = champion.current
    champion.look()
    assert champion.current is opened


def test_before_there_is_a_champion_the_directory_answers(registry, added):
    champion = following(registry)
    assert answers(champion) == ("none", "directory")
    assert champion.state == "degraded"
    assert "paidan-train promote" in champion.reasons[0]
    [a] = added("a")
    registry.promote(a, **WHO)
    champion.look()
    assert answers(champion) == (a, "")
    assert (champion.state, champion.reasons) == ("ready", ())


def test_where_nothing_can_be_opened_the_service_does_not_begin(registry):
    with pytest.raises(InputError, match="no pack"):
        following(registry, directory_opens=False)


def test_a_bundle_that_was_changed_leaves_the_old_one_in_place_and_is_tried_again(registry, added, clock, tmp_path):
    a, b = added("a", "b")
    registry.promote(a, **WHO)
    champion = following(registry, clock)
    registry.promote(b, **WHO)
    good = shutil.copytree(registry.fetch(b), tmp_path / "good")
    tamper(registry, b)
    champion.look()
    assert answers(champion) == (a, "")
    assert champion.state == "degraded"
    assert champion.reasons[0].startswith(f"champion {b} by move 4: tampered_bundle, ")
    folder = tmp_path / "registry" / "bundles" / b
    shutil.rmtree(folder)
    good.rename(folder)
    champion.look()
    assert answers(champion) == (a, "")  # not every two seconds
    clock.now += 30
    champion.look()
    assert answers(champion) == (b, "")
    assert (champion.state, champion.reasons) == ("ready", ())


def test_a_bundle_that_cannot_be_opened_is_told_without_what_it_said(registry, added):
    [a] = added("a")
    [b] = added("b", broken=True)
    registry.promote(a, **WHO)
    champion = following(registry)
    registry.promote(b, **WHO)
    champion.look()
    assert (answers(champion), champion.state) == ((a, ""), "degraded")
    assert champion.reasons == (f"champion {b} by move 4: RuntimeError",)
    registry.rollback(**WHO)
    champion.look()
    assert champion.state == "ready"


def test_the_next_promotion_is_tried_at_once_after_one_that_failed(registry, added, clock):
    [a, c] = added("a", "c")
    [b] = added("b", broken=True)
    registry.promote(a, **WHO)
    champion = following(registry, clock)
    registry.promote(b, **WHO)
    champion.look()
    registry.promote(c, **WHO)
    champion.look()
    assert answers(champion) == (c, "")


def test_at_the_start_the_champion_before_stands_in(registry, added):
    a, b = added("a", "b")
    registry.promote(a, **WHO)
    registry.promote(b, **WHO)
    tamper(registry, b)
    champion = following(registry)
    assert (answers(champion), champion.state) == ((a, "last_good"), "degraded")


def test_a_registry_whose_moves_were_changed_is_not_followed(registry, added, clock, tmp_path):
    a, b = added("a", "b")
    registry.promote(a, **WHO)
    champion = following(Registry.open(tmp_path / "registry"), clock)
    registry.promote(b, **WHO)
    file = tmp_path / "registry" / "moves" / "000004.json"
    whole = file.read_bytes()
    file.write_text(json.dumps(json.loads(whole) | {"bundle": a}), "utf-8")
    champion.look()
    assert (answers(champion), champion.state) == ((a, ""), "degraded")
    assert champion.reasons[0].startswith("registry: tampered_bundle, ")
    file.write_bytes(whole)
    clock.now += 30
    champion.look()
    assert (answers(champion), champion.state) == ((b, ""), "ready")


def test_a_bundle_under_another_name_is_not_taken(registry, added):
    a, b = added("a", "b")
    registry.promote(a, **WHO)

    class Mistaken(SmallOpener):
        def shadow(self, folder):
            return Named(a)

    champion = Champion(registry, Mistaken())
    registry.promote(b, **WHO)
    champion.look()
    assert champion.reasons[0].startswith(f"champion {b} by move 4: bad_bundle, ")


def test_who_took_a_router_keeps_it_for_the_whole_call(registry, added):
    a, b = added("a", "b")
    registry.promote(a, **WHO)
    champion = following(registry)
    taken = current(champion)
    routing = taken.route(STOPPED)
    registry.promote(b, **WHO)
    champion.look()
    assert taken.explain(routing)
    assert taken.route(STOPPED).versions.bundle == a
    assert champion.explain(routing) is None  # another bundle would explain what it did not do
    assert champion.explain(champion.route(STOPPED))


def test_a_champion_that_breaks_at_work_is_degraded_like_any_other(registry, added):
    [a] = added("a")
    registry.promote(a, **WHO)
    champion = following(registry)
    champion.current._steps[0].router.route_many = BrokenTriage().route_many
    assert answers(champion) == ("none", "directory")


def test_a_bundle_that_nobody_needs_any_more_is_let_go(registry, added, city_bundle, tmp_path):
    whole = registry.add(city_bundle, **WHO)
    registry.promote(whole, **WHO)
    champion = Champion(registry, BundleOpener(city=None, pack=city_bundle / "pack", state=tmp_path / "state"))
    assert answers(champion) == (whole, "")
    old = weakref.ref(champion.current._steps[0].router)
    again = Named("again")
    champion._opener = SmallOpener()
    [b] = added("b")
    registry.promote(b, **WHO)
    champion.look()
    gc.collect()
    assert again.route(STOPPED)
    assert old() is None


def test_a_shadow_is_opened_compared_and_ended(registry, added):
    a, b = added("a", "b")
    registry.promote(a, **WHO)
    champion = following(registry)
    champion.route(STOPPED)
    registry.shadow(b, **WHO)
    champion.look()
    champion.route(STOPPED)
    champion.shadow.compare()
    assert champion.shadow.agreement(a).total.same_unit == 1
    registry.shadow(None, **WHO)
    champion.look()
    assert champion.shadow.bundle is None


def test_a_shadow_that_cannot_be_opened_troubles_nobody(registry, added, clock):
    [a] = added("a")
    [b] = added("b", broken=True)
    registry.promote(a, **WHO)
    registry.shadow(b, **WHO)
    champion = following(registry, clock)
    assert (champion.state, champion.shadow.bundle) == ("ready", None)
    (registry.fetch(b) / "broken").rename(registry.fetch(b) / "name")
    champion.look()
    assert champion.shadow.bundle is None


# Over HTTP


@pytest.fixture
def served(registry, added, ledger, settings, monkeypatch):
    """A service that follows a registry with two bundles, and looks at it all the time."""
    monkeypatch.setattr(api.champion, "_LOOKS", 0.005)
    a, b = added("a", "b")
    registry.promote(a, **WHO)
    with TestClient(create_app(following(registry), settings, ledger)) as client:
        yield client, a, b


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_readyz_tells_which_bundle_answers_and_why_not_the_other(served, registry, added):
    client, a, _ = served
    assert client.get("/readyz").json()["status"] == "ready"
    [broken] = added("broken", broken=True)
    registry.promote(broken, **WHO)
    until(lambda: client.get("/readyz").json()["status"] == "degraded")
    told = client.get("/readyz").json()
    assert told["versions"]["bundle"] == a
    assert told["reasons"] == [f"champion {broken} by move 5: RuntimeError"]


def test_the_models_are_told_with_who_made_them_so(served, registry, key_of):
    client, a, b = served
    registry.promote(b, by="王主任", why="the gate let it through")
    registry.shadow(a, **WHO)
    until(lambda: client.app.state.router.shadow.bundle == a)
    for _ in range(3):
        client.post("/v1/route", json={"text": "望京街道停电"})
    until(lambda: client.app.state.router.shadow.totals.compared == 3)
    told = client.get("/v1/models", headers=key_of("scientist")).json()
    since = told["champion"].pop("at")
    assert since.endswith("+00:00")
    assert told == {
        "answering": b,
        "champion": {"bundle": b, "by": "王主任", "why": "the gate let it through"},
        "previous": a,
        "shadow": {
            "bundle": a,
            "runs": True,
            "compared": 3,
            "same_unit": 3,
            "same_action": 3,
            "mean_difference": 0.0,
            "districts": [
                {"district": "朝阳区", "compared": 3, "same_unit": 3, "same_action": 3, "mean_difference": 0.0}
            ],
        },
    }


def test_without_a_registry_the_models_are_the_bundle_alone(office, key_of):
    told = office.get("/v1/models", headers=key_of("auditor")).json()
    assert told == {"answering": "small-1", "champion": None, "previous": None, "shadow": None}


def test_the_shadow_is_in_the_metrics(served, registry):
    client, _, b = served
    registry.shadow(b, **WHO)
    until(lambda: client.app.state.router.shadow.bundle == b)
    client.post("/v1/route", json={"text": "停电"})
    until(lambda: client.app.state.router.shadow.totals.compared == 1)
    lines = client.get("/metrics").text.splitlines()
    assert "paidan_shadow_compared_total 1.0" in lines
    assert 'paidan_shadow_agreed_total{on="unit"} 1.0' in lines
    assert "paidan_shadow_skipped_total 0.0" in lines


def test_twenty_promotions_and_roll_backs_under_load_fail_no_request(served, registry, key_of, ledger):
    client, a, b = served
    agent, over = key_of("agent"), Event()
    asked = {
        "/v1/route": lambda: client.post("/v1/route", json={"text": "停电"}, headers=agent),
        "/v1/explain": lambda: client.post("/v1/explain", json={"text": "停电"}, headers=agent),
        "/v1/route/batch": lambda: client.post(
            "/v1/route/batch", json={"appeals": [{"text": "停电"}] * 80}, headers=agent
        ),
        "/v1/appeals": lambda: client.post("/v1/appeals", json={"text": "停电"}, headers=agent),
    }

    def ask(what):
        found = []
        while not over.is_set():
            found.append(asked[what]())
        return found

    def bundles(what, answer):
        body = answer.json()
        match what:
            case "/v1/explain" | "/v1/appeals":
                assert body.get("explanation", True)
                return {body["routing"]["versions"]["bundle"]}
            case "/v1/route/batch":
                return {line["versions"]["bundle"] for line in body["routed"]}
        return {body["versions"]["bundle"]}

    router = client.app.state.router
    with ThreadPoolExecutor(8) as threads:
        running = [(what, threads.submit(ask, what)) for what in [*asked, *asked]]
        try:
            for turn, wanted in zip(range(20), cycle((b, a)), strict=False):
                if turn % 4 == 1:
                    registry.rollback(**WHO)
                else:
                    registry.promote(wanted, **WHO)
                until(lambda: router.versions.bundle == registry.state().champion)
        finally:
            over.set()
        found = [(what, answer) for what, future in running for answer in future.result()]
    assert len(found) > 20
    assert {answer.status_code for _, answer in found} <= {200, 201}
    named = [bundles(what, answer) for what, answer in found]
    assert all(len(each) == 1 for each in named)
    assert set.union(*named) == {a, b}
    orders = [answer.json() for what, answer in found if what == "/v1/appeals"]
    for order in orders:
        stated = {event.versions["bundle"] for event in ledger.history(order["id"])}
        assert stated == {order["routing"]["versions"]["bundle"]}


def test_an_order_that_comes_back_states_the_bundle_that_routed_it_again(served, registry, key_of, ledger):
    client, a, b = served
    agent = key_of("agent")
    order = client.post("/v1/appeals", json={"text": "停电"}, headers=agent).json()["id"]
    registry.promote(b, **WHO)
    until(lambda: client.app.state.router.versions.bundle == b)
    back = client.post(f"/v1/appeals/{order}/returns", json={"reason": "职能不符"}, headers=agent)
    assert back.status_code == 201
    events = ledger.history(order)
    assert [event.versions["bundle"] for event in events if event.kind == "routed"] == [a, b]
    assert {event.versions["bundle"] for event in events if event.kind == "returned"} == {b}


def test_a_service_that_ends_follows_nothing_any_more(registry, added, ledger, settings):
    [a] = added("a")
    registry.promote(a, **WHO)
    with TestClient(create_app(following(registry), settings, ledger)):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name in ("champion", "shadow")]


def test_the_thread_that_follows_survives_whatever_a_registry_does(registry, added, monkeypatch):
    minutes = count(0, 60)
    monkeypatch.setattr(api.champion, "_LOOKS", 0.001)
    [a] = added("a")
    registry.promote(a, **WHO)
    champion = following(registry, lambda: float(next(minutes)))

    class Odd:
        asked = 0

        def state(self):
            Odd.asked += 1
            raise OSError("the share is gone")

    champion._registry = Odd()
    thread = Thread(target=champion.run, daemon=True)
    thread.start()
    until(lambda: Odd.asked > 3)
    assert (answers(champion), champion.state) == ((a, ""), "degraded")
    champion.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_a_real_bundle_is_followed(registry, city_bundle, tmp_path):
    bundle = registry.add(city_bundle, **WHO)
    opener = BundleOpener(city=None, pack=city_bundle / "pack", state=tmp_path / "state")
    champion = Champion(registry, opener)
    assert champion.state == "degraded"
    registry.promote(bundle, **WHO)
    champion.look()
    routing = champion.route(Appeal(id="1", text="东湖区路边摊占道经营"))
    assert (routing.versions.bundle, champion.state) == (bundle, "ready")
    assert champion.explain(routing)
    assert read_manifest(registry.fetch(bundle))["id"] == bundle
    assert champion.current._steps[0].name == CHAMPION

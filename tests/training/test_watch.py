"""A steady hotline raises no alarm; what moves is told on its own axis, once, and a new matter with its words."""

import json
import re
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from tests import city
from tests.training.test_corpus import pack_folder
from tests.training.traffic import NEW_UNIT, PACK, TOPICS, UNITS, a_unit_takes_over, batteries, pass_days
from tests.triage.ledger.desk import AUDITOR, NOON, Clock, opened
from training.cli import main
from training.lookout import in_spite_of_failures
from training.watch import Period, watch
from triage.errors import InputError, UnavailableError
from triage.ledger.alerts import alerts
from triage.ledger.database import open_database, reading, truncate_log
from triage.ledger.endings import endings
from triage.ledger.search import Filters, every, find
from triage.ledger.statistics import statistics
from triage.ledger.traffic import Passed
from triage.ledger.verify import verify

WORRIED = "台风过后地下车库积水倒灌，抽水泵停电"


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """Make, for a seed, the file of a ledger after four steady weeks, when that is, and what is still to come back."""

    @cache
    def made(seed):
        file, clock = tmp_path_factory.mktemp("month") / "ledger.db", Clock()
        with opened(f"sqlite:///{file}", clock) as ledger:
            due = pass_days(ledger, clock, 28, seed=seed)
            truncate_log(ledger.engine)
        return file, clock.at, due

    return made


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(tmp_path, clock):
    """A ledger in which nothing has happened."""
    with opened(f"sqlite:///{tmp_path}/empty.db", clock) as ledger:
        yield ledger


@pytest.fixture
def hotline(month, tmp_path, clock):
    """Let a week pass after four steady ones, and return the ledger."""
    with ExitStack() as stack:

        def after(change=None, *, seed=0):
            file, clock.at, due = month(seed)
            url = f"sqlite:///{shutil.copy(file, tmp_path)}"
            ledger = stack.enter_context(opened(url, clock))
            pass_days(ledger, clock, 7, seed=seed + 100, change=change, due=due)
            return ledger

        yield after


def looked(ledger, clock, **given):
    clock.forward(seconds=1)
    return watch(ledger, PACK, now=clock(), **given)


def shift_of(found, axis):
    return next(one for one in found.shifts if one.axis == axis)


def axes(found):
    return [event.facts["axis"] for event in found.alerts]


def more_of_one_topic(call, draw):
    return replace(call, topic=list(TOPICS.values())[-1]) if draw.random() < 0.6 else call


def a_unit_does_all(call, draw):
    return replace(call, unit=NEW_UNIT)


def one_district_speaks(call, draw):
    return replace(call, district="东湖区") if draw.random() < 0.7 else call


def other_words(call, draw):
    return replace(call, text=call.text + WORRIED) if draw.random() < 0.8 else call


def less_sure(call, draw):
    return replace(call, sure=call.sure * 0.5)


def units_refuse(call, draw):
    return replace(call, returned=0.6)


@pytest.mark.parametrize("seed", range(4))
def test_a_steady_hotline_raises_no_alarm(hotline, clock, seed):
    ledger = hotline(seed=seed)
    found = looked(ledger, clock)
    assert (found.before, found.now) == (28 * 17, 7 * 17)
    assert [one.axis for one in found.shifts] == ["topics", "units", "districts", "words", "confidence", "returns"]
    assert (axes(found), found.matters) == ([], ())
    assert alerts(ledger, since=NOON) == []


@pytest.mark.parametrize(
    ("change", "axis"),
    [
        (more_of_one_topic, "topics"),
        (a_unit_takes_over, "units"),
        (one_district_speaks, "districts"),
        (other_words, "words"),
        (less_sure, "confidence"),
        (units_refuse, "returns"),
    ],
)
def test_what_moves_alarms_on_its_own_axis(hotline, clock, change, axis):
    ledger = hotline(change)
    assert axes(looked(ledger, clock)) == [axis]


def test_an_alert_has_codes_in_its_facts_and_what_moved_most_first(hotline, clock):
    ledger = hotline(a_unit_takes_over)
    [event] = looked(ledger, clock).alerts
    assert (event.kind, event.order, event.role, event.content) == ("alerted", "", "system", None)
    name, before, now = event.facts["moved"][0]
    assert (name, before < 0.01, 0.2 < now < 0.4) == (NEW_UNIT.code, True, True)
    assert 0.1 <= event.facts["low"] <= event.facts["index"] <= event.facts["high"]
    assert event.facts["until"] == clock().isoformat()
    assert event.facts["bundles"] == ["b1"]


def test_words_of_appeals_are_content_and_never_facts(hotline, clock):
    ledger = hotline(other_words)
    [event] = looked(ledger, clock).alerts
    said = {name for name, _, _ in event.content["moved"]}
    assert said & {"台风", "倒灌", "车库"}
    assert not any(word in json.dumps(event.facts, ensure_ascii=False) for word in said)


def test_a_new_matter_is_found_with_its_words_and_orders(hotline, clock):
    ledger = hotline(batteries)
    found = looked(ledger, clock)
    [matter] = found.matters
    assert "换电柜" in matter.words
    told = {entry.order.id for entry in find(ledger, Filters(), limit=1000)[0] if "换电柜" in entry.text}
    assert set(matter.ids) == told
    [event] = [event for event in found.alerts if event.facts["axis"] == "matters"]
    assert (set(event.facts["orders"]), event.facts["count"]) == (told, len(told))
    assert event.content == {"words": list(matter.words)}
    assert "换电柜" not in json.dumps(event.facts, ensure_ascii=False)


def test_new_words_that_a_topic_fits_are_no_new_matter(hotline, clock):
    ledger = hotline(lambda call, draw: replace(batteries(call, draw), fits=call.fits))
    assert looked(ledger, clock).matters == ()


def test_new_words_are_no_new_matter_where_topics_fit_most_of_those_who_say_them(hotline, clock):
    def mostly_known(call, draw):
        new = batteries(call, draw)
        while new is call:
            new = batteries(call, draw)
        return replace(new, fits=0.2 if draw.random() < 0.12 else 0.95)

    assert looked(hotline(mostly_known), clock).matters == ()


def test_strange_orders_in_words_that_everybody_knows_are_no_new_matter(hotline, clock):
    ledger = hotline(lambda call, draw: replace(call, fits=0.2 if "摊" in call.text else call.fits))
    assert looked(ledger, clock).matters == ()


def test_the_same_alarm_is_not_written_again_while_it_goes_on(hotline, clock):
    ledger = hotline(batteries)
    first = looked(ledger, clock)
    assert "matters" in axes(first)
    clock.forward(hours=1)
    again = looked(ledger, clock)
    assert (len(again.matters), again.alerts) == (1, ())
    pass_days(ledger, clock, 6, seed=1, change=batteries)
    assert "matters" not in axes(looked(ledger, clock))
    assert [event.number for event in alerts(ledger, since=NOON)] == [event.number for event in first.alerts]


def test_an_alarm_that_goes_on_is_told_again_when_its_days_are_over(hotline, clock):
    ledger = hotline(a_unit_does_all)
    assert axes(looked(ledger, clock)) == ["units"]
    pass_days(ledger, clock, 7, seed=1, change=a_unit_does_all)
    assert axes(looked(ledger, clock)) == ["units"]


def drones(call, draw):
    if draw.random() > 0.25:
        return call
    what = draw.choice(("航线扰民", "起降点太近", "螺旋桨噪声"))
    return replace(call, text=f"无人机送餐{what}，低空飞行{draw.choice(('危险', '吓人'))}", fits=0.2)


def test_another_new_matter_is_told_beside_the_first(hotline, clock):
    ledger = hotline(batteries)
    assert "matters" in axes(looked(ledger, clock))
    pass_days(ledger, clock, 3, seed=1, change=drones)
    [event] = [event for event in looked(ledger, clock).alerts if event.facts["axis"] == "matters"]
    assert "无人机" in event.content["words"]


def test_two_new_matters_at_once_are_two(hotline, clock):
    found = looked(hotline(lambda call, draw: drones(batteries(call, draw), draw)), clock)
    assert sorted(("换电柜" in matter.words, "无人机" in matter.words) for matter in found.matters) == [
        (False, True),
        (True, False),
    ]


def numbered(call, draw):
    return replace(call, text=f"{call.text}回电1380013{draw.randint(1000, 9999)}")  # made up for this test


def test_what_was_masked_is_no_word(hotline, clock):
    ledger = hotline(numbered)
    assert "〔电话〕" in find(ledger, Filters(), limit=1)[0][0].text
    moved = {moved.name for moved in shift_of(looked(ledger, clock), "words").moved}
    assert "回电" in moved
    assert "电话" not in moved


def test_what_was_erased_has_no_words_and_still_counts(hotline, clock):
    ledger = hotline(other_words)
    for entry in find(ledger, Filters(), limit=100)[0]:
        ledger.erase(entry.order.id, reason="市民要求", actor=AUDITOR)
    found = looked(ledger, clock)
    assert (found.now, found.alerts) == (7 * 17, ())
    assert [one.axis for one in found.shifts] == ["topics", "units", "districts", "confidence", "returns"]


@pytest.mark.parametrize("text", ["\x1b[31m\x1b[31m路灯不亮", "\ud83d\ud83d路灯不亮", "\u202e\u202e路灯不亮"])
def test_what_no_terminal_should_be_told_is_no_word(hotline, clock, text):
    ledger = hotline(lambda call, draw: replace(call, text=text))
    assert all(moved.name.isprintable() for moved in shift_of(looked(ledger, clock), "words").moved)


def test_a_return_rate_that_rises_is_told_with_who_returns(hotline, clock):
    def refused(call, draw):
        return replace(call, returned=0.95 if call.unit.name == city.TRAFFIC else 0.1)

    returns = shift_of(looked(hotline(refused), clock), "returns")
    everywhere, most, *_ = returns.moved
    assert (everywhere.name, most.name) == ("all", UNITS[city.TRAFFIC].code)
    assert everywhere.now - everywhere.before == pytest.approx(returns.index)
    assert returns.low < returns.index < returns.high
    assert returns.alarms == (returns.low >= 0.02)


def test_orders_before_count_as_they_stood_when_as_much_time_had_passed():
    period = Period(before=NOON - timedelta(days=20), since=NOON - timedelta(days=7), until=NOON)
    ends = [
        period.end_for(Passed(id="1", received_at=NOON - timedelta(days=days))) for days in (1, 7, 7.5, 13.5, 14, 14.5)
    ]
    assert [end and (NOON - end).days for end in ends] == [0, 0, 7, 7, 7, None]


def test_few_orders_are_no_alarm(ledger, clock):
    found = looked(ledger, clock)
    assert (found.before, found.now, found.too_few, found.shifts) == (0, 0, True, ())
    pass_days(ledger, clock, 2, change=a_unit_does_all)
    pass_days(ledger, clock, 7, change=batteries)
    found = looked(ledger, clock)
    assert (found.before, found.too_few, found.alerts) == (34, True, ())


def test_the_time_before_is_no_shorter_than_what_it_is_compared_with(ledger, clock):
    with pytest.raises(InputError, match="no shorter"):
        looked(ledger, clock, days=7, before=6)


def test_a_ledger_with_alerts_is_whole_and_counts_no_more_orders(hotline, clock):
    ledger = hotline(batteries)
    assert looked(ledger, clock).alerts
    proof = verify(ledger.engine)
    assert (proof.orders, proof.events) == (35 * 17, ledger.end().number)
    assert len(list(endings(ledger.engine, PACK))) == len(list(every(ledger, Filters()))) == 35 * 17
    with reading(ledger.engine) as connection:
        [row] = statistics(connection, by=None, window=(NOON, clock()), rates=PACK.terms.rates, now=clock())
    assert row.received == 35 * 17


@pytest.fixture
def train(capsys):
    """Run the command; answer its exit code, its output and its complaints."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def pack(tmp_path):
    return pack_folder(tmp_path / "pack")


@pytest.fixture
def live(tmp_path):
    """The URL of a ledger whose last week is that of the machine's clock, and has moved."""
    url, clock = f"sqlite:///{tmp_path}/live.db", Clock()
    clock.at = datetime.now(UTC) - timedelta(days=35, minutes=1)
    with opened(url, clock) as ledger:
        due = pass_days(ledger, clock, 28)
        pass_days(
            ledger,
            clock,
            7,
            seed=100,
            change=lambda call, draw: a_unit_takes_over(batteries(call, draw), draw),
            due=due,
        )
    return url


def test_the_command_shows_a_table_and_what_it_wrote_and_the_next_time_that_it_was_told(train, live, pack):
    code, out, err = train("watch", "--database", live, "--pack", pack)
    assert (code, err) == (0, "")
    assert out.startswith("119 orders from ")
    [units] = [line for line in out.splitlines() if line.startswith(" units ")]
    [returns] = [line for line in out.splitlines() if line.startswith(" returns ")]
    assert re.search(r" [+-]\d+\.\d%  \[[+-]\d+\.\d%, [+-]\d+\.\d%\] +all ", returns)
    assert NEW_UNIT.code in units
    assert re.search(r" \d\.\d{3}  \[\d\.\d{3}, \d\.\d{3}\] ", units)
    assert re.search(r"event \d+$", units.rstrip())
    [matter] = [line for line in out.splitlines() if line.startswith("new matter, ")]
    assert re.search(r"event \d+: .*换电柜", matter)
    _, out, _ = train("watch", "--database", live, "--pack", pack)
    assert "told before" in next(line for line in out.splitlines() if line.startswith(" units "))
    assert ", told before: " in next(line for line in out.splitlines() if line.startswith("new matter, "))


def test_the_command_prints_a_line_of_json(train, live, pack):
    code, out, err = train("watch", "--database", live, "--pack", pack, "--json")
    assert (code, err, out.count("\n")) == (0, "", 1)
    found = json.loads(out)
    assert (found["orders"], found["orders_before"], found["too_few"], found["bundles"]) == (119, 476, False, ["b1"])
    units = next(one for one in found["axes"] if one["axis"] == "units")
    assert (units["alarm"], units["moved"][0]["name"], units["event"] > 0) == (True, NEW_UNIT.code, True)
    assert [one["event"] for one in found["axes"] if not one["alarm"]] == [None] * 4
    [matter] = found["matters"]
    assert "换电柜" in matter["words"]
    assert matter["event"]


def test_the_command_says_that_orders_are_too_few(train, tmp_path, pack):
    open_database(f"sqlite:///{tmp_path}/empty.db").dispose()
    code, out, err = train("watch", "--database", f"sqlite:///{tmp_path}/empty.db", "--pack", pack)
    assert (code, err) == (0, "")
    assert "too few to compare; no alarm" in out


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["--database", "sqlite:///nowhere.db"], 2, "there is no ledger here; name its file"),
        (["--database", "nonsense"], 2, "no database URL"),
        (["--database", "mysql://host/x"], 2, "not a database for a ledger"),
        (["--database", "postgresql://nobody@127.0.0.1:1/x"], 1, "the database does not answer"),
        (["--database", "sqlite:///nowhere.db", "--every", "1y"], 2, "write minutes, hours or days"),
    ],
)
def test_the_command_tells_in_one_line_what_it_cannot_use(train, pack, arguments, code, complaint):
    found, out, err = train("watch", *arguments, "--pack", pack)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert complaint in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_looks_again_and_again_until_it_is_told_to_stop(live, pack, number):
    run = "import sys; from training.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", run, "watch", "--database", live, "--pack", str(pack), "--every", "1h", "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:  # noqa: S603
        first = process.stdout.readline()
        process.send_signal(number)
        try:
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert json.loads(first)["orders"] == 119
    assert (process.returncode, out, err) == (0, "", "")


def test_a_database_that_does_not_answer_is_asked_again(capsys):
    def look():
        raise UnavailableError("the database does not answer: OperationalError")

    in_spite_of_failures(look)
    assert capsys.readouterr().err == "paidan-train: the database does not answer: OperationalError\n"

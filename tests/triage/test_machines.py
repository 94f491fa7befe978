"""A machine's event becomes words by a table of data, and nothing that a machine sends can be more than a value."""

import doctest
from contextlib import suppress
from datetime import timedelta
from unicodedata import category
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from triage import cloudevents, machines
from triage.citypack import CHINA
from triage.cloudevents import event_from_headers, read_event
from triage.domain import Appeal
from triage.errors import InputError, PackError
from triage.machines import (
    EventKind,
    Machines,
    city_machines,
    condition,
    load_machines,
    template,
)

EVENTS = CHINA / "events.toml"
TOLD = {"specversion": "1.0", "id": "7", "source": "/ice/3", "type": "paidan.road.ice", "data": {"celsius": 1}}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
PLACE = {"district": "朝阳区", "street": "望京街道"}
SAMPLES = {
    "paidan.road.ice": {"road": "阜通东大街", "celsius": 1.5, "wet": True},
    "paidan.water.pressure": {"place": "望京花园", "mpa": 0.08},
    "paidan.gas.concentration": {"place": "望京花园", "lel": 30},
    "paidan.manhole.moved": {"road": "阜通东大街", "spot": "公交站旁", "owner": "污水", "degrees": 40},
    "paidan.underpass.water": {"place": "京密路铁路桥", "centimetres": 32},
    "paidan.site.dust": {"site": "甲三号地块", "pm10": 412.0},
    "paidan.bin.full": {"place": "望京花园", "percent": 98},
    "paidan.streetlight.fault": {"road": "阜通东大街", "lamps": 6},
    "paidan.lift.entrapment": {"place": "望京花园3号楼", "lift": "1单元", "trapped": True},
    "paidan.lift.fault": {"place": "望京花园3号楼", "lift": "1单元", "code": "E12"},
    "paidan.hydrant.pressure": {"place": "望京花园", "mpa": 0.02},
    "paidan.river.level": {"river": "坝河", "above": 0.7},
    "paidan.heat.temperature": {"place": "望京花园5号楼", "celsius": 14.2},
    "paidan.noise.site": {"site": "甲三号地块", "decibels": 71, "night": True},
    "paidan.bridge.strain": {"bridge": "京密路跨线桥", "measure": "支座位移", "value": 31, "unit": "毫米"},
    "hotline.order": {"text": "望京花园有人在楼道里给电动车飞线充电。", "order": "A1", "hotline": "96119"},
}


def event(data=None, **attributes):
    return read_event({**TOLD, "data": {"celsius": 1} if data is None else data, **attributes})


def said(text, data=None, **attributes):
    """What a template makes of an event."""
    kind = EventKind(type="*", text=template(text))
    return Machines(kinds=(kind,)).appeal(event(data, **attributes)).appeal.text


def told(when, data):
    """Whether a reading becomes an order."""
    kind = EventKind(type="*", text="读数", when=tuple(map(condition, when)))
    return Machines(kinds=(kind,)).appeal(event(data)) is not None


def refusal(act, *args, **kwargs):
    """The code and the field of an error."""
    with pytest.raises(InputError) as caught:
        act(*args, **kwargs)
    return caught.value.code, caught.value.field


def faults(tmp_path, text):
    file = tmp_path / "events.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PackError) as caught:
        load_machines(file)
    assert {fault.file for fault in caught.value.faults} == {str(file)}
    return [(fault.line, fault.message) for fault in caught.value.faults]


@pytest.fixture(scope="module")
def china():
    return load_machines(EVENTS)


def test_the_examples_in_the_module_hold():
    assert doctest.testmod(machines) == (0, 4)
    assert doctest.testmod(cloudevents) == (0, 2)


def test_an_event_is_read_with_what_a_mapping_can_use():
    read = event(
        subject="桥面", time="2026-11-22T06:30:00Z", datacontenttype="application/json", sequence=3, night=True
    )
    assert (read.id, read.source, read.type, read.subject) == ("7", "/ice/3", "paidan.road.ice", "桥面")
    assert (read.time, read.data) == ("2026-11-22T06:30:00Z", {"celsius": 1})


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        *(({name: None}, "missing", name) for name in ("specversion", "id", "source", "type", "data")),
        *(({name: " "}, "missing", name) for name in ("id", "source", "type", "subject")),
        *(({name: 5}, "wrong_type", name) for name in ("specversion", "id", "source", "type", "subject", "time")),
        *(({name: "x" * 257}, "too_long", name) for name in ("id", "source", "type", "subject")),
        ({"specversion": "0.3"}, "unsupported", "specversion"),
        ({"datacontenttype": "application/xml"}, "unsupported", "datacontenttype"),
        ({"datacontenttype": True}, "wrong_type", "datacontenttype"),
        ({"data_base64": "e30="}, "unsupported", "data_base64"),
        *(({"data": value}, "wrong_type", "data") for value in ([], "{}", 0, False)),
        *(({name: "x"}, "bad_name", None) for name in ("Sensor", "sensor_id", "", "传感器", "a" * 257)),
        ({"sensor": {}}, "wrong_type", "sensor"),
        ({"sensor": "x" * 2_049}, "too_long", "sensor"),
        *(({"source": f"/a{odd}"}, "bad_characters", "source") for odd in ("\n", "\0", "\x9f", "\ud800", "\uffff")),
        *(({"time": time}, "bad_time", "time")
          for time in ("2026-11-22", "2026-11-22T06:30:00", "2026-02-30T06:30:00Z", "06:30", "now")),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_by_its_field(change, code, field):
    assert refusal(read_event, {**TOLD, **change}) == (code, field)


@pytest.mark.parametrize("value", [None, [TOLD], "event", 1])
def test_only_an_object_is_an_event(value):
    assert refusal(read_event, value) == ("not_an_object", None)


@pytest.mark.parametrize("change", [
    {"id": "x" * 256}, {"subject": None}, {"sensor": ""}, {"data_base64": None}, {"data": {}},
    {"datacontenttype": "application/json; charset=utf-8"}, {"datacontenttype": "application/vnd.ice+JSON"},
    {"time": "2026-11-22t06:30:00.123456789z"},
])  # fmt: skip
def test_what_the_standard_allows_is_read(change):
    assert read_event({**TOLD, **change}).type == "paidan.road.ice"


def headers(**changes):
    sent = {"ce-specversion": "1.0", "ce-id": "7", "ce-source": "/ice/3", "ce-type": "paidan.road.ice"}
    return sent | {name.replace("_", "-"): value for name, value in changes.items()}


def test_an_event_in_headers_is_the_event_in_a_body():
    sent = {name.title(): value for name, value in headers(Content_Type="application/json").items()}
    assert event_from_headers(sent, {"celsius": 1}) == read_event(TOLD)


@pytest.mark.parametrize(
    ("sent", "subject"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%e5%86%b0", "冰"),
        ('"ice \\"black\\" %25"', 'ice "black" %'),
        ("%41%2541", "A%41"),
        ("100%", "100%"),
        ("a+b", "a+b"),
    ],
)
def test_a_header_is_decoded_once(sent, subject):
    assert event_from_headers(headers(ce_subject=sent), {}).subject == subject


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=200))
def test_whatever_a_sender_encodes_arrives(subject):
    subject = f"s{subject}"
    assert event_from_headers(headers(ce_subject=quote(subject)), {}).subject == subject


@pytest.mark.parametrize("sent", ["%C0%A0", "%FF", "å\x86°", "冰"])
def test_a_header_that_is_no_utf8_is_refused(sent):
    assert refusal(event_from_headers, headers(ce_subject=sent), {}) == ("bad_encoding", "ce-subject")


def test_data_and_its_type_do_not_come_from_attribute_headers():
    sent = headers(ce_data="x", ce_datacontenttype="text/plain", content_type="application/json")
    assert event_from_headers(sent, {"celsius": 1}).data == {"celsius": 1}
    assert refusal(event_from_headers, headers(content_type="text/plain"), {}) == ("unsupported", "datacontenttype")
    assert refusal(event_from_headers, headers(), None) == ("missing", "data")


@pytest.mark.parametrize(
    ("value", "written"),
    [(2.0, "2"), (-0.0, "0"), (0, "0"), (100, "100"), (1.50, "1.5"), (-3.25, "-3.25"), (1e21, "1" + "0" * 21),
     (1e-7, "0.0000001"), (True, "是"), (False, "否"), (" 阜通 ", "阜通"), ("一\r\n二\t三", "一 二 三"),
     ("a\0b\x1b[31mc\u202ed\u200be\ud800", "ab[31mcde"), ("{@source}", "{@source}"), ("%s {0} \\1 \\g<0>",) * 2,
     ("x" * 500,) * 2, ("x" * 501, "x" * 499 + "…")],
)  # fmt: skip
def test_a_value_is_written_plainly(value, written):
    assert said("读数{v}。", {"v": value}) == f"读数{written}。"


def test_a_template_reaches_into_the_data_and_the_attributes():
    data = {"sensor": {"name": "三号", "at": {"路": "阜通东大街"}}, "a-b_1": 5}
    assert said("{sensor.at.路}{sensor.name}{a-b_1}", data) == "阜通东大街三号5"
    assert said("{@id}{@source}{@type}", {}) == "7/ice/3paidan.road.ice"
    assert said("{@subject}在{@time}", {}, subject="桥", time="2026-11-22T22:30:00Z") == "桥在2026-11-23 06:30"


@pytest.mark.parametrize("data", [{}, {"v": None}, {"v": ""}, {"v": " \n"}, {"v": "\u200b"}])
def test_a_value_that_is_missing_is_told_unless_it_may_be(data):
    assert refusal(said, "读数{v}", data) == ("missing", "data.v")
    assert said("读数{v?}", data) == "读数"
    assert refusal(said, "{v?}", data) == ("missing", "data")


@pytest.mark.parametrize("value", [{}, [], {"w": 1}, float("nan"), float("inf"), 10**400])
def test_a_value_that_cannot_be_written_is_refused(value):
    assert refusal(said, "读数{v}", {"v": value}) == ("wrong_type", "data.v")
    assert refusal(said, "读数{v?}", {"v": value}) == ("wrong_type", "data.v")


def test_nothing_but_the_data_can_be_reached():
    assert refusal(said, "{v.__class__}", {"v": "x"}) == ("missing", "data.v.__class__")
    assert refusal(said, "{v.0}", {"v": ["x"]}) == ("missing", "data.v.0")
    assert refusal(said, "{@subject}", {}) == ("missing", "subject")


def test_the_words_of_a_person_are_kept_whole_up_to_the_length_of_an_appeal():
    assert said("{text}", {"text": "字" * 100_000}) == "字" * 100_000
    assert refusal(said, "{text}", {"text": "字" * 100_001}) == ("text_too_long", "data.text")


@given(st.text())
@example("{other}")
@example("{{v}}")
@example("{@id}\\g<1>$1%(v)s")
def test_a_value_is_never_a_template(value):
    data = {"v": value, "other": "EVALUATED"}
    assert said("始{v?}终{@id}", data) == said("始{w?}终{@id}", {"w": value})
    assert "EVALUATED" not in said("始{v?}终", data) or "EVALUATED" in value


@pytest.mark.parametrize(
    ("when", "data", "expected"),
    [
        (["c <= 2"], {"c": 2}, True), (["c <= 2"], {"c": 2.01}, False), (["c < 2"], {"c": 2}, False),
        (["c > -1.5e0"], {"c": -1}, True), (["c>=3"], {"c": 2}, False), (["c >= 3"], {"c": 3.0}, True),
        (["c == 2"], {"c": 2.0}, True), (["c != 2"], {"c": 2.0}, False),
        (["wet == true"], {"wet": True}, True), (["wet == true"], {"wet": False}, False),
        (['s == "on <= off"'], {"s": "on <= off"}, True), (['s.state != "on"'], {"s": {"state": "on"}}, False),
        (["c <= 2", "wet == true"], {"c": 1, "wet": False}, False), (["c <= 2", "wet == true"], {"c": 3}, False),
        (["x == null"], {}, True), (["x == null"], {"x": None}, True), (["x == null"], {"x": {}}, False),
        (["x != null"], {"x": []}, True), (['@source == "/ice/3"'], {}, True), ([], {}, True),
    ],
)  # fmt: skip
def test_only_what_meets_every_condition_becomes_an_order(when, data, expected):
    assert told(when, data) is expected


@pytest.mark.parametrize(
    ("when", "data", "code"),
    [
        ("c <= 2", {}, "missing"), ("c != 2", {"c": None}, "missing"), ("c <= 2", {"c": "1"}, "wrong_type"),
        ("c <= 2", {"c": True}, "wrong_type"), ("c == true", {"c": 1}, "wrong_type"),
        ('c == "on"', {"c": []}, "wrong_type"), ("c <= 2", {"c": float("nan")}, "wrong_type"),
        ("c > 2", {"c": 10**400}, "wrong_type"),
    ],
)  # fmt: skip
def test_a_reading_that_cannot_be_compared_is_told_and_not_passed_over(when, data, code):
    assert refusal(told, [when], data) == (code, "data.c")


@pytest.mark.parametrize("written", [
    "c", "c <=", "<= 2", "c = 2", "c <= two", "c <= 1 or true", "c == [1]", "c == {}", 'c < "2"', "c >= null",
    "c < true", "c == NaN", "c == 1e999", f"c == {'9' * 400}", f"c == {'9' * 5000}", "len(c) > 2", "c + 1 > 2",
    "@data == 1", "@id.x == 1", "c == '1'", "c == " + "[" * 100_000, "",
])  # fmt: skip
def test_a_condition_is_a_path_a_sign_and_a_literal(written):
    with pytest.raises(ValueError, match=r"write|JSON"):
        condition(written)


def test_an_event_becomes_an_appeal_of_a_storm():
    kind = EventKind(
        type="paidan.road.*", text="{road}结冰", address="{at?}", district="{district?}", channel="物联感知",
        storm="{@type} {road}", within=timedelta(hours=6),
    )  # fmt: skip
    read = event({"road": "安定路", "at": "安定路1号"}, time="2026-11-22T06:30:05+00:00")
    reported = Machines(kinds=(kind,)).appeal(read)
    assert reported.appeal == Appeal(
        id="/ice/3 7", text="安定路结冰", address="安定路1号", received_at="2026-11-22T14:30:05+08:00",
        channel="物联感知",
    )  # fmt: skip
    assert (reported.storm, reported.within) == ("paidan.road.ice 安定路", timedelta(hours=6))
    assert reported.type == "paidan.road.*"


def test_without_a_word_the_events_of_a_source_are_one_storm_for_an_hour():
    reported = Machines(kinds=(EventKind(type="*", text="读数"),)).appeal(event())
    assert (reported.storm, reported.within) == ("paidan.road.ice /ice/3", timedelta(hours=1))
    assert (reported.appeal.address, reported.appeal.district, reported.appeal.received_at) == (None, None, None)


@pytest.mark.parametrize(("type_", "fitting"), [
    ("paidan.road.ice", "paidan.road.ice"), ("paidan.road.ice.black", "paidan.road.ice*"),
    ("paidan.road.flood", "paidan.road.*"), ("paidan.lift", "*"), ("paidan.road", "*"),
])  # fmt: skip
@pytest.mark.parametrize("step", [1, -1])
def test_the_most_specific_mapping_wins_in_any_order(type_, fitting, step):
    types = ("*", "paidan.road.*", "paidan.road.ice*", "paidan.road.ice")[::step]
    known = Machines(kinds=tuple(EventKind(type=one, text="读数") for one in types))
    assert known.appeal(event(type=type_)).type == fitting


def test_a_type_that_nobody_mapped_is_refused_with_those_that_are_known():
    known = Machines(kinds=(EventKind(type="a.b", text="读数"), EventKind(type="c.*", text="读数")))
    with pytest.raises(InputError, match=r"no mapping for a\.bc; known are a\.b, c\.\*") as caught:
        known.appeal(event(type="a.bc"))
    assert (caught.value.code, caught.value.field) == ("unknown_event_type", "type")
    assert refusal(Machines().appeal, event()) == ("unknown_event_type", "type")


GOOD = '[[event]]\ntype = "a"\ntext = "{v}"\n\n'


def test_all_faults_of_the_file_come_at_once(tmp_path):
    text = (
        GOOD
        + '[[event]]\ntype = "b c"\ntext = "{v"\nstorm = "{lane?}"\nwithin = "1w"\nwhen = ["v <= 2", "v", "v < true"]\n'
        + 'colour = "red"\nnote = 1\n\n[[event]]\ntype = "a"\ntext = " "\n\n[[event]]\ntype = "a"\ntext = "x"\n'
    )
    found = faults(tmp_path, text)
    assert [line for line, _ in found] == [6, 7, 8, 9, 10, 10, 11, 12, 16, 19]
    expected = [
        "type: b c is no type", "text: a brace that is no placeholder", "storm: without a placeholder",
        "within: 1w is no span", "when: 'v' is no condition", "when: < compares numbers",
        "colour is unknown; known are", "note: a text is expected, not a number", "text: a text is expected",
        "type a is there twice; drop one",
    ]  # fmt: skip
    assert all(message.startswith(begin) for (_, message), begin in zip(found, expected, strict=True)), found


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (GOOD + "[[event]]\ntext = 'x'\n", 5, "type is missing"),
        (GOOD + "[[event]]\ntype = 'x'\n", 5, "text is missing"),
        ("version = 1\n" + GOOD, 1, "version is unknown"),
        (GOOD + "[extra]\n", 5, "extra is unknown"),
        ("\n[event]\ntype = 'a'\n", 2, "event must be tables"),
        ("event = [{type = 'a', text = 'x'}]\n", 1, "event must be tables"),
        ("event = 1\n", 1, "event must be tables"),
        (GOOD + "[[event]]\ntype =\n", 6, "not TOML"),
        (GOOD + "[[event", 5, "not TOML"),
        (GOOD + "[[event]]\ntype = 'x'\ntext = 'y'\nwhen = 5\n", 8, "when: a text is expected"),
        (GOOD + "[[event]]\ntype = 'x*y'\ntext = 'y'\n", 6, "type: x*y is no type"),
        (GOOD + "[[event]]\ntype = 'x'\ntext = '{@data}'\n", 7, "text: a brace that is no placeholder"),
        *((GOOD + f"[[event]]\ntype = 'x'\ntext = 'y'\nwithin = '{span}'\n", 8, "within:")
          for span in ("0m", "m", "1", "1.5h", "-1h", "1 h", "12345d", "30s", "１h")),
        *((GOOD + f"[[event]]\ntype = 'x'\ntext = '{text}'\n", 7, "text: a brace")
          for text in ("{}", "{{v}}", "{a b}", "{v!r}", "{v:>9}", "{v.}", "{.v}", "{v??}", "}", "{v[0]", "{@}")),
    ],
)  # fmt: skip
def test_a_fault_names_its_line_and_the_remedy(tmp_path, text, line, message):
    ((at, found),) = faults(tmp_path, text)
    assert (at, message in found) == (line, True), (at, found)


def test_a_file_that_is_missing_or_not_utf8_is_a_fault(tmp_path):
    ((line, message),) = faults(tmp_path, GOOD.encode() + "note = '冰'".encode("gb18030"))
    assert (line, "UTF-8" in message) == (1, True)
    with pytest.raises(PackError, match="cannot be read"):
        load_machines(tmp_path / "nothing.toml")


def test_what_is_written_is_what_is_loaded(tmp_path):
    file = tmp_path / "events.toml"
    file.write_text('\ufeff[[ "event" ]]\r\ntype = " a.* "\r\ntext = "{v}"\r\nwithin = "2d"\r\nwhen = "v < 2"\r\n')
    loaded = EventKind(type="a.*", text="{v}", within=timedelta(days=2), when=(condition("v < 2"),))
    assert load_machines(file) == Machines(kinds=(loaded,))
    file.write_text("")
    assert load_machines(file) == Machines()


@given(st.text() | st.text("[]event=\"' \n{}tyx.#"))
def test_no_file_raises_anything_but_faults(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "events.toml"
    file.write_text(text, encoding="utf-8", errors="replace")
    with suppress(PackError):
        load_machines(file)


@given(JSON)
def test_no_value_raises_anything_but_an_input_error(value):
    with suppress(InputError):
        read_event(value)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys((*TOLD, "subject", "time", "data_base64", "x", ""), JSON)))
def test_no_event_raises_anything_but_an_input_error(changes):
    kind = EventKind(type="*", text="{celsius}{@subject?}{@time?}", when=(condition("celsius <= 2"),))
    with suppress(InputError):
        Machines(kinds=(kind,)).appeal(read_event({**TOLD, **changes}))


@given(st.dictionaries(st.text(), st.text()), JSON)
def test_no_header_raises_anything_but_an_input_error(odd, body):
    with suppress(InputError):
        event_from_headers({**headers(), **{f"Ce-{name}": value for name, value in odd.items()}}, body)


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_whatever_a_machine_measures_it_is_words_or_an_input_error(china, type_, data):
    sample = {**SAMPLES[type_], **PLACE}
    odd = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(sample, JSON)))
    with suppress(InputError):
        reported = china.appeal(event({**sample, **odd}, type=type_))
        assert reported is None or (reported.appeal.text.strip() and reported.storm)
        assert reported is None or not {"Cc", "Cf", "Cs"} & set(map(category, reported.appeal.text))


def test_every_mapping_of_the_country_has_a_sample_here(china):
    assert [kind.type for kind in china.kinds] == list(SAMPLES)


@pytest.mark.parametrize("type_", SAMPLES)
def test_a_sample_becomes_a_sentence_with_its_place_first(china, type_):
    reported = china.appeal(event({**PLACE, **SAMPLES[type_]}, type=type_))
    assert reported.type == type_
    assert not set("{}") & set(reported.appeal.text + reported.storm + str(reported.appeal.channel))
    assert reported.appeal.text.startswith("望京花园" if type_ == "hotline.order" else "朝阳区望京街道")
    assert reported.appeal.district == "朝阳区"
    assert (reported.appeal.text[-1], reported.appeal.address) == ("。", None)


@pytest.mark.parametrize("type_", [type_ for type_ in SAMPLES if type_ != "hotline.order"])
def test_a_sensor_without_a_district_is_heard_as_well(china, type_):
    assert china.appeal(event({**SAMPLES[type_], "address": "某路1号"}, type=type_)).appeal.address == "某路1号"


@pytest.mark.parametrize(
    ("type_", "quiet"),
    [
        ("paidan.road.ice", {"celsius": 2.1}), ("paidan.road.ice", {"wet": False}),
        ("paidan.water.pressure", {"mpa": 0.14}), ("paidan.gas.concentration", {"lel": 24.9}),
        ("paidan.manhole.moved", {"degrees": 3}), ("paidan.underpass.water", {"centimetres": 4}),
        ("paidan.site.dust", {"pm10": 150}), ("paidan.bin.full", {"percent": 60}),
        ("paidan.streetlight.fault", {"lamps": 0}), ("paidan.lift.entrapment", {"trapped": False}),
        ("paidan.hydrant.pressure", {"mpa": 0.3}), ("paidan.river.level", {"above": 0}),
        ("paidan.heat.temperature", {"celsius": 18}), ("paidan.noise.site", {"night": False}),
    ],
)  # fmt: skip
def test_a_reading_within_its_limits_is_no_matter(china, type_, quiet):
    assert china.appeal(event({**SAMPLES[type_], **quiet}, type=type_)) is None


def test_orders_of_another_hotline_are_not_one_storm_and_keep_their_words(china):
    first, other = (china.appeal(event({**SAMPLES["hotline.order"], "order": number}, type="hotline.order", id=number))
                    for number in ("A1", "A2"))  # fmt: skip
    assert first.storm != other.storm
    assert (first.appeal.text, first.appeal.channel) == (SAMPLES["hotline.order"]["text"], "96119")


def test_a_city_has_its_own_words_for_some_machines_and_the_countrys_for_the_rest(tmp_path, china):
    assert city_machines(CHINA, tmp_path) == china == city_machines(CHINA, None)
    own = '[[event]]\ntype = "{}"\ntext = "路灯{{n}}不亮"\n'
    (tmp_path / "events.toml").write_text(own.format("paidan.streetlight.fault") + own.format("city.lamp"), "utf-8")
    found = {kind.type: kind for kind in city_machines(CHINA, tmp_path).kinds}
    assert found["paidan.streetlight.fault"].text == found["city.lamp"].text == "路灯{n}不亮"
    others = [kind for kind in china.kinds if kind.type != "paidan.streetlight.fault"]
    assert [found[kind.type] for kind in others] == others
    assert len(found) == len(china.kinds) + 1


def test_a_fault_in_a_citys_own_table_names_its_file(tmp_path):
    (tmp_path / "events.toml").write_text("[[event]]\ntype = 7\n", "utf-8")
    with pytest.raises(PackError, match=r"events\.toml:2: ") as caught:
        city_machines(CHINA, tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_ice_on_one_road_is_one_storm_whatever_sensor_tells_it(china):
    road = {**PLACE, **SAMPLES["paidan.road.ice"]}
    one, other, elsewhere = (
        china.appeal(event(data, type="paidan.road.ice", source=source))
        for data, source in ((road, "/ice/3"), (road | {"celsius": 0}, "/ice/4"), (road | {"road": "安定路"}, "/ice/3"))
    )
    assert one.storm == other.storm != elsewhere.storm

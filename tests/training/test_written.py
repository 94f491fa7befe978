"""What a bundle makes of texts that were written to test it is counted: what goes elsewhere, and several matters."""

from dataclasses import dataclass, field

import pytest

from training.written import try_written
from triage.citypack import CityPack
from triage.domain import (
    Action,
    Decision,
    Mandate,
    Matter,
    Office,
    Place,
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
from triage.errors import InputError

ELSEWHERE = "id,text,to,also,voice"
SEVERAL = "id,text,topics,places,voice,author"


def unit(code, name, duty, district=""):
    kind = UnitKind.DISTRICT if district else UnitKind.MUNICIPAL
    return Unit(code=UnitCode(code), name=name, kind=kind, duty=duty, district=district)


WATER, LIGHTS, EAST = (
    unit("water", "水务局", "水务"),
    unit("lights", "城管局", "照明"),
    unit("east", "东区城管局", "照明", "东区"),
)
STOP, DARK, NOBODYS = (
    Topic(code=TopicCode(code), path=("市政", name)) for code, name in (("s", "停水"), ("d", "路灯"), ("n", "无主"))
)
PACK = CityPack(
    name="demo",
    title="示例",
    version="1",
    units=(WATER, LIGHTS, EAST),
    topics=(STOP, DARK, NOBODYS),
    mandates=(
        Mandate(topic=STOP.code, lead=Office(level=UnitKind.MUNICIPAL, duty="水务")),
        Mandate(topic=DARK.code, lead=Office(level=UnitKind.MUNICIPAL, duty="照明")),
        Mandate(topic=DARK.code, lead=Office(level=UnitKind.DISTRICT, duty="照明"), district="东区"),
    ),
)


def matter(*suggested):
    return Matter(
        start=0,
        end=1,
        topics=(),
        place=Place(),
        suggestions=tuple(Suggestion(unit=one, probability=0.5) for one in suggested),
        decision=Decision(action=Action.SUGGEST, reason="likely", why=""),
    )


@dataclass
class Said:
    """A triage that says of each text what it was told to, where it goes or its matters, and keeps what it is asked."""

    decisions: dict = field(default_factory=dict)
    matters: dict = field(default_factory=dict)
    pack: CityPack = PACK
    asked: list = field(default_factory=list)

    def route_many(self, appeals):
        self.asked.append([appeal.text for appeal in appeals])
        return [self._routing(appeal) for appeal in appeals]

    def _routing(self, appeal):
        action, to = self.decisions.get(appeal.text, (Action.SUGGEST, "likely"))
        transferred = action is Action.TRANSFER
        return Routing(
            appeal=appeal,
            reading=Reading(masked=appeal.text, tokens=()),
            topics=(),
            place=Place(),
            candidates=(),
            suggestions=(),
            decision=Decision(
                action=action, reason="a rule" if transferred else to, why="", to=to if transferred else None
            ),
            versions=Versions(bundle="b", pack="p", policy="1"),
            matters=tuple(self.matters.get(appeal.text, ())),
        )


def write(folder, file, header, *rows):
    (folder / file).write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return folder


def transfers(**to):
    return Said({text: (Action.TRANSFER, number) for text, number in to.items()})


def test_who_is_found_among_those_who_should_be_transferred_is_counted(tmp_path):
    write(tmp_path, "emergencies.csv", ELSEWHERE, *(f"{text},{text},119,,panic" for text in "abcd"))
    said = transfers(a="119", b="119", c="110")
    said.decisions["d"] = (Action.DECLINE, "119")
    assert try_written(said, tmp_path) == {
        "emergencies: recall": 3 / 4,
        "emergencies: right destination": 2 / 3,
        "emergencies: false alarms among look-alikes": 0,
    }


@pytest.mark.parametrize(("to", "right"), [("119", 1), ("120", 1), ("110", 1), ("122", 0), ("", 0)])
def test_a_destination_is_right_too_if_it_is_one_of_those_beside(tmp_path, to, right):
    write(tmp_path, "emergencies.csv", ELSEWHERE, "a,a,119,120|110,panic")
    assert try_written(transfers(a=to), tmp_path)["emergencies: right destination"] == right


def test_what_only_looks_like_an_emergency_is_counted_by_itself(tmp_path):
    rows = ["a,a,119,,panic", *(f"{text},{text},none,,call" for text in "bcde")]
    found = try_written(transfers(a="119", c="119"), write(tmp_path, "emergencies.csv", ELSEWHERE, *rows))
    assert found == {
        "emergencies: recall": 1,
        "emergencies: right destination": 1,
        "emergencies: false alarms among look-alikes": 1 / 4,
    }


def test_what_is_declined_is_known_by_its_reason(tmp_path):
    rows = ["a,a,litigation,,call", "b,b,court,litigation,call", "c,c,court,,call", "d,d,court,,call", "e,e,none,,call"]
    said = Said(dict.fromkeys("abc", (Action.DECLINE, "litigation")))
    said.decisions["e"] = (Action.TRANSFER, "119")
    assert try_written(said, write(tmp_path, "declined.csv", ELSEWHERE, *rows)) == {
        "declined: recall": 3 / 4,
        "declined: right destination": 2 / 3,
        "declined: false alarms among look-alikes": 0,
    }


def test_where_none_should_be_found_or_none_is_found_nothing_is_divided_by_nothing(tmp_path):
    write(tmp_path, "emergencies.csv", ELSEWHERE, "a,a,none,,call")
    write(tmp_path, "declined.csv", ELSEWHERE, "b,b,court,,call")
    assert set(try_written(Said(), tmp_path).values()) == {0}


def several(folder, *rows):
    return write(folder, "matters.csv", SEVERAL, *rows)


def test_the_marks_are_not_shown_to_the_triage(tmp_path):
    said = Said()
    try_written(said, several(tmp_path, "a,停水了。‖路灯坏了,停水|路灯,/|/,call,anna"))
    assert said.asked == [["停水了。路灯坏了"]]


@pytest.mark.parametrize(("found", "right"), [(0, 0), (1, 0), (2, 1), (3, 0)])
def test_as_many_matters_as_there_are_must_be_found(tmp_path, found, right):
    said = Said(matters={"停水了。路灯坏了": [matter(WATER)] * found})
    assert try_written(said, several(tmp_path, "a,停水了。‖路灯坏了,停水|路灯,/|/,call,anna")) == {
        "matters: number right": right,
        "matters: units of all right": 0,
    }


@pytest.mark.parametrize(
    ("places", "suggested", "right"),
    [
        ("/|/", (WATER, LIGHTS), 1),
        ("东区/|/", (WATER, LIGHTS), 1),
        ("/|东区/", (WATER, EAST), 1),
        ("/|东区/某街道", (WATER, EAST), 1),
        ("/|东区/", (WATER, LIGHTS), 0),
        ("/|/", (LIGHTS, WATER), 0),
        ("/|/", (WATER, WATER), 0),
    ],
)
def test_the_first_suggestion_of_every_matter_must_lead_it_by_the_directory(tmp_path, places, suggested, right):
    said = Said(matters={"停水了。路灯坏了": [matter(one, WATER, LIGHTS, EAST) for one in suggested]})
    found = try_written(said, several(tmp_path, f"a,停水了。‖路灯坏了,停水|路灯,{places},call,anna"))
    assert found == {"matters: number right": 1, "matters: units of all right": right}


def test_what_the_directory_leads_to_nobody_is_not_right(tmp_path):
    said = Said(matters={"停水了。没人管": [matter(WATER), matter(LIGHTS)]})
    found = try_written(said, several(tmp_path, "a,停水了。‖没人管,停水|无主,/|/,call,anna"))
    assert found["matters: units of all right"] == 0


def test_a_matter_for_which_nobody_is_suggested_is_not_right(tmp_path):
    said = Said(matters={"停水了。路灯坏了": [matter(WATER), matter()]})
    found = try_written(said, several(tmp_path, "a,停水了。‖路灯坏了,停水|路灯,/|/,call,anna"))
    assert found == {"matters: number right": 1, "matters: units of all right": 0}


def test_all_texts_count_also_those_whose_number_is_wrong(tmp_path):
    said = Said(matters={"停水甲路灯": [matter(WATER), matter(LIGHTS)], "停水乙路灯": [matter(WATER), matter(WATER)]})
    rows = [f"{at},停水{at}‖路灯,停水|路灯,/|/,call,anna" for at in "甲乙丙丁"]
    assert try_written(said, several(tmp_path, *rows)) == {
        "matters: number right": 2 / 4,
        "matters: units of all right": 1 / 4,
    }


def test_what_has_one_matter_should_neither_be_split_nor_go_elsewhere(tmp_path):
    said = Said(matters={"a": [matter(WATER)] * 2})
    said.decisions |= {"b": (Action.TRANSFER, "119"), "c": (Action.DECLINE, "court"), "d": (Action.DISPATCH, "sure")}
    write(tmp_path, "single.csv", SEVERAL, *(f"{text},{text},停水,/,call,anna" for text in "abcde"))
    assert try_written(said, tmp_path) == {"single: split": 1 / 5, "single: transferred or declined": 2 / 5}


def test_each_file_that_is_there_is_tried(tmp_path):
    write(tmp_path, "emergencies.csv", ELSEWHERE, "a,a,119,,panic")
    write(tmp_path, "single.csv", SEVERAL, "b,b,停水,/,call,anna")
    assert {name.partition(":")[0] for name in try_written(Said(), tmp_path)} == {"emergencies", "single"}
    write(tmp_path, "declined.csv", ELSEWHERE, "c,c,court,,call")
    several(tmp_path, "d,停水了。‖路灯坏了,停水|路灯,/|/,call,anna")
    figures = try_written(Said(), tmp_path)
    assert [*dict.fromkeys(name.partition(":")[0] for name in figures)] == [
        *("emergencies", "declined", "matters", "single")
    ]


def test_where_none_of_the_files_is_the_folder_is_named(tmp_path):
    write(tmp_path, "others.csv", ELSEWHERE, "a,a,119,,panic")
    with pytest.raises(InputError, match=r"no emergencies\.csv, declined\.csv, matters\.csv or single\.csv") as caught:
        try_written(Said(), tmp_path)
    assert caught.value.file == tmp_path


@pytest.mark.parametrize(
    ("file", "header", "missing"),
    [
        ("emergencies.csv", "id,text,to,voice", "also"),
        ("declined.csv", "id,voice", "also, text, to"),
        ("matters.csv", "id,text,topics,voice,author", "places"),
        ("single.csv", "text,topics", "id"),
    ],
)
def test_no_column_may_be_missing(tmp_path, file, header, missing):
    row = ",".join("a" for _ in header.split(","))
    with pytest.raises(InputError, match=f"column {missing} is missing") as caught:
        try_written(Said(), write(tmp_path, file, header, row))
    assert (caught.value.file, caught.value.row) == (tmp_path / file, 1)


def test_a_spreadsheet_may_have_saved_them(tmp_path):
    write(tmp_path, "single.csv", f"\ufeff{SEVERAL}", "a,a,停水,/,call,anna")
    assert try_written(Said(), tmp_path)["single: split"] == 0


def test_many_are_tried_some_at_a_time_and_in_order(tmp_path):
    texts = [f"第{at}件" for at in range(600)]
    write(tmp_path, "single.csv", SEVERAL, *(f"{text},{text},停水,/,call,anna" for text in texts))
    said = Said()
    try_written(said, tmp_path)
    assert [text for asked in said.asked for text in asked] == texts
    assert max(map(len, said.asked)) < len(texts)

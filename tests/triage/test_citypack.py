"""A pack comes back as it was written, and a bad one tells all of its faults at once."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.citypack import CityPack, PackPlace, PlaceKind, counts, fingerprint, load_pack, write_pack
from triage.domain import Deadline, Mandate, Office, Outside, Topic, TopicCode, Unit, UnitCode, UnitKind, Urgency
from triage.errors import InputError, PackError

GOOD = {
    "pack.toml": 'name = "demo"\ntitle = "示例"\nversion = "1"\n',
    "units.csv": "code,name,kind,district,duty,aliases\n"
    "u1,市水务局,municipal,,水务,水务局\n"
    "u2,东湖区城管局,district,东湖区,城管执法,东湖城管|东湖区城管\n",
    "topics.csv": "code,level1,level2,words\nt1,市政,路灯,路灯|灯杆\nt2,市政,,\n",
    "places.csv": "name,kind,district,street,aliases\n"
    "东湖区,district,东湖区,,东湖\n春柳街道,street,东湖区,春柳街道,春柳\n柳芽社区,community,东湖区,春柳街道,\n",
    "duties.csv": "duty,words\n水务,水务局|自来水\n城管执法,城管\n",
    "lexicon.txt": "# 说明\n接诉即办 2000 n\n\n未诉先办\n",
}


@pytest.fixture
def folder(tmp_path):
    def made(**changed):
        for file, text in (GOOD | {name.replace("_", "."): text for name, text in changed.items()}).items():
            if text is not None:
                (tmp_path / file).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return made


def faults(folder):
    with pytest.raises(PackError) as caught:
        load_pack(folder)
    return [(Path(fault.file).name, fault.line, fault.message) for fault in caught.value.faults]


def test_a_pack_is_read_from_its_files(folder):
    pack = load_pack(folder())
    assert (pack.name, pack.title, pack.version, pack.city) == ("demo", "示例", "1", "")
    assert pack.unit_by_name["东湖区城管局"].aliases == ("东湖城管", "东湖区城管")
    assert pack.unit_by_name["东湖区城管局"].kind is UnitKind.DISTRICT
    assert pack.topic_by_path[("市政",)].code == "t2"
    assert pack.topic_words == {"t1": ("路灯", "灯杆")}
    assert pack.districts == ("东湖区",)
    assert pack.places[2] == PackPlace(name="柳芽社区", kind=PlaceKind.COMMUNITY, district="东湖区", street="春柳街道")
    assert pack.duties["水务"] == ("水务局", "自来水")
    assert pack.lexicon == ("接诉即办 2000 n", "未诉先办")


def test_words_are_what_the_tokenizer_must_know(folder):
    assert load_pack(folder()).words == (
        *("接诉即办", "未诉先办", "东湖区", "东湖", "春柳街道", "春柳", "柳芽社区"),
        *("水务局", "东湖城管", "东湖区城管"),
    )


def test_counts(folder):
    directory = "topic,district,lead\nt1,,municipal:水务\nt1,东湖区,district:城管执法\nt2,,municipal:水务\n"
    rules = "code,action,to,words,say\nr,transfer,119,着火了,请离开。\n"
    assert counts(load_pack(folder(directory_csv=directory, rules_csv=rules))) == {
        "districts": 1, "streets and townships": 1, "units": 2, "duties": 2, "topics": 2, "mandates": 3, "places": 3,
        "lexicon": 2, "rules": 1,
    }  # fmt: skip


def test_a_line_of_the_directory_is_a_mandate(folder):
    directory = (
        "topic,district,lead,assist,basis,deadline,valid_from,valid_to\n"
        "t1,东湖区,district:城管执法,municipal:水务|district:水务,《条例》第三条,24h,2026-01-01,2026-06-30\n"
        "t1,,municipal:水务,,,,,\n"
        "t2,,municipal:水务,,,,,\n"
    )
    of_district, of_city, _ = load_pack(folder(directory_csv=directory)).mandates
    assert of_district == Mandate(
        topic=TopicCode("t1"),
        district="东湖区",
        lead=Office(level=UnitKind.DISTRICT, duty="城管执法"),
        assist=(Office(level=UnitKind.MUNICIPAL, duty="水务"), Office(level=UnitKind.DISTRICT, duty="水务")),
        basis="《条例》第三条",
        deadline=Deadline.HOURS_24,
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 6, 30),
    )
    assert of_city == Mandate(topic=TopicCode("t1"), lead=Office(level=UnitKind.MUNICIPAL, duty="水务"))


def test_what_has_ended_stays_with_its_last_day_and_its_successor(folder):
    units = (
        "code,name,kind,duty,valid_from,valid_to,successor\n"
        "u1,市水利局,municipal,水务,1990-01-01,2003-12-31,u2\nu2,市水务局,municipal,水务,,,\n"
    )
    places = (
        "name,kind,district,code,valid_from,valid_to,successor\n"
        "东湖区,district,,1,,,\n春柳乡,street,东湖区,11,1980-01-01,2010-05-31,12\n春柳街道,street,东湖区,12,2010-06-01,,\n"
    )
    pack = load_pack(folder(units_csv=units, places_csv=places))
    old, new = pack.units
    assert (old.valid_from, old.valid_to, old.successor) == (date(1990, 1, 1), date(2003, 12, 31), "u2")
    assert (new.valid_from, new.valid_to, new.successor) == (None, None, "")
    _, township, _ = pack.places
    assert (township.code, township.successor) == ("11", "12")
    assert (township.valid_from, township.valid_to) == (date(1980, 1, 1), date(2010, 5, 31))


def test_what_a_unit_did_is_done_by_the_end_of_its_line_of_successors():
    units = tuple(
        Unit(code=UnitCode(code), name=name, kind=UnitKind.MUNICIPAL, aliases=aliases, successor=UnitCode(successor))
        for code, name, aliases, successor in [
            ("u1", "市河道处", ("河道处",), "u2"),
            ("u2", "市水利局", (), "u3"),
            ("u3", "市水务局", ("水务局",), ""),
            ("u4", "市林业局", (), ""),
        ]
    )
    assert CityPack(name="x", title="x", version="1", units=units).acting_names == {
        **dict.fromkeys(("市河道处", "河道处", "市水利局", "市水务局", "水务局"), "市水务局"),
        "市林业局": "市林业局",
    }


def test_a_topic_tells_how_it_comes_how_urgent_it_is_and_who_must_handle_it(folder):
    topics = (
        "code,level1,meaning,kinds,urgency,outside,statutory\nt1,停水,没水,投诉|求助,较急,water,水务\nt2,绿化,,,,,\n"
    )
    assert load_pack(folder(topics_csv=topics)).topics == (
        Topic(
            code=TopicCode("t1"),
            path=("停水",),
            meaning="没水",
            kinds=("投诉", "求助"),
            urgency=Urgency.SUPPLY,
            outside=Outside.WATER,
            statutory="水务",
        ),
        Topic(code=TopicCode("t2"), path=("绿化",)),
    )


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_excel_may_have_saved_it(folder, line_end):
    units = GOOD["units.csv"].replace("\n", line_end).encode("utf-8-sig")
    assert load_pack(folder(units_csv=units)) == load_pack(folder())


def test_empty_columns_and_rows_at_the_end_are_nothing(folder):
    duties = GOOD["duties.csv"].replace("\n", ",,\n") + ",,,\n"
    assert load_pack(folder(duties_csv=duties)) == load_pack(folder())


def test_places_and_lexicon_may_be_missing(folder):
    units = "code,name,kind,duty\nu1,市水务局,municipal,水务\n"
    pack = load_pack(folder(units_csv=units, places_csv=None, lexicon_txt=None))
    assert (pack.places, pack.lexicon, pack.districts) == ((), (), ())


def test_a_district_and_a_street_lie_in_themselves():
    assert PackPlace(name="东湖区", kind=PlaceKind.DISTRICT).district == "东湖区"
    assert PackPlace(name="春柳街道", kind=PlaceKind.STREET, district="东湖区").street == "春柳街道"


@pytest.mark.parametrize(
    ("file", "text", "line", "message"),
    [
        ("units.csv", None, 1, "the file is missing"),
        ("pack.toml", None, 1, "the file is missing"),
        ("pack.toml", 'name = "demo"\ntitle = \nversion = "1"', 2, "not TOML"),
        ("pack.toml", 'name = "demo"\ntitle = "x"\n', 1, 'write version = "..."'),
        ("pack.toml", 'name = "demo"\ntitle = "x"\nversion = 1\n', 3, "version must be a text"),
        ("units.csv", GOOD["units.csv"].encode("gb18030"), 2, "not UTF-8"),
        ("units.csv", "name,kind,duty\n市水务局,municipal,水务\n", 1, "column code is missing"),
        ("units.csv", "code,name,kind,duty,alaises\nu1,市水务局,municipal,水务,\n", 1, "column 'alaises' is unknown"),
        ("units.csv", "", 1, "column code is missing"),
        ("units.csv", "code,name,kind,duty\n,市水务局,municipal,水务\n", 2, "code is empty"),
        ("units.csv", "code,name,kind,duty\nu1,市水务局,municipal,水务,x\n", 2, "5 cells under 4 columns"),
        ("units.csv", 'code,name,kind,duty\nu1,"市水务局,municipal,水务\n', 2, "not CSV"),
        ("units.csv", "code,name,kind,duty\nu1,甲局,municipal,水务\nu1,乙局,municipal,水务\n", 3, "code u1 is already"),
        ("units.csv", "code,name,kind,duty\nu1,甲局,other,水务\nu2,甲局,other,水务\n", 3, "name 甲局 is already"),
        ("units.csv", "code,name,kind,duty\nu1,甲局,city,水务\n", 2, "kind city is unknown; write one of municipal"),
        ("units.csv", "code,name,kind,duty\nu1,甲局,municipal,火务\n", 2, "duty 火务 is unknown; add it to duties.csv"),
        ("units.csv", "code,name,kind,duty,district\nu1,甲局,district,水务,西湖区\n", 2, "district 西湖区 is unknown"),
        ("units.csv", "code,name,kind,duty,district\nu1,甲局,other,水务,春柳街道\n", 2, "district 春柳街道 is unknown"),
        ("units.csv", "code,name,kind,duty,aliases\nu1,甲局,other,水务,丙\nu2,乙局,other,水务,丙\n", 3, "alias 丙"),
        ("units.csv", "code,name,kind,duty,aliases\nu1,甲局,other,水务,乙局\nu2,乙局,other,水务,\n", 2, "means 乙局"),
        ("units.csv", "code,name,kind,duty\nu1,=1+1,other,水务\n", 2, "write '=1+1"),
        ("topics.csv", "code,level1\nt1,市政\nt1,环卫\n", 3, "code t1 is already on line 2"),
        ("topics.csv", "code,level1,level2\nt1,市政,路灯\nt2,市政,路灯\n", 3, "path 市政/路灯 is already on line 2"),
        ("topics.csv", "code,level1,level2,level3\nt1,市政,,路灯\n", 2, "the path has a gap: level2 is empty"),
        ("topics.csv", "code,level1,urgency\nt1,市政,急\n", 2, "urgency 急 is unknown; write one of 紧急"),
        ("topics.csv", "code,level1,outside\nt1,市政,114\n", 2, "outside 114 is unknown; write one of 110"),
        ("topics.csv", "code,level1,statutory\nt1,市政,火务\n", 2, "statutory 火务 is unknown; add it to duties.csv"),
        ("places.csv", "name,kind\n东湖区,district\n甲,planet\n", 3, "kind planet is unknown"),
        ("places.csv", "name,kind,district\n东湖区,district,\n甲,road,西湖区\n", 3, "district 西湖区 is unknown"),
        ("places.csv", "name,kind,district,street\n东湖区,district,,\n甲,road,东湖区,乙街道\n", 3, "street 乙街道"),
        ("places.csv", "name,kind,district\n东湖区,district,\n甲区,district,东湖区\n", 3, "cannot lie in 东湖区"),
        ("places.csv", "name,kind\n东湖区,district\n甲,road\n甲,road\n", 4, "place 甲/road is already on line 3"),
        ("duties.csv", "duty,words\n水务,水\n城管执法,城管\n水务,河\n", 4, "duty 水务 is already on line 2"),
        ("duties.csv", "duty,words\n水务,\n城管执法,城管\n", 2, "words is empty"),
        ("lexicon.txt", "好词\n坏 词 语\n", 2, "'坏 词 语' is not: word [frequency] [tag]"),
    ],
)  # fmt: skip
def test_a_fault_names_file_and_line(folder, file, text, line, message):
    found = faults(folder(**{file.replace(".", "_"): text}))
    assert [fault for fault in found if fault[:2] == (file, line) and message in fault[2]], found


def test_all_faults_come_at_once_in_the_order_of_file_and_line(folder):
    found = faults(
        folder(
            units_csv="code,name,kind,district,duty,aliases\nu1,甲局,city,,水务,\nu1,乙局,municipal,西湖区,火务,\n",
            topics_csv="code,level1\nt1,\n",
            lexicon_txt="a b c d",
        )
    )
    assert [fault[:2] for fault in found] == [
        ("lexicon.txt", 1), ("topics.csv", 2),
        ("units.csv", 2), ("units.csv", 3), ("units.csv", 3), ("units.csv", 3),
    ]  # fmt: skip


def test_a_file_that_cannot_be_read_accuses_nobody(folder):
    found = faults(folder(duties_csv=b"\xff\xfe", places_csv="kind\ndistrict\n"))
    assert [fault[:2] for fault in found] == [("duties.csv", 1), ("places.csv", 1)]


def test_the_line_is_where_the_record_begins_even_after_a_line_break_in_quotes(folder):
    topics = 'code,level1,meaning\nt1,市政,"第一行\n第二行"\n\n,环卫,"空\n白"\n'
    assert faults(folder(topics_csv=topics)) == [("topics.csv", 5, "code is empty")]


def test_no_folder_and_no_pack_name_the_remedy(tmp_path):
    with pytest.raises(PackError, match="no such folder; `paidan-train fit"):
        load_pack(tmp_path / "none")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(PackError, match="holds no city pack; `paidan-train fit"):
        load_pack(tmp_path)


def test_nothing_is_written_for_a_pack_with_faults(tmp_path):
    unit = Unit(code=UnitCode("u1"), name="市水务局", kind=UnitKind.MUNICIPAL, duty="水务")
    with pytest.raises(PackError, match="duty 水务 is unknown"):
        write_pack(CityPack(name="x", title="x", version="1", units=(unit,)), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_value_that_would_not_come_back_is_refused(tmp_path):
    with pytest.raises(InputError, match="white space"):
        write_pack(CityPack(name="x", title="x", version="1", duties={"水务": ("水|火",)}), tmp_path)


def test_a_fifth_level_is_refused(tmp_path):
    topic = Topic(code=TopicCode("t1"), path=tuple("甲乙丙丁戊"))
    with pytest.raises(InputError, match="four levels"):
        write_pack(CityPack(name="x", title="x", version="1", topics=(topic,)), tmp_path)


def test_a_cell_like_a_formula_is_written_so_that_excel_does_not_run_it(tmp_path):
    pack = CityPack(name="x", title="x", version="1", duties={"=cmd": ("'水", "火")})
    write_pack(pack, tmp_path)
    assert (tmp_path / "duties.csv").read_bytes() == "duty,words\n'=cmd,''水|火\n".encode()
    assert load_pack(tmp_path) == pack


def test_the_fingerprint_is_of_the_content_not_of_the_order(folder):
    pack = load_pack(folder(rules_csv="code,action,say\n", policy_toml=""))
    swapped = GOOD["duties.csv"].splitlines()
    assert fingerprint(load_pack(folder(duties_csv="\n".join([swapped[0], *swapped[:0:-1]])))) == fingerprint(pack)
    assert fingerprint(load_pack(folder(duties_csv=GOOD["duties.csv"] + "消防,消防队\n"))) != fingerprint(pack)
    assert fingerprint(load_pack(folder(policy_toml='version = "2"\n'))) != fingerprint(pack)
    rules = "code,action,to,words,say\nr,transfer,119,着火了,请离开。\n"
    assert fingerprint(load_pack(folder(policy_toml="", rules_csv=rules))) != fingerprint(pack)
    assert fingerprint(pack) == "a8bfc27f4a5b961f1af574edf7530f56a3216247a6dd025443972555a7813ee2"


word = st.text("水务局城管东湖=+-@'\",#路 \n灯a1", min_size=1, max_size=6).map(str.strip).filter(bool)
several = st.lists(word, unique=True, max_size=3).map(tuple)
entry = st.from_regex(r"[^\W_]{1,5}( [0-9]{1,4})?( [a-z]{1,2})?", fullmatch=True)
day = st.dates(date(1990, 1, 1), date(2040, 12, 31))
validity = st.tuples(st.none() | day, st.none() | day).filter(lambda days: None in days or days[0] <= days[1])
ANYWHERE = (UnitKind.MUNICIPAL, UnitKind.COMPANY, UnitKind.ZONE, UnitKind.OTHER)


@st.composite
def lines_of_units(draw, names, aliases, districts, duties):
    """Units of which some have ended, each line of successors leading to a later one; the last acts for the city."""
    units = []
    for number, name in enumerate(names):
        first, last = draw(validity)
        later = [f"u{after}" for after in range(number + 1, len(names) + 1)]
        units.append(
            Unit(
                code=UnitCode(f"u{number}"),
                name=name,
                kind=draw(st.sampled_from(UnitKind)),
                district=draw(st.sampled_from(["", *districts])),
                duty=draw(st.sampled_from(duties)),
                aliases=tuple(aliases[number : number + 1]),
                valid_from=first,
                valid_to=last,
                successor=UnitCode(draw(st.sampled_from(["", *later])) if last else ""),
            )
        )
    city = draw(st.sampled_from(duties))
    return [*units, Unit(code=UnitCode(f"u{len(names)}"), name="市政府", kind=UnitKind.MUNICIPAL, duty=city)]


@st.composite
def directories(draw, topics, units, districts):
    """For each topic a line of the city, perhaps followed by another, and perhaps one of a district."""
    acting = [unit for unit in units if not unit.valid_to and not unit.district and unit.kind in ANYWHERE]
    offices = {Office(level=unit.kind, duty=unit.duty) for unit in acting}
    offices |= {Office(level=UnitKind.DISTRICT, duty=unit.duty) for unit in acting if unit.kind is UnitKind.MUNICIPAL}
    office = st.sampled_from(sorted(offices, key=str))

    def line(topic, district, first, last):
        return Mandate(
            topic=topic.code,
            district=district,
            lead=draw(office),
            assist=tuple(draw(st.lists(office, unique=True, max_size=2))),
            basis=draw(st.just("") | word),
            deadline=draw(st.sampled_from(Deadline)),
            valid_from=first,
            valid_to=last,
        )

    mandates = []
    for topic in topics:
        last = draw(st.none() | day)
        mandates.append(line(topic, "", None, last))
        if last:
            mandates.append(line(topic, "", last + timedelta(days=1), None))
        mandates += [line(topic, district, *draw(validity)) for district in districts if draw(st.booleans())]
    return mandates


@st.composite
def packs(draw):
    districts = draw(st.lists(word, unique=True, max_size=3))
    duties = draw(st.dictionaries(word, several.filter(bool), min_size=1, max_size=3))
    names = draw(st.lists(word, unique=True, max_size=6))
    owned, unit_names = names[: len(names) // 2], names[len(names) // 2 :]
    units = draw(lines_of_units(unit_names, owned, districts, sorted(duties)))
    paths = draw(st.lists(st.lists(word, min_size=1, max_size=4).map(tuple), unique=True, max_size=4))
    topics = [
        Topic(
            code=TopicCode(f"t{n}"),
            path=path,
            meaning=draw(word),
            kinds=draw(several),
            urgency=draw(st.sampled_from(Urgency)),
            outside=draw(st.none() | st.sampled_from(Outside)),
            statutory=draw(st.sampled_from(["", *duties])),
        )
        for n, path in enumerate(paths)
    ]
    mandates = draw(st.just([]) | directories(topics, units, districts))
    named = [(name, PlaceKind.DISTRICT, "") for name in districts]
    named += [
        (name, PlaceKind.STREET, draw(st.sampled_from(["", *districts])))
        for name in draw(st.lists(word, unique=True, max_size=2))
    ]
    places = []
    for number, (name, kind, district) in enumerate(named):
        first, last = draw(validity)
        later = [f"{after}" for after in range(number + 1, len(named))]
        places.append(
            PackPlace(
                name=name,
                kind=kind,
                district=district,
                aliases=draw(several),
                code=f"{number}",
                valid_from=first,
                valid_to=last,
                successor=draw(st.sampled_from(["", *later])) if last else "",
            )
        )
    return CityPack(
        name=draw(word),
        title=draw(word),
        version=draw(word),
        city=draw(st.just("") | st.text(st.characters(exclude_categories=["C"]))),
        units=tuple(units),
        topics=tuple(topics),
        mandates=tuple(mandates),
        places=tuple(places),
        duties=duties,
        topic_words={topic.code: draw(several.filter(bool)) for topic in topics[:2]},
        lexicon=tuple(draw(st.lists(entry, max_size=3))),
    )


@settings(deadline=None)
@given(pack=packs())
def test_what_is_written_is_read_again(tmp_path_factory, pack):
    folder = tmp_path_factory.mktemp("pack")
    write_pack(pack, folder)
    again = load_pack(folder)
    assert again == pack
    assert fingerprint(again) == fingerprint(pack)

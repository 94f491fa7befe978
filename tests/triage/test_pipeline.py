"""The steps meet here: what was read is assessed, what was assessed is decided, and all of it is kept."""

import re
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.citypack import CityPack, Terms
from triage.directory import CHINA_TIME, Directory
from triage.domain import (
    Action,
    Appeal,
    Assessment,
    Candidate,
    Deadline,
    Element,
    Mandate,
    Office,
    Place,
    RankedTopic,
    ReturnReason,
    Rule,
    Suggestion,
    Topic,
    TopicCode,
    Unit,
    UnitCode,
    UnitKind,
    Urgency,
    Versions,
)
from triage.explanation import Clause, Explanation, Score, Word
from triage.pipeline import Triage
from triage.policy import Policy
from triage.rules import Rulebook
from triage.text import Reader, Segmenter

TODAY = date(2026, 3, 2)
READER = Reader(Segmenter())


def unit(code, name, duty, kind=UnitKind.MUNICIPAL, district=""):
    return Unit(code=UnitCode(code), name=name, kind=kind, duty=duty, district=district)


WATER = unit("water", "水务局", "水务")
HEALTH = unit("health", "卫健委", "卫生健康")
GREEN = unit("green", "园林局", "园林绿化")
EAST = unit("east", "东湖区水务局", "水务", UnitKind.DISTRICT, "东湖区")
STOP = Topic(code=TopicCode("stop"), path=("供水", "停水"), urgency=Urgency.SUPPLY, kinds=("求助",))
LEAK = Topic(code=TopicCode("leak"), path=("供水", "漏水"))
PACK = CityPack(
    name="demo",
    title="示例",
    version="1",
    units=(WATER, HEALTH, GREEN, EAST),
    topics=(STOP, LEAK),
    mandates=(
        Mandate(
            topic=STOP.code,
            lead=Office(level=UnitKind.MUNICIPAL, duty="水务"),
            assist=(
                Office(level=UnitKind.MUNICIPAL, duty="卫生健康"),
                Office(level=UnitKind.MUNICIPAL, duty="园林绿化"),
            ),
            deadline=Deadline.HOURS_24,
        ),
        Mandate(
            topic=STOP.code,
            district="东湖区",
            lead=Office(level=UnitKind.DISTRICT, duty="水务"),
            deadline=Deadline.DAYS_15,
        ),
    ),
    rules=(
        Rule(code="fire", action=Action.TRANSFER, to="119", rank=10, words=(("着火了",),), say="请离开。"),
        Rule(code="law", action=Action.DECLINE, to="litigation", words=(("判决",),), learned=True, say="请问法院。"),
    ),
    terms=Terms(version="7", kinds={"投诉": ("投诉",), "咨询": ("请问",)}),
)
VERSIONS = Versions(bundle="b", pack="p", policy="7")


@dataclass
class ByLength:
    """An assessor that is the surer of water the more is said, keeps what it was given, and can explain itself.

    Of what is left to others the sanitary office has half.
    """

    topics: tuple[RankedTopic, ...] = ()
    like: tuple[str, ...] = ()
    seen: list[str] = field(default_factory=list)

    def cuts(self, readings):
        return [()] * len(readings)

    def assess(self, appeals, readings):
        self.seen += [reading.masked for reading in readings]
        return [self._assessment(appeal, reading) for appeal, reading in zip(appeals, readings, strict=True)]

    def _assessment(self, appeal, reading):
        odds = min(1.0, len(reading.masked) / 20)
        ranked = ((WATER, odds), (HEALTH, (1 - odds) / 2))
        return Assessment(
            topics=self.topics,
            place=Place(district=appeal.district),
            candidates=tuple(Candidate(unit=one, bases=("duty",), probability=p) for one, p in ranked),
            suggestions=tuple(Suggestion(unit=one, probability=p) for one, p in ranked),
            like=self.like,
            trace=reading.masked,
        )

    def explain(self, routing):
        """Every token of the reading that was assessed is a word of the first score, and the last of the second."""
        words, start = [], 0
        for token in routing.reading.tokens:
            words.append(Word(start=start, end=start + len(token), text=token, value=1.0))
            start += len(token)
        scores = [
            Score(part=part, of=routing.trace, total=0.0, bias=0.0, rest=0.0, words=tuple(listed))
            for part, listed in (("unit", words), ("none", ()), ("duty", words[-1:]))
        ]
        return Explanation(
            unit=routing.suggestions[0].unit,
            scores=tuple(scores),
            clause=Clause(text="", basis=""),
            precedents=(),
            runner_up=None,
        )


def made(assessor, pack=PACK):
    policy = Policy(
        terms=pack.terms,
        rulebook=Rulebook(pack.rules, on=TODAY),
        directory=Directory(pack, on=TODAY),
        dispatch_at={"": 0.9},
        set_at=0.2,
    )
    return Triage(
        reader=READER,
        assessor=assessor,
        explainer=assessor,
        policy=policy,
        pack=pack,
        versions=VERSIONS,
    )


def about(topic, sure=0.9):
    return (RankedTopic(topic=topic, probability=sure),)


@pytest.fixture
def assessor():
    return ByLength()


@pytest.fixture
def triage(assessor):
    return made(assessor)


LONG = "家里停水三天了，没有人来修，请尽快处理，谢谢"


def test_a_routing_keeps_every_step(triage):
    appeal = Appeal(id="a", text="我的电话是13800138000，家里停水三天了，没有人来修，请尽快处理", district="东湖区")
    routing = triage.route(appeal)
    assert routing.appeal is appeal
    assert "13800138000" not in routing.reading.masked
    assert [appeal.text[span.start : span.end] for span in routing.reading.spans] == ["13800138000"]
    assert (routing.place.district, routing.candidates[0].unit, routing.suggestions[0].unit) == ("东湖区", WATER, WATER)
    assert (routing.decision.action, routing.decision.units) == (Action.DISPATCH, ("water",))
    assert (routing.versions, routing.trace) == (VERSIONS, routing.reading.masked)


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


def test_what_is_urgent_is_transferred_within_the_shortest_times(triage):
    routing = triage.route(Appeal(id="a", text=f"楼下着火了，{LONG}", received_at="2026-03-06 17:30"))
    assert (routing.decision.action, routing.decision.to) == (Action.TRANSFER, "119")
    assert (routing.urgency, routing.due.dispatch_within, routing.due.feedback_within) == (Urgency.DANGER, "1h", "2h")
    assert routing.due.feedback_by.astimezone(CHINA_TIME).isoformat() == "2026-03-06T19:30:00+08:00"


def test_what_the_assessor_finds_elsewhere_is_declined():
    routing = made(ByLength(like=("litigation",))).route(Appeal(id="a", text=LONG))
    assert (routing.decision.action, routing.decision.reason) == (Action.DECLINE, "litigation")


@pytest.mark.parametrize(
    ("topics", "district", "urgency", "within", "feedback"),
    [
        ((), None, Urgency.ORDINARY, "24h", "7wd"),
        (about(LEAK), None, Urgency.ORDINARY, "24h", "7wd"),
        (about(STOP), None, Urgency.SUPPLY, "2h", "24h"),
        (about(STOP), "东湖区", Urgency.SUPPLY, "2h", "15wd"),
        (about(STOP), "西山区", Urgency.SUPPLY, "2h", "24h"),
    ],
)
def test_the_topic_tells_how_urgent_it_is_and_the_directory_until_when(topics, district, urgency, within, feedback):
    routing = made(ByLength(topics=topics)).route(Appeal(id="a", text=LONG, district=district))
    assert (routing.urgency, routing.due.dispatch_within, routing.due.feedback_within) == (urgency, within, feedback)
    assert routing.due.dispatch_by is None


def test_the_terms_of_the_pack_tell_the_kind_and_the_topic_helps(triage):
    assert triage.route(Appeal(id="a", text="我要投诉，停水了")).kind == "投诉"
    assert triage.route(Appeal(id="a", text="停水了")).kind == ""
    assert made(ByLength(topics=about(STOP))).route(Appeal(id="a", text="停水了")).kind == "求助"


def test_what_is_missing_is_asked_where_a_person_looks_at_it(triage):
    unclear, clear = (triage.route(Appeal(id="a", text=text)) for text in ("投诉家里停水", f"投诉{LONG}"))
    assert unclear.decision.action is Action.SUGGEST
    assert unclear.missing == (Element.TIME,)
    assert unclear.question is not None
    assert clear.decision.action is Action.DISPATCH
    assert clear.question is None


def test_a_transfer_loses_no_time_with_questions(triage):
    assert triage.route(Appeal(id="a", text="投诉楼下着火了")).question is None


def test_the_risk_of_a_return_is_told(triage):
    routing = triage.route(Appeal(id="a", text="家里停水没有人"))
    assert routing.risk.unit == WATER
    assert routing.risk.probability == pytest.approx(1 - routing.suggestions[0].probability)
    assert routing.risk.reason is ReturnReason.DUTY


def test_who_assists_by_the_directory_stands_behind_the_suggestions():
    routing = made(ByLength(topics=about(STOP))).route(Appeal(id="a", text=LONG))
    assert [(one.unit, one.role) for one in routing.suggestions] == [
        (WATER, "lead"),
        (HEALTH, "lead"),
        (GREEN, "assist"),
    ]
    assert routing.suggestions[-1].probability == 0
    assert routing.decision.units == (WATER.code, HEALTH.code, GREEN.code)


@pytest.mark.parametrize("topics", [(), about(STOP, 0.4), about(LEAK)])
def test_nobody_assists_where_the_topic_is_unsure_or_has_no_line(topics):
    routing = made(ByLength(topics=topics)).route(Appeal(id="a", text=LONG))
    assert {one.role for one in routing.suggestions} == {"lead"}


def test_who_shares_the_duty_by_the_directory_may_send_it_back_for_that():
    shared = made(ByLength(topics=about(STOP))).route(Appeal(id="a", text="家里停水没有人"))
    assert shared.risk.reason is ReturnReason.SHARED


@pytest.mark.parametrize("name", ["water", "水务局"])
def test_who_sent_the_order_back_is_not_suggested_again(triage, name):
    routing = triage.route(Appeal(id="a", text="家里停水没有人", returned_by=(name,)))
    assert {one.unit for one in (*routing.suggestions, *routing.candidates)} == {HEALTH}
    assert WATER.name not in routing.decision.set
    assert (routing.decision.action, routing.decision.units[0]) == (Action.SUGGEST, "health")


def test_a_name_that_nobody_has_takes_nobody_away(triage):
    routing = triage.route(Appeal(id="a", text=LONG, returned_by=("谁",)))
    assert [one.unit for one in routing.suggestions] == [WATER, HEALTH]
    assert routing.decision.action is Action.SUGGEST


def test_an_order_that_all_have_sent_back_still_goes_to_somebody(triage):
    routing = triage.route(Appeal(id="a", text=LONG, returned_by=("水务局", "卫健委")))
    assert routing.suggestions == ()
    assert routing.decision.action in (Action.SUGGEST, Action.REVIEW)
    assert triage.explain(routing) is None


def spans(triage, appeal):
    explanation = triage.explain(triage.route(appeal))
    whole = f"{appeal.text} {appeal.address}" if appeal.address else appeal.text
    return [(word.text, whole[word.start : word.end]) for score in explanation.scores for word in score.words]


def test_an_explanation_points_at_the_text_as_given(triage):
    text = "张先生１３８００１３８０００家裡停水，三天了"
    found = dict(spans(triage, Appeal(id="a", text=text, address="枫桥街道 3号")))
    assert (found["〔姓名〕"], found["〔电话〕"], found["停水"]) == (text[:3], text[3:14], "停水")


def test_each_score_gets_the_spans_of_its_own_words(triage):
    appeal = Appeal(id="a", text="电话１３８００１３８０００，家裡停水了")
    explanation = triage.explain(triage.route(appeal))
    every, none, last = explanation.scores
    assert none.words == ()
    assert last.words == every.words[-1:]
    assert last.words[0].end == len(appeal.text)
    assert [score.part for score in explanation.scores] == ["unit", "none", "duty"]


@given(st.lists(st.sampled_from(["停水", "張先生", "13800138000", "　", "㎡", "…", "３楼", "a b"]), min_size=1))
def test_the_spans_of_any_text_follow_each_other(said):
    appeal = Appeal(id="a", text="".join(said) + "停水")
    explanation = (triage := made(ByLength())).explain(triage.route(appeal))
    words = explanation.scores[0].words
    assert words[-1].end == len(appeal.text)
    assert all(0 <= word.start < word.end <= len(appeal.text) for word in words)
    assert [word.start for word in words] == sorted(word.start for word in words)


def test_the_pack_tells_the_terms():
    slow = replace(PACK, terms=replace(PACK.terms, kinds={}))
    assert made(ByLength(), slow).route(Appeal(id="a", text="我要投诉，停水了")).kind == ""


@dataclass
class Cutting(ByLength):
    """The same, but it cuts behind each of the first so many 。, knows some places, and keeps the appeals it was given.

    What is about a hospital it leaves to the sanitary office, under another topic if it has any.
    """

    most: int = 1
    given: list[Appeal] = field(default_factory=list)

    def cuts(self, readings):
        return [self._cuts(reading.masked) for reading in readings]

    def _cuts(self, text):
        return tuple(found.end() for found in re.finditer("。", text) if found.end() < len(text))[: self.most]

    def assess(self, appeals, readings):
        self.given += appeals
        return super().assess(appeals, readings)

    def _assessment(self, appeal, reading):
        found = super()._assessment(appeal, reading)
        places = [*re.finditer("枫桥街道|柳岸街道", reading.masked)]
        place = replace(
            found.place,
            evidence=tuple(place[0] for place in places),
            spans=tuple(place.span() for place in places),
        )
        if "医院" in reading.masked:
            first, second = found.suggestions
            swapped = (replace(first, unit=second.unit), replace(second, unit=first.unit))
            listed = tuple(Candidate(unit=one.unit, bases=("duty",), probability=one.probability) for one in swapped)
            topics = about(LEAK) if self.topics else ()
            return replace(found, place=place, suggestions=swapped, candidates=listed, topics=topics)
        return replace(found, place=place)


TAP, CLINIC = "家里停水已经三天没有人来修，请尽快处理。", "社区医院的大夫周末总是不在，请安排人值班。"


def several(text=TAP + CLINIC, *, assessor=None, **given):
    return made(assessor or Cutting()).route(Appeal(id="a", text=text, **given))


def parts(routing):
    return [routing.appeal.text[matter.start : matter.end] for matter in routing.matters]


def test_what_is_cut_has_several_matters_and_what_is_not_has_none():
    assert parts(several()) == [TAP, CLINIC]
    assert several(TAP).matters == ()
    assert several("停水了").matters == ()


def test_each_matter_has_what_is_suggested_for_it_alone():
    routing = several(f"{TAP}医院没人", assessor=Cutting(topics=about(STOP)))
    alone = [several(text, assessor=Cutting(topics=about(STOP))) for text in parts(routing)]
    assert [matter.suggestions for matter in routing.matters] == [one.suggestions for one in alone]
    assert [matter.topics for matter in routing.matters] == [about(STOP), about(LEAK)]
    assert [matter.suggestions[0].unit for matter in routing.matters] == [WATER, HEALTH]


def test_parts_about_the_same_topic_are_one_matter():
    said = [TAP, "自来水又停了。", CLINIC]
    routing = several("".join(said), assessor=Cutting(topics=about(STOP), most=2))
    assert parts(routing) == [said[0] + said[1], said[2]]
    alone = several(said[0] + said[1], assessor=Cutting(topics=about(STOP), most=0))
    assert routing.matters[0].suggestions == alone.suggestions


def test_an_appeal_whose_parts_are_all_about_one_topic_is_not_split():
    routing = several(TAP * 3, assessor=Cutting(topics=about(STOP), most=2))
    assert routing == several(TAP * 3, assessor=Cutting(topics=about(STOP), most=0))
    assert (routing.matters, routing.decision.action) == ((), Action.DISPATCH)


def test_a_topic_that_comes_back_is_another_matter():
    routing = several(TAP + CLINIC + TAP, assessor=Cutting(topics=about(STOP), most=2))
    assert parts(routing) == [TAP, CLINIC, TAP]


@given(
    st.lists(
        st.sampled_from(["停水", "張先生", "13800138000", "　", " ", "㎡", "…", "３楼", "a b", "。", "\u200b", "\n"])
    ),
    st.none() | st.just("枫桥街道 3号"),
)
def test_the_matters_of_any_text_follow_each_other_and_leave_nothing_out(said, address):
    text = f"停水{''.join(said)}。路灯"
    routing = several(text, assessor=Cutting(most=9), address=address)
    ends = [0, *(matter.end for matter in routing.matters)]
    assert len(routing.matters) >= 2
    assert all(end <= matter.start < matter.end for end, matter in zip(ends, routing.matters, strict=False))
    assert re.sub(r"\s|\u200b", "", "".join(parts(routing))) == re.sub(r"\s|\u200b", "", text)


def test_matters_are_at_their_places_in_the_text_as_given():
    routing = several("電話１３８００１３８０００，家裡停水。　　醫院沒人。")
    assert parts(routing) == ["電話１３８００１３８０００，家裡停水。", "醫院沒人。"]
    assert [(matter.start, matter.end) for matter in routing.matters] == [(0, 19), (21, 26)]


def addresses(text, **given):
    """The addresses that come to the assessor with the parts of an appeal."""
    several(text, assessor=(assessor := Cutting(most=9)), **given)
    found = {one.text: one.address or "" for one in assessor.given[1:]}
    assert list(found) == re.findall("[^。]+。", text)
    return list(found.values())


def test_a_matter_without_a_place_is_where_the_one_before_it_was():
    assert addresses("枫桥街道停水了。医院没人。") == ["", "枫桥街道"]


def test_a_matter_that_names_its_place_is_there():
    assert addresses("枫桥街道停水了。柳岸街道医院没人。") == ["", ""]


def test_a_place_that_is_named_later_says_nothing_of_what_came_before():
    assert addresses("停水了。柳岸街道医院没人。") == ["", ""]


def test_of_several_places_a_matter_is_at_the_last_one_before_it():
    assert addresses("枫桥街道停水了。柳岸街道医院没人。路灯坏了。") == ["", "", "柳岸街道"]


def test_where_an_address_came_along_all_matters_have_it():
    assert addresses("枫桥街道停水了。医院没人。", address="柳岸街道") == ["柳岸街道", "柳岸街道"]


@pytest.mark.parametrize(
    "said", ["请打13800138000。", "请打１３８００１３８０００。", "请打　13800138000　。", "请打\u200b\u200b电话。"]
)
def test_what_became_shorter_in_the_reading_moves_no_place(said):
    assert addresses(f"枫桥街道停水了。{said}柳岸街道医院没人。") == ["", "枫桥街道", ""]


def test_the_district_and_what_else_is_known_of_the_appeal_holds_for_all_matters():
    several(district="东湖区", received_at="2026-03-06 17:30", assessor=(assessor := Cutting()))
    assert {(one.id, one.district, one.received_at) for one in assessor.given} == {("a", "东湖区", "2026-03-06 17:30")}
    assert [one.place.district for one in several(district="东湖区").matters] == ["东湖区"] * 2


def test_the_whole_keeps_what_is_suggested_for_it():
    text = f"{TAP}医院没人"
    assert several(text).suggestions == several(text, assessor=Cutting(most=0)).suggestions


def test_nothing_of_several_is_dispatched_by_itself():
    routing = several()
    assert [several(text).decision.action for text in parts(routing)] == [Action.DISPATCH] * 2
    for matter, unit_code in zip(routing.matters, ("water", "health"), strict=True):
        assert (matter.decision.action, matter.decision.reason) == (Action.SUGGEST, "one_of_several")
        assert matter.decision.units[0] == unit_code
    assert routing.decision.action is not Action.DISPATCH


def test_what_a_person_would_look_at_anyway_is_decided_as_if_it_were_alone():
    routing = several(f"{TAP}医院没人")
    assert routing.matters[1].decision == several("医院没人").decision
    assert routing.matters[1].decision.action is not Action.DISPATCH


def test_the_whole_is_for_a_person_and_the_first_unit_of_each_matter():
    decision = several().decision
    assert (decision.action, decision.reason) == (Action.SUGGEST, "several_matters")
    assert decision.units == ("water", "health")
    assert set(decision.set) == {WATER.name, HEALTH.name}
    assert "2件事" in decision.why


def test_a_unit_that_leads_several_matters_is_named_once():
    assert several(TAP * 3, assessor=Cutting(most=2)).decision.units == ("water",)
    assert "3件事" in several(TAP * 3, assessor=Cutting(most=2)).decision.why


def test_who_assists_in_a_matter_does_not_lead_the_whole():
    routing = several(assessor=Cutting(topics=about(STOP)))
    assert routing.matters[0].decision.units == ("water", "health", "green")
    assert routing.decision.units == ("water", "health")


@pytest.mark.parametrize(
    ("text", "action"),
    [
        (f"楼下着火了。{TAP}{CLINIC}", Action.TRANSFER),
        (f"{TAP}{CLINIC}楼下着火了。", Action.TRANSFER),
        (f"{TAP}法院的判决下来了。", Action.DECLINE),
    ],
)
def test_what_goes_elsewhere_is_not_split(text, action):
    routing = several(text)
    assert (routing.decision.action, routing.matters) == (action, ())


def test_what_is_like_that_which_goes_elsewhere_is_not_split():
    routing = several(assessor=Cutting(like=("litigation",)))
    assert (routing.decision.action, routing.matters) == (Action.DECLINE, ())


@pytest.mark.parametrize("name", ["water", "水务局", "谁"])
def test_what_came_back_is_not_split(name):
    routing = several(returned_by=(name,))
    assert routing.matters == ()
    assert routing.decision.reason != "several_matters"


@pytest.mark.parametrize("address", ["枫桥街道", "枫桥街道3号。院内", "。院内"])
def test_the_address_is_no_matter(address):
    routing = several(TAP, address=address)
    assert routing.matters == ()
    assert routing.decision.reason != "several_matters"


@pytest.mark.parametrize("text", [f"{TAP}　", f"{TAP}\n", f"\u200b{TAP} \u200b"])
def test_what_says_nothing_is_no_matter(text):
    assert several(text).matters == ()


def test_many_with_and_without_several_matters_are_routed_in_order_and_as_one_by_one():
    texts = [TAP, TAP + CLINIC, "楼下着火了。" + TAP, CLINIC + TAP, "停水", CLINIC]
    appeals = [Appeal(id=str(at), text=text) for at, text in enumerate(texts)]
    together = made(Cutting()).route_many(appeals)
    assert together == [made(Cutting()).route(appeal) for appeal in appeals]
    assert [len(routing.matters) for routing in together] == [0, 2, 0, 2, 0, 0]


def test_only_what_is_split_is_assessed_again():
    made(assessor := Cutting()).route_many([Appeal(id=str(at), text=text) for at, text in enumerate((TAP, CLINIC))])
    assert [one.text for one in assessor.given] == [TAP, CLINIC]

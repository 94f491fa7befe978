"""The kind of an appeal is told by its words, and between two by what the topic mostly comes as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.citypack import KINDS, national
from triage.domain import RankedTopic, Reading, Topic, TopicCode
from triage.kinds import Kinds

WORDS = {"投诉": ("投诉", "不满"), "咨询": ("咨询", "请问", "怎么办理"), "求助": ("求助", "帮忙")}
KIND = Kinds(WORDS)
_, COUNTRY = national()


def topic(*kinds, sure=0.9):
    return [RankedTopic(topic=Topic(code=TopicCode("t"), path=("停水",), kinds=kinds), probability=sure)]


def kind(text, *topics, of=KIND):
    return of.kind(Reading(masked=text, tokens=(text,)), *topics or ([],))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我要投诉物业", "投诉"),
        ("请问停水到几点", "咨询"),
        ("请帮忙修一下水管", "求助"),
        ("我对物业不满,要投诉,请帮忙", "投诉"),
        ("请问怎么办理,我要投诉", "咨询"),
        ("停水了", ""),
        ("", ""),
    ],
)
def test_the_kind_with_the_most_words_is_told(text, expected):
    assert kind(text) == expected


@pytest.mark.parametrize("listed", [("投诉", "咨询", "求助"), ("求助", "咨询", "投诉"), ("咨询", "投诉", "求助")])
def test_of_two_kinds_with_as_many_words_the_one_listed_first_is_told(listed):
    kinds = Kinds({name: WORDS[name] for name in listed})
    assert kind("帮忙投诉一下,咨询结果", of=kinds) == listed[0]
    assert kind("咨询结果,投诉一下,帮忙", of=kinds) == listed[0]


def test_the_topic_tells_it_where_no_word_does():
    assert kind("停水了", topic("求助", "投诉")) == "求助"


def test_the_topic_decides_between_two_kinds_that_words_tell():
    assert kind("帮忙投诉一下", topic("求助")) == "求助"
    assert kind("帮忙投诉一下", topic("投诉", "求助")) == "投诉"
    assert kind("帮忙投诉一下", topic("建议", "咨询")) == "投诉"


def test_the_first_kind_of_a_topic_counts_more_than_the_second_and_the_second_than_none():
    assert kind("帮忙投诉一下", topic("建议", "求助")) == "求助"
    assert kind("停水了", topic("咨询", "投诉")) == "咨询"


def test_a_word_outweighs_what_the_topic_mostly_comes_as():
    assert kind("我要投诉", topic("咨询", "求助")) == "投诉"


@pytest.mark.parametrize(("sure", "expected"), [(0.3, "求助"), (0.29, "")])
def test_a_topic_that_is_not_sure_tells_nothing(sure, expected):
    assert kind("停水了", topic("求助", sure=sure)) == expected


def test_only_the_first_topic_counts():
    assert kind("停水了", [*topic("求助", sure=0.1), *topic("投诉", sure=0.9)]) == ""
    assert kind("停水了", topic()) == ""


def test_a_word_inside_a_longer_one_does_not_count():
    kinds = Kinds({"投诉": ("强制",), "举报": ("强制消费",)})
    assert kind("商家强制消费", of=kinds) == "举报"
    assert kind("商家强制我买", of=kinds) == "投诉"


def test_without_words_there_is_no_kind():
    assert kind("我要投诉", of=Kinds({})) == ""


@given(st.lists(st.sampled_from([*sum(WORDS.values(), ()), "停水", "，"]), max_size=8))
def test_more_words_of_the_kind_that_is_told_do_not_change_it(said):
    found = kind("，".join(said))
    if found:
        assert kind("，".join([*said, WORDS[found][0]])) == found


@given(st.text(), st.sampled_from([(), ("投诉",), ("求助", "咨询")]))
def test_any_text_has_one_of_the_kinds_or_none(text, usual):
    assert kind(text, topic(*usual), of=Kinds(COUNTRY.kinds)) in ("", *KINDS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我要投诉物业态度恶劣，收费不合理", "投诉"),
        ("请问居住证怎么办理，需要什么材料", "咨询"),
        ("举报楼下商户无证经营，涉嫌假冒", "举报"),
        ("感谢社区工作人员，特此表扬", "表扬"),
        ("建议在路口增设红绿灯，希望增加护栏", "建议"),
        ("麻烦尽快来人修一下，恳请协调", "求助"),
    ],
)
def test_the_words_of_the_country_tell_each_kind(text, expected):
    assert kind(text, of=Kinds(COUNTRY.kinds)) == expected

"""Names are found wherever they stand, and a longer name says more than what it holds."""

from hypothesis import given
from hypothesis import strategies as st

from triage.mentions import Finder, Mention, longest

FEW = "东西湖路"
names = st.lists(st.tuples(st.text(FEW, min_size=1, max_size=4), st.integers(0, 3)), max_size=8)


def found(text, *known):
    return [(mention.start, mention.name, mention.of) for mention in Finder((name, name) for name in known).find(text)]


def test_every_mention_is_found_also_overlapping_ones():
    known = ("东湖", "湖东", "东湖区", "湖东路")
    assert [(at, name) for at, name, _ in found("东湖东路东湖区", *known)] == [
        *((0, "东湖"), (1, "湖东"), (1, "湖东路")),
        *((4, "东湖"), (4, "东湖区")),
    ]


def test_a_name_may_stand_for_several_things():
    mentions = Finder([("和平路", "东湖区"), ("和平路", "西山区")]).find("和平路口")
    assert [mention.of for mention in mentions] == ["东湖区", "西山区"]


def test_names_of_one_character_are_ignored():
    assert found("湖边的湖", "湖") == []
    assert found("湖", "湖边") == []


def test_no_text_and_no_names_mention_nothing():
    assert found("", "东湖") == []
    assert found("东湖") == []


@given(text=st.text(FEW, max_size=30), known=names)
def test_mentions_are_those_that_a_naive_search_finds(text, known):
    mentions = Finder(known).find(text)
    assert all(text[mention.start : mention.end] == mention.name for mention in mentions)
    naive = [
        (at, name, thing)
        for at in range(len(text))
        for name, thing in known
        if len(name) > 1 and text.startswith(name, at)
    ]
    assert sorted((mention.start, mention.name, mention.of) for mention in mentions) == sorted(naive)


@given(
    text=st.text(st.characters(codec=None), max_size=30), known=st.lists(st.text(st.characters(codec=None), max_size=3))
)
def test_whatever_text_and_names_hold_a_mention_is_the_name(text, known):
    for mention in Finder((name, name) for name in known).find(text):
        assert text[mention.start : mention.end] == mention.name == mention.of


def test_a_name_inside_a_longer_one_is_dropped():
    finder = Finder((name, name) for name in ("东湖", "东湖大街", "湖大", "大街口"))
    assert [mention.name for mention in longest(finder.find("东湖大街口和东湖"))] == ["东湖大街", "大街口", "东湖"]


def test_two_things_of_one_name_both_stay():
    mentions = [Mention(0, 3, "和平路", "东湖区"), Mention(0, 3, "和平路", "西山区"), Mention(0, 2, "和平", "人")]
    assert longest(mentions) == mentions[:2]


@given(text=st.text(FEW, max_size=30), known=names)
def test_only_what_lies_inside_a_longer_mention_is_dropped(text, known):
    mentions = Finder(known).find(text)
    kept = longest(mentions)

    def inside_a_longer_one(mention):
        return any(
            other.start <= mention.start and mention.end <= other.end and len(other.name) > len(mention.name)
            for other in mentions
        )

    assert sorted(kept, key=repr) == sorted((one for one in mentions if not inside_a_longer_one(one)), key=repr)

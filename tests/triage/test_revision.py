"""What differs between two directories is told; what is published is written down, and altering it is found out."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.test_pack_directory import GOOD
from triage.citypack import load_pack
from triage.domain import Deadline, Mandate, Office, TopicCode, UnitKind
from triage.errors import InputError, PackError, TamperedError
from triage.revision import CHANGES, DIRECTORY, ChangeKind, diff, history, holding, publish

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WATER = Office(level=UnitKind.MUNICIPAL, duty="水务")
COMPANY = Office(level=UnitKind.COMPANY, duty="供水")
HEATING = Office(level=UnitKind.COMPANY, duty="供热")
NEW_YEAR, NEW_YEARS_EVE = date(2027, 1, 1), date(2026, 12, 31)


def line(topic="t1", **given):
    return Mandate(**({"topic": TopicCode(topic), "lead": WATER} | given))


def told(changes):
    return [(change.kind.value, change.topic, change.district, change.fields) for change in changes]


def test_lines_are_added_ended_and_changed():
    before = [line(), line("t2"), line("t3", district="东湖区")]
    after = [line("t3"), line("t2", lead=COMPANY, deadline=Deadline.HOURS_2), line()]
    changes = diff(before, after)
    assert told(changes) == [
        ("changed", "t2", "", ("lead", "deadline")),
        ("added", "t3", "", ()),
        ("ended", "t3", "东湖区", ()),
    ]
    assert (changes[0].before, changes[0].after) == (before[1], after[1])
    assert (changes[1].before, changes[1].after) == (None, after[0])
    assert (changes[2].before, changes[2].after) == (before[2], None)


def test_the_order_of_lines_is_nothing():
    lines = [line(), line("t2"), line(district="东湖区")]
    assert diff(lines, lines[::-1]) == ()


def test_lines_that_begin_on_the_same_day_belong_together():
    changes = diff([line()], [line(valid_from=NEW_YEAR, lead=COMPANY), line(valid_to=NEW_YEARS_EVE)])
    assert told(changes) == [("changed", "t1", "", ("valid_to",)), ("added", "t1", "", ())]
    assert changes[1].after.valid_from == NEW_YEAR


def test_lines_that_begin_on_other_days_belong_together_in_order():
    before = [line(valid_from=date(2026, 6, 1)), line(valid_to=date(2026, 1, 31))]
    after = [line(valid_from=date(2025, 1, 1), valid_to=date(2026, 1, 31)), line(valid_from=date(2026, 7, 1))]
    assert [(change.before, change.after) for change in diff(before, after)] == [
        (before[1], after[0]),
        (before[0], after[1]),
    ]


def test_a_line_given_twice_is_not_the_same_as_once():
    assert told(diff([line()], [line(), line()])) == [("added", "t1", "", ())]


def test_on_a_day_only_lines_that_hold_are_compared():
    before, after = [line()], [line(valid_to=NEW_YEARS_EVE), line(valid_from=NEW_YEAR, lead=COMPANY)]
    assert told(diff(before, after, on=NEW_YEARS_EVE)) == [("changed", "t1", "", ("valid_to",))]
    assert told(diff(before, after, on=NEW_YEAR)) == [("changed", "t1", "", ("lead", "valid_from"))]
    assert diff(before[:0], after[:1], on=NEW_YEAR) == ()


def test_a_line_holds_from_its_first_day_to_its_last():
    lines = [line(valid_from=NEW_YEARS_EVE, valid_to=NEW_YEAR)]
    days = [date(2026, 12, 30), NEW_YEARS_EVE, NEW_YEAR, date(2027, 1, 2), None]
    assert [len(holding(lines, day)) for day in days] == [0, 1, 1, 0, 1]


LINES = st.lists(
    st.builds(
        line,
        topic=st.sampled_from(["t1", "t2"]),
        district=st.sampled_from(["", "东湖区"]),
        lead=st.sampled_from([WATER, COMPANY]),
        valid_from=st.sampled_from([None, NEW_YEAR, NEW_YEARS_EVE]),
    ),
    max_size=6,
)


@given(before=LINES, after=LINES)
def test_the_changes_make_the_second_directory_of_the_first(before, after):
    made = Counter(before)
    for change in diff(before, after):
        assert change.before != change.after
        assert (change.kind is ChangeKind.CHANGED) == bool(change.fields)
        made.subtract([change.before] if change.before else [])
        made.update([change.after] if change.after else [])
    assert +made == Counter(after)
    assert min(made.values(), default=0) >= 0


@pytest.fixture
def folder(tmp_path):
    """The pack of 云岭, whose directory nobody has published yet."""
    folder = tmp_path / "yunling"
    folder.mkdir()
    for file, text in GOOD.items():
        (folder / file).write_text(text)
    return folder


def draft_of(folder, **changed):
    """The pack in a folder with its first line changed."""
    pack = load_pack(folder)
    return replace(pack, mandates=(replace(pack.mandates[0], **changed), *pack.mandates[1:]))


def published(folder, **changed):
    return publish(draft_of(folder, **changed), folder, by="张", note="部门改名", at=NOON)


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_publishing_replaces_the_directory_and_writes_down_who_and_why(folder):
    draft, was = draft_of(folder, lead=COMPANY), digest(folder / DIRECTORY)
    event = publish(draft, folder, by="张", note="部门改名", at=NOON)
    assert load_pack(folder) == draft
    assert (event.number, event.at, event.by, event.note) == (1, NOON, "张", "部门改名")
    assert (event.added, event.ended, event.changed, event.previous) == (0, 0, 1, "")
    assert (event.before, event.after) == (was, digest(folder / DIRECTORY))
    assert history(folder) == (event,)
    assert {file.name for file in folder.iterdir()} == {*GOOD, CHANGES}


def test_an_event_is_hashed_over_all_else_and_names_the_one_before(folder):
    first, second = published(folder, lead=COMPANY), published(folder, basis="条例")
    assert (second.number, second.previous, second.before) == (2, first.hash, first.after)
    assert history(folder) == (first, second)
    for record in map(json.loads, (folder / CHANGES).read_text().splitlines()):
        hashed = record.pop("hash")
        canonical = json.dumps(record, sort_keys=True, separators=(",", ":"))
        assert hashed == hashlib.sha256(canonical.encode()).hexdigest()


def test_only_the_directory_is_taken_from_the_draft(folder):
    draft = replace(draft_of(folder, lead=COMPANY), title="别的", units=())
    publish(draft, folder, by="张", note="改", at=NOON)
    assert (load_pack(folder).title, len(load_pack(folder).units)) == ("云岭", 6)


def test_a_pack_without_a_directory_gets_one(folder):
    draft = load_pack(folder)
    (folder / DIRECTORY).unlink()
    event = publish(draft, folder, by="张", note="首版", at=NOON)
    assert (event.before, event.added, load_pack(folder)) == ("", 2, draft)


def test_nothing_was_published_where_nothing_was(folder):
    assert history(folder) == ()
    with pytest.raises(InputError, match="no such folder; name the folder of a pack"):
        history(folder / "nowhere")


def files(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_what_does_not_differ_is_not_published(folder):
    (folder / DIRECTORY).write_text(GOOD["directory.csv"].replace("\n", "\r\n"))
    was, pack = files(folder), load_pack(folder)
    for lines in (pack.mandates, pack.mandates[::-1]):
        with pytest.raises(InputError, match="the draft has the directory that is published; change a line"):
            publish(replace(pack, mandates=lines), folder, by="张", note="改", at=NOON)
    assert files(folder) == was


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"lead": HEATING}, "directory.csv:2: no unit is company:供热; add it to units.csv"),
        ({"valid_to": NEW_YEAR}, "topics.csv:2: nobody leads topic t1 in directory.csv: 东湖区 from 2027-01-02 on"),
    ],
)
def test_a_directory_that_the_pack_cannot_keep_is_not_published(folder, changed, fault):
    was = files(folder)
    with pytest.raises(PackError) as caught:
        published(folder, **changed)
    assert str(caught.value).startswith(fault)
    assert files(folder) == was


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"by": " "}, "by"),
        ({"by": "张\n王"}, "by"),
        ({"note": ""}, "note"),
        ({"note": "\x1b[2J"}, "note"),
        ({"at": NOON.replace(tzinfo=None)}, "at"),
    ],
)
def test_who_publishes_why_and_when_is_said_in_full(folder, given, field):
    with pytest.raises(InputError) as caught:
        publish(draft_of(folder, lead=COMPANY), folder, **({"by": "张", "note": "改", "at": NOON} | given))
    assert caught.value.field == field
    assert not (folder / CHANGES).exists()


def test_one_publishes_at_a_time(folder):
    fresh = folder / f"{DIRECTORY}.new"
    fresh.write_text("")
    with pytest.raises(
        InputError, match=r"directory\.csv\.new: somebody is publishing; wait, or, if nobody is, move this file away"
    ):
        published(folder, lead=COMPANY)
    assert fresh.exists()
    fresh.unlink()
    assert published(folder, lead=COMPANY).number == 1


def test_there_must_be_a_pack_to_publish_into(folder):
    draft = draft_of(folder, lead=COMPANY)
    with pytest.raises(InputError, match="No such file or directory; name the folder of a pack"):
        publish(draft, folder / "nowhere", by="张", note="改", at=NOON)
    empty = folder / "empty"
    empty.mkdir()
    with pytest.raises(PackError, match="holds no city pack"):
        publish(draft, empty, by="张", note="改", at=NOON)
    assert list(empty.iterdir()) == []


def test_a_directory_edited_past_the_history_is_found_out(folder):
    published(folder, lead=COMPANY)
    published(folder, basis="条例")
    edited = (folder / DIRECTORY).read_text().replace("条例", "办法")
    (folder / DIRECTORY).write_text(edited)
    with pytest.raises(TamperedError, match=r"directory\.csv: is not the file that event 2 published; put that one"):
        history(folder)
    with pytest.raises(TamperedError, match="event 2"):
        published(folder, basis="公告")
    assert (folder / DIRECTORY).read_text() == edited
    (folder / DIRECTORY).unlink()
    with pytest.raises(TamperedError, match="event 2"):
        history(folder)


def three(folder):
    for basis in ("条例", "办法", "公告"):
        published(folder, basis=basis)
    return (folder / CHANGES).read_text().splitlines()


def rehashed(text, **changed):
    """An event changed by somebody who knows how it is hashed."""
    record = json.loads(text) | changed
    del record["hash"]
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return json.dumps(record | {"hash": hashlib.sha256(canonical.encode()).hexdigest()})


@pytest.mark.parametrize(
    ("altered", "number", "what"),
    [
        (lambda a, b, c: [a, b.replace("张", "王"), c], 2, "hash"),
        (lambda a, b, c: [a, b.replace('"changed": 1', '"changed": 2'), c], 2, "hash"),
        (lambda a, b, c: [a, rehashed(b, by="王"), c], 3, "previous"),
        (lambda a, b, c: [a, rehashed(b, before="0"), c], 2, "before"),
        (lambda a, b, c: [rehashed(a, previous="0"), b, c], 1, "previous"),
        (lambda a, b, c: [b, c], 1, "number, previous"),
        (lambda a, b, c: [a, c], 2, "number, previous, before"),
        (lambda a, b, c: [a, c, b], 2, "number, previous, before"),
        (lambda a, b, c: [a, b, c, c], 4, "number, previous, before"),
    ],
)
def test_an_event_that_is_altered_or_missing_is_named(folder, altered, number, what):
    lines = altered(*three(folder))
    (folder / CHANGES).write_text("\n".join(lines) + "\n")
    with pytest.raises(TamperedError) as caught:
        history(folder)
    assert f"event {number} was altered ({what})" in str(caught.value)
    assert caught.value.row == number


def test_the_newest_event_cannot_be_dropped(folder):
    lines = three(folder)
    (folder / CHANGES).write_text("\n".join(lines[:2]) + "\n")
    with pytest.raises(TamperedError, match="is not the file that event 2 published"):
        history(folder)


@pytest.mark.parametrize("text", ["oops", "[]", "{}", '{"number": 2}', "", "\udcff"])
def test_a_line_that_is_no_event_is_named(folder, text):
    first, _, third = three(folder)
    (folder / CHANGES).write_text(f"{first}\n{text}\n{third}\n", errors="surrogateescape")
    with pytest.raises(InputError, match="event 2 cannot be read; put the file back") as caught:
        history(folder)
    assert not isinstance(caught.value, TamperedError)

"""The place of a matter, as far as the names in its text settle it."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from triage.citypack import PackPlace, PlaceKind
from triage.domain import Appeal, Place, Reading
from triage.mentions import Finder, Mention, longest

_SUFFIX = re.compile(r"(?:社区|街道|地区|村|镇|乡)$")
_BARE_KINDS = {PlaceKind.STREET, PlaceKind.COMMUNITY, PlaceKind.VILLAGE}
# Characters from which on a name without its suffix is hardly another word.
_LONG = {PlaceKind.STREET: 3, PlaceKind.COMMUNITY: 4, PlaceKind.VILLAGE: 4}
# What makes a short name a place: a word for places right behind it, or a place of higher rank right before it.
_BEHIND = re.compile(r"小区|社区|新村|家园|街道|地区|[村镇乡]|[东南西北中]?[一二三四五六七八九十\d]+[号区里期院社条]")
_AROUND = re.compile(r"(?:那|这)(?:边|片|块|一带)|附近|一带|周边|派出所|地铁站")
_BEFORE = frozenset("区县市乡镇道")
# 花园社区 is the end of many longer names; it is itself where a text begins or after a word for being somewhere.
_OPENS = _BEFORE | frozenset('在住是于到叫去从我们的里处内，。！？：；、（“” ,.!?:;("\n　')
# Words for estates with 社区 behind them, and for villages of no name.
_COMMON = re.compile(
    r".?(?:[花家嘉雅佳]园|新村|中心|公寓|小区|广场|宿舍|大院|[东西南北][里区街]|.里)(?:社区|村)$|^(?:本|全|各|外|农|城中|一个|我们)村"
)
_BUILDING = re.compile(
    r"(?:[0-9]{1,4}|[A-Za-z][0-9]{0,2}|[一二三四五六七八九十]{1,3})号?(?:楼|栋|幢|座|院)"
    r"(?:(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})单元)?"
)
_RANK = {PlaceKind.STREET: 0, PlaceKind.COMMUNITY: 1, PlaceKind.VILLAGE: 1, PlaceKind.ESTATE: 1}
_BARE_RANK, _OTHER_RANK = 2, 3
_MOST_ASKED = 4


@dataclass(frozen=True, slots=True)
class _Name:
    """A place under one of its names.

    One that `needs_word` is a place only with a word beside it, a `short` one only where no longer name ends with it.
    Of names that contradict each other, those of the lower `rank` count.
    """

    place: PackPlace
    needs_word: bool = False
    short: bool = False
    rank: int = _OTHER_RANK


class Places:
    """Resolves district, street and community from the names that a city pack knows.

    A street or community settles its district; a name that several places share settles nothing until the text names
    a district or another place of one of them. Names without their suffix (望京 for 望京街道) count with a word for
    places behind them or a district before them. Places that have ended are known by their names, since people go on
    using them.
    """

    def __init__(self, places: Iterable[PackPlace]) -> None:
        listed = tuple(places)
        by_code = {place.code: place for place in listed if place.code}
        ends = _ends_of_others(listed)
        self._finder = Finder(
            (name, known) for place in listed for name, known in _names(place, _now(place, by_code), ends)
        )
        districts = [place for place in listed if place.kind is PlaceKind.DISTRICT]
        self._district = {name: place.name for place in districts for name in (*place.aliases, place.name)}

    def resolve_many(self, appeals: Sequence[Appeal], readings: Sequence[Reading]) -> list[Place]:
        """Return the place of each appeal, from its reading and from the district that came with it."""
        return [
            self.resolve(reading.masked, district=appeal.district)
            for appeal, reading in zip(appeals, readings, strict=True)
        ]

    def resolve(self, text: str, *, district: str | None = None) -> Place:
        """Return the place that the text names.

        `district` is what the caller was told besides the text; one that the pack does not have is not heeded.
        """
        told = self._district.get(district.strip()) if district else None
        building = found[0] if (found := _BUILDING.search(text)) else None
        groups = _groups(longest([mention for mention in self._finder.find(text) if _stands(mention, text)]))
        if not groups:
            return Place(district=told, building=building)
        within = told or _named_district(groups)
        inside = [kept for group in groups if (kept := _inside(group, within))]
        settled, districts = _agreed(inside, lambda place: place.district, within)
        if settled:
            inside = [kept for group in inside if (kept := _inside(group, settled))]
        street, streets = _agreed(inside, lambda place: place.street, None) if settled else (None, set())
        used = [mention for group in inside for mention in group[:1] if mention.of.place.district]
        possible = _possible(inside, settled, streets if settled else districts) if not street else ()
        return Place(
            district=settled,
            street=street,
            community=_community(inside, street) if settled else None,
            building=building,
            evidence=tuple(dict.fromkeys(mention.name for mention in used)) if settled else (),
            spans=tuple((mention.start, mention.end) for mention in used) if settled else (),
            possible=possible,
            question=_question(possible),
        )


_Group = list[Mention[_Name]]


def _names(place: PackPlace, now: PackPlace, ends: Collection[str]) -> Iterable[tuple[str, _Name]]:
    stem = _SUFFIX.sub("", place.name)
    rank = _RANK.get(place.kind, _OTHER_RANK)
    for name in dict.fromkeys((place.name, *place.aliases)):
        yield name, _Name(now, short=len(name) == 2 or name in ends, rank=rank)
    if place.kind in _BARE_KINDS and stem != place.name and stem not in place.aliases and len(stem) >= 2:
        needs_word = len(stem) < _LONG[place.kind]
        yield stem, _Name(now, needs_word=needs_word, short=len(stem) <= 2, rank=_BARE_RANK)


def _ends_of_others(places: Iterable[PackPlace]) -> set[str]:
    """Return names of communities and villages with which other names end: 花园社区, beside 龙湖花园社区."""
    names = {place.name for place in places if place.kind in (PlaceKind.COMMUNITY, PlaceKind.VILLAGE)}
    ends = {name[at:] for name in names for at in range(1, len(name) - 2)}
    return {name for name in names if name in ends or _COMMON.match(name)}


def _now(place: PackPlace, by_code: dict[str, PackPlace]) -> PackPlace:
    seen: set[str] = set()
    while place.successor in by_code and place.successor not in seen:
        seen.add(place.successor)
        place = by_code[place.successor]
    return place


def _stands(mention: Mention[_Name], text: str) -> bool:
    """Tell whether a mention is a place here, and not another word or the end of another name."""
    name = mention.of
    before = text[mention.start - 1] if mention.start else ""
    if name.needs_word and before not in _BEFORE and not _BEHIND.match(text, mention.end):
        is_street = name.place.kind is PlaceKind.STREET
        return is_street and _AROUND.match(text, mention.end) is not None and (not before or before in _OPENS)
    return not name.short or not before or before in _OPENS


def _groups(mentions: Iterable[Mention[_Name]]) -> list[_Group]:
    """Put together what stands in the same words: the places that share a name."""
    groups: dict[tuple[int, int], _Group] = {}
    for mention in mentions:
        groups.setdefault((mention.start, mention.end), []).append(mention)
    return list(groups.values())


def _named_district(groups: Sequence[_Group]) -> str | None:
    """Return the one district that is named, unless a street or community named in full lies elsewhere.

    户口在西城，房子在永定镇: where the house is, is where the matter is.
    """
    named = {group[0].of.place.district for group in groups if group[0].of.place.kind is PlaceKind.DISTRICT}
    if len(named) != 1:
        return None
    district = named.pop()
    settling = [group for group in groups if group[0].of.rank < _BARE_RANK]
    return district if not settling or any(_inside(group, district) for group in settling) else None


def _inside(group: _Group, district: str | None) -> _Group:
    return [found for found in group if not district or found.of.place.district in ("", district)]


def _agreed(groups: Sequence[_Group], of: Callable[[PackPlace], str], known: str | None) -> tuple[str | None, set[str]]:
    """Return what the groups allow together, if that is one thing, and else what they could mean.

    Groups are heard in the order of their rank; one that contradicts those of a lower rank is not.
    """
    if known:
        return known, set()
    allowed: set[str] = set()
    for rank in range(_OTHER_RANK + 1):
        said = [{of(found.of.place) for found in group} - {""} for group in groups if group[0].of.rank == rank]
        said = [places for places in said if places]
        if not said:
            continue
        common = set.intersection(*said)
        if not common and not allowed:
            return None, set.union(*said)
        allowed = (allowed & common) or allowed or common
        if len(allowed) == 1:
            return allowed.pop(), set()
    return None, allowed


def _community(groups: Sequence[_Group], street: str | None) -> str | None:
    settled = (PlaceKind.COMMUNITY, PlaceKind.VILLAGE)
    found = {
        mention.of.place.name
        for group in groups
        for mention in group
        if mention.of.place.kind in settled and (street is None or mention.of.place.street == street)
    }
    return found.pop() if len(found) == 1 else None


def _possible(groups: Sequence[_Group], district: str | None, among: set[str]) -> tuple[str, ...]:
    places = [mention.of.place for group in groups for mention in group]
    if district:
        return tuple(sorted(f"{district}{street}" for street in among)) if len(among) > 1 else ()
    full = {place.district + place.street for place in places if place.district in among}
    return tuple(sorted(full)) if len(full) > 1 else ()


def _question(possible: Sequence[str]) -> str:
    if not possible:
        return ""
    if len(possible) > _MOST_ASKED:
        return "请问具体在哪个区、哪个街道（乡镇）？"
    return f"请问是{'、'.join(possible[:-1])}还是{possible[-1]}？"

"""The places of a pack: from the country's tables where they know the city, and from where its orders lay."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from training.gazetteer import find_city, places_of
from triage.citypack import PackPlace, PlaceKind
from triage.domain import Closure

_CHINESE = re.compile(r"[\u3400-\u9fff]")
STREET = re.compile(
    r"(?!.*城[乡镇](?:[建规环职居化供燃管医排统]|一体))(?P<stem>[^\W\d_]{1,10}?)(?P<sort>街道|地区(?=办)|民族乡|苏木|镇|乡)(?!街道)"
    r"(?P<office>人民政府|政府|办事处|办|党工委|工委|党委)*(?P<rest>.*)"
)
_SHARE = 0.2  # of a street's orders: less is a slip of the operator, more is a second street of that name


def find_places(
    closures: Sequence[Closure], certain: Collection[tuple[str, str]], districts: Collection[str], *, city: str
) -> list[PackPlace]:
    """Return all places known of a city, those of the country's tables first, each once.

    Parameters
    ----------
    certain
        Streets that units are named after, with their districts.
    city
        Its name, "" where it is not known: then its districts tell.
    """
    learned = [*_districts(districts), *_streets(closures, certain, districts)]
    learned += _communities(closures, learned)
    found = find_city(districts, city)
    listed = {_key(place): place for place in (places_of(found) if found else ()) if place.district in districts}
    for place in learned:
        known = listed.get(_key(place))
        listed[_key(place)] = place if known is None else replace(known, aliases=place.aliases)
    streets = {(place.district, place.name) for place in listed.values() if place.kind is PlaceKind.STREET}
    return [place for place in listed.values() if not place.street or (place.district, place.street) in streets]


def _key(place: PackPlace) -> tuple[str, str, str, str]:
    return place.kind, place.district, place.street, place.name


def _districts(districts: Iterable[str]) -> Iterator[PackPlace]:
    for name in districts:
        short = stem(name)
        yield PackPlace(name=name, kind=PlaceKind.DISTRICT, district=name, aliases=(short,) if short != name else ())


def stem(district: str) -> str:
    """Return a district without its suffix, where two characters are left."""
    short = re.sub(r"(?:新区|新區|自治[县旗縣]|[区县旗市區縣])$", "", district)
    return short if len(short) > 1 else district


def street_name(raw: str) -> str:
    """Return the street or township that a cell or a unit's name holds: 柳岸街道办事处 is 柳岸街道."""
    found = STREET.fullmatch(raw)
    return found["stem"] + found["sort"] if found and not found["rest"] else raw


def community_name(raw: str) -> str:
    """Return the community or village that a cell holds: 柳芽社区居委会 is 柳芽社区, 柳丝村委会 is 柳丝村."""
    village = re.sub(r"村民?委员?会$", "村", raw)
    return re.sub(r"(?:社区)?居民?委员?会$", "社区", village)


def _streets(
    closures: Iterable[Closure], certain: Iterable[tuple[str, str]], districts: Collection[str]
) -> Iterator[PackPlace]:
    found: Counter[tuple[str, str, str]] = Counter()
    said: defaultdict[str, set[str]] = defaultdict(set)
    for closure in closures:
        if _CHINESE.search(closure.street) and closure.street not in districts:
            name, district = street_name(closure.street), closure.district if closure.district in districts else ""
            found[name, district, ""] += 1
            said[name].add(closure.street)
    for name, district, _ in _homes(found, {(name, district, "") for name, district in certain}):
        aliases = _place_aliases(name, r"(?:街道|地区|镇|乡)$", said[name])
        yield PackPlace(name=name, kind=PlaceKind.STREET, district=district, street=name, aliases=aliases)


def _communities(closures: Iterable[Closure], places: Iterable[PackPlace]) -> Iterator[PackPlace]:
    streets = {(place.district, place.name) for place in places if place.kind is PlaceKind.STREET}
    found: Counter[tuple[str, str, str]] = Counter()
    said: defaultdict[str, set[str]] = defaultdict(set)
    for closure in closures:
        name, street = community_name(closure.community), street_name(closure.street)
        if _CHINESE.search(name) and (closure.district, street) in streets:
            found[name, closure.district, street] += 1
            said[name].add(closure.community)
    for name, district, street in _homes(found, set()):
        kind = PlaceKind.VILLAGE if name.endswith("村") else PlaceKind.COMMUNITY
        aliases = _place_aliases(name, r"(?:社区|村)$", said[name])
        yield PackPlace(name=name, kind=kind, district=district, street=street, aliases=aliases)


def _homes(found: Counter[tuple[str, str, str]], certain: set[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Keep where a name really lies: as a unit says, or where a good share of its orders put it."""
    total: Counter[str] = Counter()
    for (name, *_), count in found.items():
        total[name] += count
    kept = certain | {home for home, count in found.items() if count >= _SHARE * total[home[0]]}
    settled = {name for name, district, _ in kept if district}
    return sorted(home for home in kept if home[1] or home[0] not in settled)


def _place_aliases(name: str, sort: str, said: Iterable[str]) -> tuple[str, ...]:
    """Return the forms seen in the orders, and the name alone where it is too long to be another word (not a road)."""
    short = re.sub(sort, "", name)
    forms = {*said, *([short] if len(short) > 2 and short[-1] not in "路街道巷" else [])} - {name}
    return tuple(sorted(form for form in forms if "|" not in form and form == form.strip()))

"""A city pack read off the orders that a city has closed: its units, topics, places and their words."""

import csv
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from training.localities import STREET, find_places, stem
from triage.citypack import CityPack, PackPlace, national
from triage.domain import Closure, Topic, TopicCode, Unit, UnitCode, UnitKind
from triage.errors import InputError
from triage.text import normalise

_OFFICES = Path(__file__).with_name("offices.csv")
# 市 before a unit is the city, but 市政工程 and 市场监管局 are words of their own.
_OF_CITY = re.compile(r"市(?!政(?![府务协数法])|场|容|区|民(?![政族宗防办])|县|$)")
_OF_DISTRICT = re.compile(r"[区县旗區縣](?!块|域|划)")
_ABOVE = re.compile(r"(?:国家税务总局|[^市区县局]{2,3}(?:省|自治区)|省)")
_CITY = re.compile(r"([^\W\d_]{2,4}?)市(?!场|容|民(?![政族宗防办])|政(?![府务协数法]))")
_CITY_WORD = re.compile(r"城市(?:管理|建|规划|运|发展|更新|投|综合|照明|公(?!安)|道|排|服|生|环|开发)")
_DISTRICT = re.compile(r"[^\W\d_]{2,10}?自治[县旗縣]|[^\W\d_市省局]{1,4}?(?:新区|新區|[区县旗市區縣])(?!块|域|划)")
_NOT_DISTRICT = re.compile(
    r"(?:园|开发|保税|高新|片|社|校|景|库|小|厂|辖|地|自贸|示范|合作|度假|试验|商务|功能|管理|服务|主城|老城|中心城)区$|^.区$"
    r"|(?:城|超|门|夜|菜|股|上)市$"
)
_GOVERNMENT = re.compile(r"(?:人民)?政府|人民法院|人民检察院|区公所|區公所")
_ZONE_HEAD = re.compile(r"(?:党工委|管委会|管理委员会)")
_VILLAGE = re.compile(r"(?:村民委员会|村委会?|居民委员会|居委会?|社区|村)$")
_COMPANY = re.compile(r"公司|集团|银行$|供电局$|电信局$|国际机场$|电力局$")
_ZONE = re.compile(
    r"管委会|[区园城港岛湖山]管理委员会|(?:开发区|保税区|高新区|自贸区|园区|新区|度假区|示范区|合作区|产业园|科学城)(?:管理局|管理处)?$"
)
# 市 and a word that does not end like an office would cut 全市教育 in the wrong place.
_AGENCY = re.compile(r"[局委办院处所队会厅馆校部心署庭社府]$")
_LEGAL = re.compile(r"(?:集团)?(?:股份)?(?:有限)?(?:责任)?总?公司(?:.{2,8}分公司)?$|.{0,6}分公司$")
_LEVELS = 3  # a fourth level has a handful of orders each, and no unit depends on it


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitName:
    """What the name of a unit tells: level, district and kind of office.

    `rest` is the name without city and district; `street` the street or township that the unit is or belongs to.
    """

    kind: UnitKind
    district: str
    duty: str
    rest: str
    street: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A row of `offices.csv`: how units with this duty are named, and what people call them."""

    duty: str
    patterns: tuple[str, ...]
    words: tuple[str, ...]


@cache
def offices() -> tuple[Office, ...]:
    """Kinds of offices in Chinese cities, the more specific before the more general."""
    with _OFFICES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    split = [(row["duty"], tuple(row["patterns"].split("|")), tuple(row["words"].split("|"))) for row in rows]
    return tuple(Office(duty=duty, patterns=patterns, words=words) for duty, patterns, words in split)


def make_pack(closures: Sequence[Closure], *, name: str, title: str = "") -> CityPack:
    """Derive a pack from closures as `training.hygiene.clean` gives them; the same closures give the same pack.

    Raises
    ------
    InputError
        No closure names a unit.
    """
    named = Counter(closure.unit for closure in closures if closure.unit)
    if not named:
        raise InputError("no closed order names the unit that closed it, so no units can be derived", field="unit")
    names = sorted(named, key=lambda unit: (-named[unit], unit))
    plain = {unit: normalise(unit).text for unit in names}  # as the texts will be in which they are looked for
    closures = [_with_plain_places(closure) for closure in closures]
    city = find_city(list(plain.values()), {closure.district for closure in closures})
    districts = find_districts(plain.values(), city, {closure.district for closure in closures})
    read = {unit: read_unit(plain[unit], districts, city) for unit in names}
    aliases = _aliases(read, city)
    codes = make_codes("u", names)
    units = [
        Unit(
            code=UnitCode(codes[unit]),
            name=unit,
            kind=of.kind,
            district=of.district,
            duty=of.duty,
            aliases=aliases[unit],
        )
        for unit, of in read.items()
    ]
    paths = sorted({path for closure in closures if (path := _path(closure))})
    topic_codes = make_codes("t", ["\n".join(path) for path in paths])
    certain = {(unit.street, unit.district) for unit in read.values() if unit.street}
    places = find_places(closures, certain, districts, city=city)
    days = sorted(closure.opened_on for closure in closures if closure.opened_on)
    rules, terms = national()
    return CityPack(
        name=name,
        title=title or city or name,
        city=city,
        version=days[-1].strftime("%Y.%m.%d") if days else "1",
        source=f"Derived from {len(closures)} closed orders",
        units=tuple(units),
        topics=tuple(Topic(code=TopicCode(topic_codes["\n".join(path)]), path=path) for path in paths),
        places=tuple(places),
        duties=_duties(units),
        lexicon=tuple(_lexicon(read.values(), places)),
        rules=rules,
        terms=terms,
    )


def read_unit(name: str, districts: Collection[str], city: str = "") -> UnitName:
    """Read level, district and kind of office off a unit's name; a name like no other is a duty of its own.

    `districts` are the full names of the city's districts, as `find_districts` gives them.
    """
    level, district, rest = _split(name, districts, city)
    street = STREET.fullmatch(rest)
    if _VILLAGE.search(rest):
        return UnitName(kind=UnitKind.OTHER, district=district, duty="村居", rest=rest)
    if street and not _COMPANY.search(rest):
        sort = "街道" if street["sort"] in {"街道", "地区"} else "乡镇"
        duty = _duty(street["rest"]) or street["rest"].strip() or sort
        return UnitName(
            kind=UnitKind.STREET, district=district, duty=duty, rest=rest, street=street["stem"] + street["sort"]
        )
    if _ZONE.search(rest) and not _COMPANY.search(rest):
        duty = "园区" if "园" in rest else "开发区"
        return UnitName(kind=UnitKind.ZONE, district=district, duty=duty, rest=rest)
    kind = _kind(rest, level)
    return UnitName(kind=kind, district=district, duty=_duty(level + rest) or rest, rest=rest)


def _kind(rest: str, level: str) -> UnitKind:
    if _COMPANY.search(rest):
        return UnitKind.COMPANY
    if level == "省":
        return UnitKind.OTHER
    if level == "区":
        return UnitKind.DISTRICT
    return UnitKind.MUNICIPAL if level == "市" or _AGENCY.search(rest) or _duty(rest) else UnitKind.OTHER


def _duty(name: str) -> str:
    # 人民政府 holds 民政, the name of another office.
    plain = name.replace("人民政府", "政府")
    found = (office.duty for office in offices() if any(pattern in plain for pattern in office.patterns))
    return next(found, "")


def _split(name: str, districts: Collection[str], city: str) -> tuple[str, str, str]:
    """Return the level (省, 市, 区 or none), the district and the rest of a name; the rest is never empty."""
    above = _above(name)
    level, rest = ("省" if above.endswith(("省", "自治区")) else ""), name.removeprefix(above)
    if city and rest.startswith(city.removesuffix("市")):
        level, rest = "市", rest.removeprefix(city).removeprefix(city.removesuffix("市"))
    elif of_city := _OF_CITY.match(rest):
        level, rest = "市", rest[of_city.end() :]
    for district in sorted(districts, key=len, reverse=True):
        if found := _place_of(district).search(rest):
            left = rest[: found.start()] + rest[found.end() :]
            return "区", district, re.sub("局(?=(?:分局|支局|管理局|监管局)$)", "", left).strip() or name
    if found := _OF_DISTRICT.match(rest):
        return "区", "", rest[found.end() :].strip() or name
    return level, "", rest.strip() or name


@cache
def _place_of(district: str) -> re.Pattern[str]:
    """Find a district in a name: by its full name, or by its short one where no street, road or village goes by it."""
    short = stem(district)
    full = re.escape(district) if len(district) > 2 else f"^{re.escape(district)}"
    if short == district:
        return re.compile(full)
    short = re.escape(short)
    return re.compile(
        rf"{full}|^{short}(?=.)(?!街道|[镇乡路街村区县市]|地区|社区)|{short}(?=(?:分局|支局|分公司|分中心|大队|管理局|监管局))"
    )


def _above(name: str) -> str:
    found = _ABOVE.match(name)
    return found[0] if found else ""


def find_city(names: Sequence[str], listed: Collection[str] = ()) -> str:
    """Return the city (…市) that units are named after, the one with districts under it first; "" where none is."""
    found: Counter[str] = Counter()
    for name in names:
        rest = name.removeprefix(_above(name))
        match = _CITY.match(rest)
        if match and not re.search("[区县旗局委]", match[1]) and not _CITY_WORD.search(rest[: match.end() + 2]):
            under = _DISTRICT.match(rest, match.end())
            found[match[0]] += 1 + 2 * bool(under)
    best = [city for city, count in found.most_common() if count > 1 and city not in listed]
    return best[0] if best else ""


def find_districts(names: Iterable[str], city: str = "", listed: Collection[str] = ()) -> tuple[str, ...]:
    """Return the districts that two units share or that have a government, and those listed in the orders."""
    known = {name for name in listed if _DISTRICT.fullmatch(name) and name not in {city, "市辖区", "全市"}}
    shared: Counter[str] = Counter(dict.fromkeys(known, 2))
    for name in names:
        rest = name.removeprefix(_above(name)).removeprefix(city)
        if of_city := _OF_CITY.match(rest):
            rest = rest[of_city.end() :]
        found = _DISTRICT.match(rest)
        if found and found[0] != city and not _ZONE_HEAD.match(rest, found.end()):
            after = rest[found.end() :]
            certain = _GOVERNMENT.match(after) or (STREET.match(after) and not _NOT_DISTRICT.search(found[0]))
            shared[found[0]] += 2 if certain else not _NOT_DISTRICT.search(found[0])
    return tuple(sorted((name for name, count in shared.items() if count > 1), key=lambda name: (-shared[name], name)))


def make_codes(prefix: str, names: Iterable[str], digits: int = 8) -> dict[str, str]:
    """Name each name by the head of its SHA-1, a longer one where two would collide; order does not matter."""
    codes: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(set(names)):
        digest = hashlib.sha1(name.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        code = next(digest[:end] for end in range(digits, len(digest) + 1) if digest[:end] not in taken)
        taken.add(code)
        codes[name] = prefix + code
    return codes


def _aliases(read: Mapping[str, UnitName], city: str) -> dict[str, tuple[str, ...]]:
    """Give each unit the short forms that mean no other unit."""
    holders = Counter(unit.duty for unit in read.values())
    wanted = {name: set(_short_names(unit, city, alone=holders[unit.duty] == 1)) for name, unit in read.items()}
    claims = Counter(alias for aliases in wanted.values() for alias in aliases)
    own = {alias for alias, count in claims.items() if count == 1 and re.fullmatch(r"[^\s|]{3,}", alias)} - set(read)
    return {name: tuple(sorted(aliases & own)) for name, aliases in wanted.items()}


def _short_names(unit: UnitName, city: str, *, alone: bool) -> Iterator[str]:
    """柳岸街道办 is 柳岸街道; the 城市管理局 of a district is its 城管局; what only one unit does needs no place."""
    if unit.street and unit.duty in {"街道", "乡镇"}:
        ends = ("", "办", "办事处") if unit.duty == "街道" else ("", "政府", "人民政府")
        yield from (place + unit.street + end for place in ("", unit.district) for end in ends)
        return
    forms = _forms(unit)
    for place in (unit.district, stem(unit.district)) if unit.district else (stem(city),):
        yield from (place + form for form in forms if place and place not in form)
    if unit.kind is UnitKind.MUNICIPAL:
        yield from (place + form for place in ("市", city) if place for form in forms if _AGENCY.search(form))
    if not unit.district and (alone or unit.kind is UnitKind.COMPANY):
        yield from (form for form in forms if _AGENCY.search(form) or form.endswith(("公司", "集团")))
    if unit.kind is UnitKind.COMPANY and _trade_name(unit.rest) not in _spoken():
        yield _trade_name(unit.rest)


def _forms(unit: UnitName) -> list[str]:
    """Return what an office is called where its place is understood."""
    if unit.kind is UnitKind.OTHER:
        return []
    words = next((office.words for office in offices() if office.duty == unit.duty), ())
    tail = unit.rest.removeprefix("公安局")
    forms = [unit.rest, _trade_name(unit.rest), unit.rest.replace("人民政府", "政府")]
    forms += [word for word in words if _abbreviates(word, tail)] + ["分局"] * unit.rest.endswith("分局")
    return [form for form in dict.fromkeys(forms) if form]


def _trade_name(company: str) -> str:
    return _LEGAL.sub("", company)


@cache
def _spoken() -> frozenset[str]:
    return frozenset(word for office in offices() for word in (*office.patterns, *office.words))


def _abbreviates(word: str, name: str) -> bool:
    """城管局 abbreviates 城市管理行政执法局: its characters come in that order."""
    letters = iter(name)
    return word[0] == name[:1] and all(letter in letters for letter in word)


def _with_plain_places(closure: Closure) -> Closure:
    district, street, community = (
        normalise(name).text for name in (closure.district, closure.street, closure.community)
    )
    return replace(closure, district=district, street=street, community=community)


def _path(closure: Closure) -> tuple[str, ...]:
    path = closure.topic[: closure.topic.index("")] if "" in closure.topic else closure.topic
    return path[:_LEVELS]


def _duties(units: Iterable[Unit]) -> dict[str, tuple[str, ...]]:
    """Return the kinds of offices there are, with the words for them; a duty of its own goes by its units' names."""
    own: defaultdict[str, set[str]] = defaultdict(set)
    for unit in units:
        own[unit.duty].update(unit.aliases or [unit.duty.replace("|", "/")])
    known = {office.duty: office.words for office in offices() if office.duty in own}
    return known | {duty: tuple(sorted(words)) for duty, words in sorted(own.items()) if duty not in known}


def _lexicon(read: Iterable[UnitName], places: Iterable[PackPlace]) -> Iterator[str]:
    names = [place.name for place in places] + [_trade_name(unit.rest) for unit in read if not unit.street]
    yield from dict.fromkeys(name for name in names if re.fullmatch(r"[^\W_]{3,12}", name))

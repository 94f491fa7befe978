"""A city that does not exist: its places, its units, what its people have to say, and whose each matter is.

All names are put together from syllables by a seeded generator. Whose a matter is follows from rules, and some of them
no text tells: on which side of a boundary an estate lies, who owns its lights, and which company heats it.
"""

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import accumulate, product
from pathlib import Path

from training.simulate.seasons import Story, season_share, told
from triage.citypack import CityPack, PackPlace, PlaceKind, national
from triage.domain import Deadline, Mandate, Office, Topic, TopicCode, Unit, UnitCode, UnitKind, Urgency

_MATTERS = Path(__file__).with_name("matters.csv")
DISAGREE = 0.06  # of identical texts, two operators put so many down to different units
_CONTESTED = 0.2  # of all that is said, so much is about matters that they disagree on
_CITIES = ("岚汀市", "澜桐市", "霁浦市", "汐原市", "檀屿市")
_DISTRICT = ("蘅澜霁芷岚汐苕檀槿桦菱橡榛茉棠荻", "浦屿坡坞岸汀")
_STREET = ("青白梅松竹云石莲柳枫雁鹤鹿燕朝望春秋金银紫丹碧翠", "桥塘亭井里台岗湾圩渡")
_COMMUNITY = ("安康福和兴乐祥瑞平顺", "宁泰华民居源")
_ESTATE = (
    *(("锦绣", "望江", "听雨", "观澜", "金域", "紫荆", "香樟", "东方", "翠湖", "阳光", "水岸", "学府"),),
    *(("花园", "家园", "雅苑", "公馆", "新城", "嘉园", "名邸", "小区", "苑", "华庭"),),
    *(("", "一期", "二期", "东区", "西区", "南区"),),
)
_TOWNSHIPS = 0.25
_ACROSS, _UNLISTED, _OTHER_HEATER = 0.15, 0.3, 0.1
_LIGHTS = ("company:路灯照明", "company:路灯照明", "street:街道", "district:住房")

_DEPARTMENTS = {
    "城管执法": ("综合行政执法局", "城管局", "城管|城管局|执法局|占道|违建|流动摊贩"),
    "住房": ("住房和城乡建设局", "住建局", "住建局|房管局|开发商|物业费|交房|维修资金"),
    "市场监管": ("市场监督管理局", "市场监管局", "市场监管|市监局|消费|退款|食品|价格|电梯"),
    "教育": ("教育局", "教育局", "教育局|学校|入学|学位|幼儿园|培训班"),
}
_MUNICIPAL = {
    "公安": ("公安局", "公安|派出所|民警|户口|养犬|扰民"),
    "交通管理": ("公安局交通警察支队", "交警|违停|红绿灯|信号灯"),
    "人力社保": ("人力资源和社会保障局", "人社局|工资|欠薪|就业|社保"),
    "生态环境": ("生态环境局", "环保|油烟|异味|排污"),
    "交通运输": ("交通运输局", "交通局|网约车|出租车|公路|路面"),
    "卫生健康": ("卫生健康委员会", "卫健委|医院|疫苗|挂号"),
    "水务": ("水务局", "水务局|积水|污水|河道|井盖"),
    "园林绿化": ("园林绿化局", "园林|绿化|树木|公园"),
    "民政": ("民政局", "民政|低保|养老|婚姻登记"),
    "规划自然资源": ("规划和自然资源局", "规划|不动产|房产证"),
    "消防": ("消防救援支队", "消防|消防通道|灭火器"),
    "税务": ("税务局", "税务|退税|发票|契税"),
    "医疗保障": ("医疗保障局", "医保|报销|生育津贴"),
    "公积金": ("住房公积金管理中心", "公积金|公积金贷款"),
    "文化旅游": ("文化和旅游局", "旅游|景区|导游|演出"),
    "体育": ("体育局", "体育|健身器材|体育馆"),
}
_COMPANIES = {
    "供水": ("清源水务集团有限公司", "自来水|停水|水费|水压"),
    "供电": ("供电公司", "停电|电费|跳闸"),
    "供气": ("燃气集团有限公司", "燃气|天然气|燃气表"),
    "公交": ("公共交通集团有限公司", "公交|公交车|公交站"),
    "地铁": ("轨道交通运营有限公司", "地铁|地铁站"),
    "环卫": ("环境卫生服务中心", "环卫|垃圾|公厕|清扫"),
    "路灯照明": ("路灯管理有限公司", "路灯|照明|景观灯"),
    "停车管理": ("静态交通投资有限公司", "停车费|停车场|泊位"),
    "共享单车": ("共享单车运营有限公司", "共享单车|单车"),
    "通信": ("通信发展有限公司", "宽带|信号|基站"),
}
_HEATERS = ("东部热力有限公司", "西部热力有限公司")
_HEAT = "供热"
_HEAT_WORDS = ("热力", "供暖", "暖气", "供热")
RENAMED, MERGED, SPLIT = "环卫", ("文化旅游", "体育"), ("人力社保", "社会保险")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Something that people call about, as they put it, and whose it is.

    `lead` is the office whose matter it is, and `rival` another one that might take it for its own. Where `rule` is
    set, the estate decides: `lights` by who owns them, `heat` by who heats it.
    """

    topic: Topic
    lead: Office
    rival: Office
    rule: str
    season: str
    share: float
    said: tuple[str, ...]
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """A place that people name: where it lies, and where they believe that it does.

    One that is not `listed` is on no map. `lights` is who looks after them, `heated_by` the number of the company.
    """

    name: str
    district: str
    street: str
    community: str
    believed: tuple[str, str]
    lights: Office
    heated_by: int
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From a day on, those `after` do what those `before` did; `what` is renamed, merged or split."""

    what: str
    on: date
    before: tuple[Unit, ...]
    after: Unit


class City:
    """Places, units and matters of a city; the same seed and size give the same city.

    Parameters
    ----------
    districts, streets, estates
        How many districts there are, and streets in each, and estates in each of those.
    story
        What changes when; a year of its own by default.
    """

    def __init__(
        self, seed: int = 0, *, districts: int = 12, streets: int = 4, estates: int = 6, story: Story | None = None
    ) -> None:
        draw = random.Random(f"city {seed}")
        self.seed, self.story = seed, story or told()
        self.name = draw.choice(_CITIES)
        self.streets = _streets(draw, districts, streets)
        self.communities = {
            where: tuple(dict.fromkeys(f"{_pair(draw, _COMMUNITY)}社区" for _ in range(3))) for where in self.streets
        }
        self.estates = tuple(_estates(draw, self.streets, self.communities, estates))
        self.matters = matters()
        self._offices = {(unit.kind, unit.duty, unit.district): unit for unit in self._first_units()}
        self._streets = {unit.name: unit for unit in self._street_units()}
        self.heaters = tuple(self._heat_units())
        self.changes = tuple(self._changes())
        self.contested = _contested(draw, self.matters)

    @property
    def districts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(district for district, _ in self.streets))

    def units(self, on: date) -> tuple[Unit, ...]:
        """Return who acts on a day."""
        return tuple(unit for unit in self._known(on) if not unit.valid_to)

    def ever(self) -> tuple[Unit, ...]:
        """Return everybody who acts at some time."""
        first = (*self._offices.values(), *self._streets.values(), *self.heaters)
        return (*first, *(change.after for change in self.changes))

    def duty(self, matter: Matter, estate: Estate, on: date) -> Unit:
        """Return the unit whose a matter is in an estate on a day, as nobody but the city itself knows."""
        if matter.rule == "heat":
            return self.heaters[estate.heated_by]
        office = estate.lights if matter.rule == "lights" else matter.lead
        return self.unit(office, (estate.district, estate.street), on)

    def rival(self, matter: Matter, estate: Estate, on: date) -> Unit:
        """Return the unit that might take a matter for its own."""
        return self.unit(matter.rival, (estate.district, estate.street), on)

    def second_view(self, matter: Matter, draw: random.Random) -> bool:
        """Draw whether an order is put down to the rival, as the second of two operators does with contested matters.

        On all texts together they disagree about as often as `DISAGREE`.
        """
        return matter.topic.code in self.contested and draw.random() < DISAGREE / 2 / _CONTESTED

    def unit(self, office: Office, where: tuple[str, str], on: date) -> Unit:
        """Return the unit that an office is in a place, on a day."""
        if office.level is UnitKind.STREET:
            return self._streets["".join(where)]
        duty = office.duty
        if duty == SPLIT[1] and on < self.story.split_on:
            duty = SPLIT[0]
        if duty == _HEAT:
            return self.heaters[0]
        if change := self._change(duty, on):
            return change.after
        district = where[0] if office.level is UnitKind.DISTRICT else ""
        return self._offices[office.level, duty, district]

    def acting(self, unit: Unit, on: date) -> Unit:
        """Return who does on a day what a unit did."""
        gone = (one for one in self.changes if one.what != "split" and on >= one.on)
        return next((one.after for one in gone if unit.code in {before.code for before in one.before}), unit)

    def shares(self, day: date) -> list[float]:
        """Return how often each matter is spoken of on a day, each added to those before."""
        story, seed = self.story, self.seed
        return list(accumulate(one.share * season_share(one.season, day, story, seed) for one in self.matters))

    def pack(self, on: date, *, audit_share: float | None = None) -> CityPack:
        """Return the city as it knows itself on a day: units that ended by then, none that are still to come."""
        rules, terms = national()
        if audit_share is not None:
            terms = replace(terms, audit_share=audit_share)
        known = [one for one in self.matters if one.season != "new" or on >= self.story.new_from]
        return CityPack(
            name=f"simulated-{self.seed}",
            title=self.name.removesuffix("市"),
            version=on.strftime("%Y.%m.%d"),
            city=self.name,
            source="Simulated; nobody lives there",
            units=self._known(on),
            topics=tuple(matter.topic for matter in known),
            mandates=tuple(self._mandate(matter, on) for matter in known),
            places=tuple(self._places()),
            duties={duty: words for duty, words in _duties().items() if duty != SPLIT[1] or on >= self.story.split_on},
            rules=rules,
            terms=terms,
        )

    def _mandate(self, matter: Matter, on: date) -> Mandate:
        lead = matter.lead
        if lead.duty == SPLIT[1] and on < self.story.split_on:
            lead = replace(lead, duty=SPLIT[0])
        if lead.duty in MERGED and on >= self.story.merged_on:
            lead = replace(lead, duty=MERGED[0])
        deadline = Deadline.HOURS_24 if matter.topic.urgency is not Urgency.ORDINARY else Deadline.DAYS_7
        return Mandate(topic=matter.topic.code, lead=lead, deadline=deadline)

    def _places(self) -> Iterator[PackPlace]:
        yield from (PackPlace(name=district, kind=PlaceKind.DISTRICT) for district in self.districts)
        for (district, street), communities in self.communities.items():
            yield PackPlace(name=street, kind=PlaceKind.STREET, district=district)
            for community in communities:
                yield PackPlace(name=community, kind=PlaceKind.COMMUNITY, district=district, street=street)
        for one in self.estates:
            if one.listed:
                yield PackPlace(name=one.name, kind=PlaceKind.ESTATE, district=one.district, street=one.street)

    def _known(self, on: date) -> tuple[Unit, ...]:
        first = [*self._offices.values(), *self._streets.values(), *self.heaters]
        ended: dict[UnitCode, Change] = {}
        later: list[Unit] = []
        for change in self.changes:
            if on >= change.on:
                later.append(change.after)
                if change.what != "split":
                    ended |= {unit.code: change for unit in change.before}
        return (*(_ended(unit, ended[unit.code]) if unit.code in ended else unit for unit in first), *later)

    def _change(self, duty: str, on: date) -> Change | None:
        return next((one for one in self.changes if on >= one.on and duty in _served(one)), None)

    def _first_units(self) -> Iterator[Unit]:
        for at, (duty, (name, _)) in enumerate(_MUNICIPAL.items(), 1):
            yield _unit(f"s{at:02}", f"{self.name}{name}", UnitKind.MUNICIPAL, duty, aliases=(f"市{name}",))
        for at, (duty, (name, _)) in enumerate(_COMPANIES.items(), 1):
            yield _unit(f"c{at:02}", f"{self.name}{name}", UnitKind.COMPANY, duty)
        for number, district in enumerate(self.districts, 1):
            for at, (duty, (name, short, _)) in enumerate(_DEPARTMENTS.items(), 1):
                short = f"{district.removesuffix('区')}{short}"  # noqa: PLW2901
                code = f"d{number:02}{at}"
                yield _unit(code, f"{district}{name}", UnitKind.DISTRICT, duty, district=district, aliases=(short,))

    def _street_units(self) -> Iterator[Unit]:
        names = [street for _, street in self.streets]
        for at, (district, street) in enumerate(self.streets, 1):
            aliases = (street,) if names.count(street) == 1 else ()
            yield _unit(f"j{at:03}", district + street, UnitKind.STREET, "街道", district=district, aliases=aliases)

    def _heat_units(self) -> Iterator[Unit]:
        for at, name in enumerate(_HEATERS, 1):
            yield _unit(f"h{at}", f"{self.name}{name}", UnitKind.COMPANY, _HEAT)

    def _changes(self) -> Iterator[Change]:
        story, city = self.story, self.name
        old = self._offices[UnitKind.COMPANY, RENAMED, ""]
        after = _unit("c90", f"{city}城市环境集团有限公司", UnitKind.COMPANY, RENAMED, since=story.renamed_on)
        yield Change(what="renamed", on=story.renamed_on, before=(old,), after=after)
        both = tuple(self._offices[UnitKind.MUNICIPAL, duty, ""] for duty in MERGED)
        after = _unit("s90", f"{city}文化旅游体育局", UnitKind.MUNICIPAL, MERGED[0], since=story.merged_on)
        yield Change(what="merged", on=story.merged_on, before=both, after=after)
        whole = self._offices[UnitKind.MUNICIPAL, SPLIT[0], ""]
        after = _unit("s91", f"{city}社会保险事业中心", UnitKind.MUNICIPAL, SPLIT[1], since=story.split_on)
        yield Change(what="split", on=story.split_on, before=(whole,), after=after)


@cache
def matters() -> tuple[Matter, ...]:
    """What people call about, in the order of `matters.csv`."""
    with _MATTERS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    return tuple(_matter(at, row) for at, row in enumerate(rows, 1))


def _matter(at: int, row: Mapping[str, str]) -> Matter:
    topic = Topic(
        code=TopicCode(f"T{at:03}"),
        path=(row["level1"], row["level2"], row["level3"]),
        kinds=("投诉", "求助", "咨询"),
        urgency=Urgency(row["urgency"] or Urgency.ORDINARY),
        statutory=row["statutory"],
    )
    return Matter(
        topic=topic,
        lead=office(row["lead"]),
        rival=office(row["rival"]),
        rule=row["rule"],
        season=row["season"],
        share=float(row["share"]),
        said=tuple(row["said"].split("|")),
        details=tuple(row["details"].split("|")),
    )


def _contested(draw: random.Random, listed: Sequence[Matter]) -> frozenset[TopicCode]:
    """Choose the matters that are contested, until they are as much of what is said as they shall be."""
    left = _CONTESTED * sum(one.share for one in listed)
    found: set[TopicCode] = set()
    for one in draw.sample(listed, len(listed)):
        if one.share <= left and one.season == "steady":
            left -= one.share
            found.add(one.topic.code)
    return frozenset(found)


def office(cell: str) -> Office:
    """Read `level:duty`."""
    level, _, duty = cell.partition(":")
    return Office(level=UnitKind(level), duty=duty)


def _served(change: Change) -> tuple[str, ...]:
    return (SPLIT[1],) if change.what == "split" else tuple(unit.duty for unit in change.before)


def _ended(unit: Unit, change: Change) -> Unit:
    return replace(unit, valid_to=change.on - timedelta(days=1), successor=change.after.code)


def _unit(
    code: str,
    name: str,
    kind: UnitKind,
    duty: str,
    *,
    district: str = "",
    aliases: tuple[str, ...] = (),
    since: date | None = None,
) -> Unit:
    return Unit(
        code=UnitCode(code), name=name, kind=kind, duty=duty, district=district, aliases=aliases, valid_from=since
    )


def _duties() -> dict[str, tuple[str, ...]]:
    words = {duty: told_as for duty, (*_, told_as) in (_DEPARTMENTS | _MUNICIPAL | _COMPANIES).items()}
    named = {duty: tuple(listed.split("|")) for duty, listed in words.items()}
    return named | {_HEAT: _HEAT_WORDS, "街道": ("街道办", "居委会", "物业", "社区"), SPLIT[1]: ("社保", "退休金")}


def _streets(draw: random.Random, districts: int, streets: int) -> tuple[tuple[str, str], ...]:
    """Name districts and their streets; two streets far apart have one name, as in any large city."""
    heads = draw.sample(_DISTRICT[0], districts)
    pairs = draw.sample(["".join(pair) for pair in product(*_STREET)], districts * streets)
    named = [f"{pair}{'镇' if draw.random() < _TOWNSHIPS else '街道'}" for pair in pairs]
    if districts > 1:
        named[-1] = named[0]
    ends = [draw.choice(_DISTRICT[1]) for _ in heads]
    return tuple((f"{heads[at // streets]}{ends[at // streets]}区", street) for at, street in enumerate(named))


def _estates(
    draw: random.Random,
    streets: Sequence[tuple[str, str]],
    communities: Mapping[tuple[str, str], Sequence[str]],
    each: int,
) -> Iterator[Estate]:
    names = draw.sample(["".join(parts) for parts in product(*_ESTATE)], len(streets) * each)
    heated_by = [draw.randrange(len(_HEATERS)) for _ in streets]
    for at, name in enumerate(names):
        number = at // each
        district, street = where = streets[number]
        across = draw.random() < _ACROSS
        yield Estate(
            name=name,
            district=district,
            street=street,
            community=draw.choice(communities[where]),
            believed=streets[(number + draw.choice((-1, 1))) % len(streets)] if across else where,
            lights=office(draw.choice(_LIGHTS)),
            heated_by=heated_by[number] ^ (draw.random() < _OTHER_HEATER),
            listed=not across and draw.random() >= _UNLISTED,
        )


def _pair(draw: random.Random, syllables: tuple[str, str]) -> str:
    return draw.choice(syllables[0]) + draw.choice(syllables[1])

"""What a city pack holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from triage.citypack.terms import Terms
from triage.domain import Mandate, Rule, Topic, TopicCode, Unit, UnitCode


class PlaceKind(StrEnum):
    """What a name in `places.csv` is the name of."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    VILLAGE = "village"
    ROAD = "road"
    LANDMARK = "landmark"
    ESTATE = "estate"
    ZONE = "zone"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPlace:
    """A name on the map and where it lies; a district lies in itself, and so does a street or township.

    `code` is that of the national statistics, where there is one; `successor` the code of the place that took over.
    """

    name: str
    kind: PlaceKind
    district: str = ""
    street: str = ""
    aliases: tuple[str, ...] = ()
    code: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str = ""

    def __post_init__(self) -> None:
        if self.kind is PlaceKind.DISTRICT and not self.district:
            object.__setattr__(self, "district", self.name)
        if self.kind is PlaceKind.STREET and not self.street:
            object.__setattr__(self, "street", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CityPack:
    """What is particular to a city: its units, topics, directory and places, and the words for them.

    `duties` maps each kind of office to the words people use for it; `topic_words` holds the topics that have words.
    `lexicon` entries are lines of a jieba user dictionary: a word, perhaps its frequency and its tag.
    The mappings and `words` are built each time they are asked for: keep what is used in a loop.
    """

    name: str
    title: str
    version: str
    city: str = ""
    source: str = ""
    units: tuple[Unit, ...] = ()
    topics: tuple[Topic, ...] = ()
    mandates: tuple[Mandate, ...] = ()
    places: tuple[PackPlace, ...] = ()
    duties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    topic_words: Mapping[TopicCode, tuple[str, ...]] = field(default_factory=dict)
    lexicon: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    terms: Terms = field(default_factory=Terms)

    @property
    def districts(self) -> tuple[str, ...]:
        """Districts in the order of the places, and then any that only a unit names."""
        listed = [place.name for place in self.places if place.kind is PlaceKind.DISTRICT]
        return tuple(dict.fromkeys([*listed, *(unit.district for unit in self.units if unit.district)]))

    @property
    def unit_by_name(self) -> dict[str, Unit]:
        return {unit.name: unit for unit in self.units}

    @property
    def topic_by_path(self) -> dict[tuple[str, ...], Topic]:
        return {topic.path: topic for topic in self.topics}

    @property
    def words(self) -> tuple[str, ...]:
        """Words of two characters or more that the tokenizer must know: lexicon, places, aliases of units."""
        found = [entry.split()[0] for entry in self.lexicon]
        for place in self.places:
            found += [place.name, *place.aliases]
        for unit in self.units:
            found += unit.aliases
        return tuple(dict.fromkeys(word for word in found if len(word) >= 2))

    @property
    def acting_names(self) -> dict[str, str]:
        """For every name and alias of a unit the name of the unit that does now what it did: itself, or a successor."""
        by_code: dict[UnitCode, Unit] = {unit.code: unit for unit in self.units}
        names: dict[str, str] = {}
        for unit in self.units:
            acting = unit
            while acting.successor:
                acting = by_code[acting.successor]
            names |= dict.fromkeys((*unit.aliases, unit.name), acting.name)
        return names


def counts(pack: CityPack) -> dict[str, int]:
    """Tell how much a pack holds, for a person to compare with what the city has."""
    return {
        "districts": len(pack.districts),
        "streets and townships": sum(place.kind is PlaceKind.STREET for place in pack.places),
        "units": len(pack.units),
        "duties": len(pack.duties),
        "topics": len(pack.topics),
        "mandates": len(pack.mandates),
        "places": len(pack.places),
        "lexicon": len(pack.lexicon),
        "rules": len(pack.rules),
    }

"""The place of a matter, as far as the names in its text settle it."""

from collections.abc import Iterable, Sequence

from triage.citypack import PackPlace, PlaceKind
from triage.domain import Appeal, Place, Reading
from triage.mentions import Finder, Mention, longest


class Places:
    """Resolves district, street and community from the names that a city pack knows.

    A street or community settles its district; a name that several districts share settles nothing until the text
    names one of them.
    """

    def __init__(self, places: Iterable[PackPlace]) -> None:
        listed = tuple(places)
        self._finder = Finder((name, place) for place in listed for name in (place.name, *place.aliases))
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
        district = self._district.get(district.strip()) if district else None
        found = longest(self._finder.find(text))
        district = district or _only(mention.of.district for mention in found if mention.of.kind is PlaceKind.DISTRICT)
        inside = [mention for mention in found if not district or mention.of.district in ("", district)]
        district = district or _only(mention.of.district for mention in inside)
        street = _only(mention.of.street for mention in inside if mention.of.district == district) if district else None
        community = _only(_communities(inside, district)) if district else None
        used = tuple(dict.fromkeys(mention.name for mention in inside if mention.of.district))
        return Place(district=district, street=street, community=community, evidence=used if district else ())


def _communities(mentions: Iterable[Mention[PackPlace]], district: str) -> Iterable[str]:
    settled = (PlaceKind.COMMUNITY, PlaceKind.VILLAGE)
    return (found.of.name for found in mentions if found.of.kind in settled and found.of.district == district)


def _only(names: Iterable[str]) -> str | None:
    """The one name that all agree on, leaving out those that say nothing; none where two differ."""
    different = {name for name in names if name}
    return different.pop() if len(different) == 1 else None

"""What a client reports: the fields of `POST requests`, checked, without what is about the person who sends it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from api.open311.fields import Fields
from api.open311.location import Location
from api.open311.refusal import Complaint, RefusedError
from api.routing import Pack
from triage.domain import Appeal, Topic

DESCRIPTION_LIMIT = 4_000
ADDRESS_LIMIT = 1_000
ADDRESS_ID_LIMIT = 100
MOST_ATTRIBUTES, CODE_LIMIT, VALUE_LIMIT = 20, 100, 500
CHANNEL = "Open311"

_DEGREES = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]+)\](?:\[\])?")
_WITHIN = {"lat": 90.0, "long": 180.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What happened and where; `topic` is what the client takes it to be, `attributes` what else it tells."""

    topic: Topic
    description: str
    location: Location
    attributes: Mapping[str, str]

    @property
    def appeal(self) -> Appeal:
        """The report as an appeal; without a description the name of the topic tells what is asked."""
        return Appeal(
            id="1",
            text=self.description or self.topic.name,
            address=self.location.written,
            channel=CHANNEL,
        )


def report_from(fields: Fields, pack: Pack) -> Report:
    """Check the fields of a report. Those about a person, and `media_url`, are not even read. Attributes are taken
    though no service here asks for any: clients have their own.

    Raises
    ------
    RefusedError
        With everything that is wrong: 404 for a service that the city does not have, 400 for the rest.
    """
    code = fields.one("service_code").strip()
    topic = next((topic for topic in pack.topics if topic.code == code), None)
    degrees = {name: _degrees(fields.one(name).strip(), limit) for name, limit in _WITHIN.items()}
    attributes = _attributes(fields)
    complaints = [
        *_wrong_service(code, topic),
        *_wrong_place(fields, degrees),
        *_too_long(fields),
        *_wrong_attributes(attributes),
    ]
    if topic is None or complaints:
        raise RefusedError(complaints)
    return Report(
        topic=topic,
        description=fields.one("description"),
        location=Location(address=fields.one("address_string"), address_id=fields.one("address_id"), **degrees),
        attributes=attributes,
    )


def _wrong_service(code: str, topic: Topic | None) -> Iterator[Complaint]:
    if not code:
        yield Complaint(code=400, description="service_code was not provided; GET services lists them")
    elif topic is None:
        yield Complaint(code=404, description="service_code was not found; GET services lists them")


def _wrong_place(fields: Fields, degrees: Mapping[str, float | None]) -> Iterator[Complaint]:
    given = [name for name in _WITHIN if fields.one(name)]
    for name in given:
        if degrees[name] is None:
            limit = _WITHIN[name]
            yield Complaint(code=400, description=f"{name} is no number from -{limit:g} to {limit:g} (WGS 84)")
    if len(given) == 1:
        yield Complaint(code=400, description="lat and long belong together; send both or neither")
    if not given and not fields.one("address_string") and not fields.one("address_id"):
        yield Complaint(
            code=400, description="no location was provided; send lat and long, address_string or address_id"
        )


def _too_long(fields: Fields) -> Iterator[Complaint]:
    limits = {"description": DESCRIPTION_LIMIT, "address_string": ADDRESS_LIMIT, "address_id": ADDRESS_ID_LIMIT}
    for name, limit in limits.items():
        if (length := len(fields.one(name))) > limit:
            yield Complaint(code=400, description=f"{name} has {length:,} characters; at most {limit:,} are taken")


def _attributes(fields: Fields) -> Mapping[str, str]:
    """Read `attribute[code]=value`, and several values of one code as `attribute[code][]=value`."""
    values: dict[str, list[str]] = {}
    for name, value in fields:
        if found := _ATTRIBUTE.fullmatch(name):
            values.setdefault(found[1], []).append(value)
    return {code: ",".join(several) for code, several in values.items()}


def _wrong_attributes(attributes: Mapping[str, str]) -> Iterator[Complaint]:
    if (count := len(attributes)) > MOST_ATTRIBUTES:
        yield Complaint(code=400, description=f"{count} attributes were sent; at most {MOST_ATTRIBUTES} are taken")
    for code, value in attributes.items():
        name = f"attribute[{code[:CODE_LIMIT]}]"
        if (length := len(code)) > CODE_LIMIT:
            description = f"{name} goes on: its code has {length:,} characters; at most {CODE_LIMIT} are taken"
            yield Complaint(code=400, description=description)
        if (length := len(value)) > VALUE_LIMIT:
            yield Complaint(code=400, description=f"{name} has {length:,} characters; at most {VALUE_LIMIT} are taken")


def _degrees(text: str, limit: float) -> float | None:
    number = float(text) if _DEGREES.fullmatch(text) else None
    return number if number is not None and -limit <= number <= limit else None

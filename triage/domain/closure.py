"""How orders ended: what is learned from."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

ORDINARY = "none"
"""What `outside` says of an appeal that a unit of the hotline deals with, however much it looks like another."""


class Origin(StrEnum):
    """Where a row to learn from comes from."""

    CLOSED = "closed"
    WRITTEN = "written"
    MEANING = "meaning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A closed order as a hotline keeps it: the appeal, and the unit that closed it.

    `text` is as the export has it until `training.hygiene.clean` has stripped instructions and earlier answers; `unit`
    is empty where the export named none. `source` tells file and row for messages. An appeal that was written for the
    project, or what a topic means in the pack, teaches in the same form and says so by its `origin`. `outside` is known
    of what was written to teach it alone: the destination or reason for which no unit acts, or `ORDINARY`; `voice` of
    what was written, in which one.
    """

    id: str
    text: str
    unit: str
    topic: tuple[str, ...] = ()
    opened_on: date | None = None
    district: str = ""
    street: str = ""
    community: str = ""
    kind: str = ""
    outside: str = ""
    voice: str = ""
    origin: Origin = Origin.CLOSED
    source: str = field(default="", compare=False)

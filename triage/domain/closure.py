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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an order ended, or where it stands, as a ledger or an export tells it; what is not told weighs nothing.

    Parameters
    ----------
    closure
        The appeal, and the unit that finally closed it; no unit where none did.
    status
        As the ledger names it, such as `closed`; empty where a word for it is not understood.
    returned
        The units that sent it back and why, in that order; one may have done so more than once.
    first_unit
        Which it was sent to first.
    automatic
        Whether it was first sent without a person.
    audited, propensity
        Whether a person looked at it only because a share of what is sure is drawn for people, and how probable it was
        that a person would look at it: 1 for all that the model is not sure of.
    contacted, solved, satisfaction
        What the citizen said when called back.
    disputed
        It was returned and closed without any unit having had it since.
    reopened
        It was closed, not solved by what the citizen said, and sent out again.
    topic_routed
        The topic is that of the routing, which nobody has confirmed.
    """

    closure: Closure
    status: str = "closed"
    address: str = ""
    channel: str = ""
    returned: tuple[tuple[str, str], ...] = ()
    first_unit: str = ""
    automatic: bool = False
    audited: bool = False
    propensity: float = 1.0
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: str = ""
    disputed: bool = False
    reopened: bool = False
    closed_on: date | None = None
    merged_into: str = ""
    erased: bool = False
    topic_routed: bool = False

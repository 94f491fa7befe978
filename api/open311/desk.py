"""What the routes need of the hotline behind them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from api.routing import Pack
from triage.domain import Appeal
from triage.ledger.order import Entry, Status


class Desk(Protocol):
    """Where Open311 clients bring appeals and ask what became of them.

    `jurisdiction` is what they call the city, and `changeset` a text that sorts later whenever its topics change. A
    caller is whatever the desk knows one by; it sees the orders that are for its eyes and no others.
    """

    @property
    def pack(self) -> Pack: ...

    @property
    def jurisdiction(self) -> str: ...

    @property
    def changeset(self) -> str: ...

    def caller(self, api_key: str | None) -> object | None:
        """Return who has a key; None where it does not hold."""
        ...

    def submit(self, caller: object, appeal: Appeal, *, service_code: str, attributes: Mapping[str, str]) -> Entry:
        """Route an appeal and write it down, and beside it what the client takes its topic to be and tells of it."""
        ...

    def one(self, caller: object, id_: str, /) -> Entry | None:
        """Return an order; None where there is none for this caller."""
        ...

    def find(
        self,
        caller: object,
        *,
        ids: Sequence[str],
        service_codes: Sequence[str],
        statuses: Sequence[Status],
        start: datetime | None,
        end: datetime | None,
        limit: int,
    ) -> Sequence[Entry]:
        """Return orders, newest first, `limit` at most.

        Where there are `ids`, nothing else is asked. Otherwise they came in from `start` up to and including `end`, and
        have one of the topics and statuses, any where none is given.
        """
        ...

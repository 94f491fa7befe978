"""The counter at which Open311 clients bring appeals: a hotline, as `api.open311` asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from api.access import Caller, Doorkeeper, ForbiddenError, May
from api.hotline import Hotline, Submission
from api.routing import Pack
from triage.domain import Appeal
from triage.errors import MissingError
from triage.ledger.order import Entry, Status
from triage.ledger.search import Filters, find


class Counter:
    """A hotline and the doorkeeper before it."""

    def __init__(self, hotline: Hotline, doorkeeper: Doorkeeper) -> None:
        self._hotline, self._doorkeeper = hotline, doorkeeper

    @property
    def pack(self) -> Pack:
        return self._hotline.router.pack

    @property
    def jurisdiction(self) -> str:
        return self.pack.name

    @property
    def changeset(self) -> str:
        return self._hotline.router.versions.pack

    def caller(self, api_key: str | None) -> Caller | None:
        """Return who has a key."""
        return self._doorkeeper.caller_with(api_key, address="open311") if api_key else None

    def submit(self, caller: object, appeal: Appeal, *, service_code: str, attributes: Mapping[str, str]) -> Entry:
        """Write an appeal down. What the client tells beside it is kept; what the order is about, the router tells."""
        who = _allowed(caller, May.SUBMIT)
        submission = Submission(appeal=appeal, actor=who.actor, advice=service_code, attributes=attributes)
        return self._hotline.submit(submission)

    def one(self, caller: object, id_: str) -> Entry | None:
        """Return an order that the caller sees."""
        who = _allowed(caller, May.SEE_OWN)
        try:
            state = self._hotline.ledger.order(id_)
        except MissingError:
            return None
        return self._hotline.ledger.entry(id_) if who.sees(state) else None

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
        """Return the orders that the caller sees, newest first."""
        who = _allowed(caller, May.SEE_OWN)
        own = Filters(owner=who.owner, held_by=who.unit)
        wanted = replace(
            own,
            topics=tuple(service_codes) or None,
            statuses=tuple(statuses) or None,
            received_from=start,
            received_to=end + timedelta(microseconds=1) if end else None,
        )
        filters = replace(own, ids=tuple(ids)) if ids else wanted
        return find(self._hotline.ledger, filters, limit=limit, routing=True)[0]


def _allowed(caller: object, what: May) -> Caller:
    if not isinstance(caller, Caller) or not caller.may(what):
        raise ForbiddenError
    return caller

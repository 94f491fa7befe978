"""What a hotline does with appeals: takes them in, routes them, writes them down, and routes again what comes back."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import SystemRandom

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from starlette.concurrency import run_in_threadpool

from api.routing import Pack, Router, current
from triage.clock import moment
from triage.directory import CHINA_TIME, today
from triage.domain import Action, Appeal, ReturnReason, Routing, holds
from triage.errors import ConflictError, MissingError, PaidanError, StaleError, UnavailableError
from triage.ledger.drafts import Reception
from triage.ledger.events import Actor
from triage.ledger.ledger import Ledger
from triage.ledger.order import WITH_A_UNIT, Entry
from triage.ledger.originals import seal
from triage.ledger.reception import Receipt

_AT_ONCE = 32
DRAW = SystemRandom().random  # nobody can tell which appeals a person will look at


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An appeal as somebody submits it.

    With `hold` nothing is dispatched by itself. `key` and `fingerprint` tell whether it was submitted before, `storm`
    and `within` to which order of the machine `source` it belongs, `advice` the topic that its sender takes it to be,
    and `attributes` what else the sender tells.
    """

    appeal: Appeal
    actor: Actor
    reference: str = ""
    key: str = ""
    fingerprint: str = ""
    source: str = ""
    storm: str = ""
    within: timedelta = timedelta()
    hold: bool = False
    advice: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


class Hotline:
    """A router and a ledger, and what passes between them; `draw` says from 0 up to 1 what a person looks at."""

    def __init__(
        self,
        router: Router,
        ledger: Ledger,
        *,
        originals_key: X25519PublicKey | None = None,
        draw: Callable[[], float] = DRAW,
    ) -> None:
        self._router, self.ledger = router, ledger
        self._draw = draw
        self._originals_key = originals_key
        self._waiting: deque[tuple[Submission, Future[Entry]]] = deque()
        self._turn = threading.Lock()
        self._serving: asyncio.Task[None] | None = None
        self._names: tuple[Pack | None, Mapping[str, str]] = None, {}

    @property
    def router(self) -> Router:
        """The router of this moment; take it once for what belongs together."""
        return current(self._router)

    def name_of(self, code: str) -> str:
        """Return the name of a unit or topic; of one that the pack no longer has, its code."""
        pack = self.router.pack
        named_in, names = self._names
        if named_in is not pack:
            units: dict[str, str] = {unit.code: unit.name for unit in pack.units}
            names = units | {topic.code: topic.name for topic in pack.topics}
            self._names = pack, names
        return names.get(code, code)

    def check_unit(self, code: str) -> None:
        """Refuse a unit that the city does not have, or has no longer.

        Raises
        ------
        MissingError
            There is no such unit today.
        """
        unit = next((unit for unit in self.router.pack.units if unit.code == code), None)
        if unit is None or not holds(unit, today()):
            raise MissingError(f"there is no unit {code} today; /v1/units lists them")

    def submit(self, submission: Submission) -> Entry:
        """Route an appeal and write it down; when this returns it is there, whatever happens.

        Appeals that are submitted at once by several threads are routed together and committed together: whoever has
        the turn serves all who wait, so that under load a commit is shared.

        Raises
        ------
        ConflictError
            Its key was used for another body.
        """
        answer: Future[Entry] = Future()
        self._waiting.append((submission, answer))
        while not answer.done():
            self._serve_waiting()
        return answer.result()

    async def submitted(self, submission: Submission) -> Entry:
        """Do the same for the event loop, which goes on reading requests while one thread serves all who wait."""
        answer: Future[Entry] = Future()
        self._waiting.append((submission, answer))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.get_running_loop().create_task(self._serve_all())
        return await asyncio.shield(asyncio.wrap_future(answer))

    async def _serve_all(self) -> None:
        while self._waiting:
            await run_in_threadpool(self._serve_waiting)

    def _serve_waiting(self) -> None:
        with self._turn:
            if jobs := [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]:
                self._serve(jobs)

    def submit_many(self, submissions: Sequence[Submission]) -> list[Entry | PaidanError]:
        """Route appeals and write them down in one transaction."""
        self._state_versions()
        now = self.ledger.now()
        appeals = [_timed(submission.appeal, now) for submission in submissions]
        routings = self._router.route_many(appeals)
        receptions = [
            Reception(
                routing=routing,
                received_at=moment(routing.appeal.received_at) or now,
                key=submission.key,
                fingerprint=submission.fingerprint,
                reference=submission.reference,
                source=submission.source,
                storm=submission.storm,
                within=submission.within,
                hold=submission.hold,
                propensity=share,
                audited=self._draw() < share,
                advice=submission.advice,
                attributes=submission.attributes,
                sealed=self._sealed(routing.appeal),
            )
            for routing, submission in zip(routings, submissions, strict=True)
            for share in (_audit_share(self.router, routing, submission),)
        ]
        receipts = self.ledger.receive([(r, s.actor) for r, s in zip(receptions, submissions, strict=True)])
        return [self._known(receipt) for receipt in receipts]

    def give_back(
        self, order: str, *, reason: ReturnReason, proposed: str, note: str, actor: Actor, version: int | None
    ) -> None:
        """退单: take an order back from its unit, and suggest others, by its words without personal data."""
        entry = self.ledger.entry(order)
        state = entry.order
        by = (state.unit,) if state.status in WITH_A_UNIT else ()
        appeal = Appeal(
            id=order,
            text=entry.text or "",
            address=entry.address,
            received_at=state.received_at.isoformat(),
            returned_by=(*state.returned_by, *by),
        )
        self._state_versions()
        try:
            self.ledger.return_(
                order,
                reason=reason,
                proposed=proposed,
                note=note,
                routing=self.router.route(appeal),
                actor=actor,
                version=state.version if version is None else version,
            )
        except StaleError as error:
            if version is not None:
                raise
            raise ConflictError(error.message, code="not_now") from None

    def _serve(self, jobs: Sequence[tuple[Submission, Future[Entry]]]) -> None:
        try:
            found = self.submit_many([submission for submission, _ in jobs])
        except BaseException as error:
            if len(jobs) > 1 and isinstance(error, Exception) and not isinstance(error, UnavailableError):
                for job in jobs:  # one of them may be at fault for all
                    self._serve([job])
                return
            for _, answer in jobs:
                answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, answer), one in zip(jobs, found, strict=True):
            if isinstance(one, Entry):
                answer.set_result(one)
            else:
                answer.set_exception(one)

    def _known(self, receipt: Receipt | ConflictError) -> Entry | PaidanError:
        """Return the order of a receipt; what goes wrong now is about that one alone, since all are written down."""
        if isinstance(receipt, ConflictError):
            return receipt
        try:
            return receipt.entry or self.ledger.entry(receipt.order, version=receipt.version)
        except PaidanError as error:
            return error

    def _sealed(self, appeal: Appeal) -> bytes | None:
        return seal(self._originals_key, appeal.text, appeal.address) if self._originals_key else None

    def _state_versions(self) -> None:
        self.ledger.made_with(self.router.versions)


def _audit_share(router: Router, routing: Routing, submission: Submission) -> float:
    """Return how probable it is that a person decides what would be dispatched by itself; 0 for all else."""
    alone = routing.decision.action is Action.DISPATCH and not submission.hold
    return router.policy.terms.audit_share if alone else 0.0


def _timed(appeal: Appeal, now: datetime) -> Appeal:
    """State when an appeal came in: as it says itself, and now where that cannot be read or is still to come."""
    said = moment(appeal.received_at)
    received = min(said, now) if said else now
    return replace(appeal, received_at=received.astimezone(CHINA_TIME).isoformat(timespec="seconds"))

"""A desk at which appeals come in: what the tests of the ledger have in common."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

from sqlalchemy import func, select

from tests.api.fakes import KeywordTriage
from triage.domain import Action, Appeal, Decision, Due, ReturnReason, Routing, Versions
from triage.ledger.database import open_database
from triage.ledger.drafts import Reception
from triage.ledger.events import Actor
from triage.ledger.ledger import Ledger
from triage.ledger.tables import events, metadata

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)  # in China
AGENT = Actor(id="k-agent", role="agent")
SENSORS = Actor(id="k-sensors", role="intake")
AUDITOR = Actor(id="k-auditor", role="auditor")
STREET, POWER, TRAFFIC = "cy-wj", "bj-dl", "bj-jg"
SURE = "望京街道望京花园的垃圾三天没有清运"
UNSURE = "小区里的垃圾三天没有清运"
DUE = Due(
    dispatch_within="2h",
    feedback_within="24h",
    dispatch_by=NOON + timedelta(hours=2),
    dispatch_remind_at=NOON + timedelta(hours=1),
    feedback_by=NOON + timedelta(hours=24),
    feedback_remind_at=NOON + timedelta(hours=18),
)

_TRIAGE = KeywordTriage()


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


@contextmanager
def opened(url: str, clock: Callable[[], datetime]) -> Iterator[Ledger]:
    """Open a ledger, and let go of its connections in the end."""
    ledger = Ledger(open_database(url), now=clock)
    ledger.made_with(Versions(bundle="small-1", pack="small", policy="1"))
    try:
        yield ledger
    finally:
        ledger.engine.dispose()


def routed(text: str = UNSURE, *, action: Action | None = None, due: Due | None = None, **appeal: object) -> Routing:
    """Route an appeal as the fake triage does, or towards a given action."""
    routing = replace(_TRIAGE.route(Appeal(id="1", text=text, **appeal)), due=due)
    if action is None or action is routing.decision.action:
        return routing
    return replace(routing, decision=Decision(action=action, reason="told", why="测试指定。", units=(STREET, POWER)))


def reception(text: str = UNSURE, *, routing: Routing | None = None, **given: object) -> Reception:
    return Reception(**{"routing": routing or routed(text), "received_at": NOON} | given)


def receive(ledger: Ledger, text: str = UNSURE, *, actor: Actor = AGENT, **given: object) -> str:
    """Receive one appeal, and return its order."""
    [receipt] = ledger.receive([(reception(text, **given), actor)])
    return receipt.order


def send_back(ledger: Ledger, order: str, **given: object) -> None:
    """Return an order as a unit does."""
    filled = {"reason": ReturnReason.PLACE, "routing": routed(), "actor": AGENT, "version": ledger.order(order).version}
    ledger.return_(order, **filled | given)


def event_count(ledger: Ledger) -> int:
    with ledger.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(events))


def everything(ledger: Ledger) -> str:
    """Write out every column of every row of every table."""
    with ledger.engine.connect() as connection:
        return "\n".join(
            str(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(select(table))
        )


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Let each act happen in a thread of its own, all at the same time, and return results and errors."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        start.wait()
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - an error is one of the results
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))

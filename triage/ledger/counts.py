"""How much there is: orders by status, deliveries that were not made, and events."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from triage.ledger.database import reading
from triage.ledger.outbox import State
from triage.ledger.tables import deliveries, head, orders

_LEFT = (State.WAITING.value, State.DEAD.value)
_UNDELIVERED = (
    select(deliveries.c.state, func.count()).where(deliveries.c.state.in_(_LEFT)).group_by(deliveries.c.state)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counts at one moment; of deliveries those that wait or are dead letters, which stay few."""

    orders: Mapping[str, int]
    deliveries: Mapping[str, int]
    events: int


def counted(engine: Engine) -> Counts:
    """Count; see `database.available` for what a database that does not answer raises."""
    with reading(engine) as connection:
        by_status = connection.execute(select(orders.c.status, func.count()).group_by(orders.c.status))
        by_state = connection.execute(_UNDELIVERED)
        return Counts(
            orders=dict(by_status.all()),
            deliveries=dict.fromkeys(_LEFT, 0) | dict(by_state.all()),
            events=connection.scalar(select(head.c.number)) or 0,
        )

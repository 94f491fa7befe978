"""What must hold after everything: what was acknowledged is there, once, and was told."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping

from sqlalchemy import func, select

from tests.crash.crowd import Case
from tests.crash.receiver import HEARD, Receiver
from tests.crash.service import Service
from triage.ledger import outbox
from triage.ledger.database import reading
from triage.ledger.events import EventKind
from triage.ledger.ledger import Ledger
from triage.ledger.tables import deliveries, events, orders
from triage.ledger.verify import Proof, verify

# Written by the system itself, besides what somebody asked for and was told of.
_BESIDES = (EventKind.ROUTED, EventKind.DECIDED)


def prove_kept(ledger: Ledger, cases: Mapping[str, Case]) -> Proof:
    """Prove that orders and events are those that were acknowledged: none is lost, none is there twice."""
    proof = verify(ledger.engine)
    with reading(ledger.engine) as connection:
        kept = connection.execute(select(orders.c.reference, orders.c.id)).all()
        happened = connection.execute(select(events.c.order, events.c.kind).order_by(events.c.number)).all()
    assert [name for name, count in Counter(row.reference for row in kept).items() if count > 1] == []
    assert {row.reference: row.id for row in kept} == {name: case.order for name, case in cases.items()}
    stories: dict[str, list[str]] = defaultdict(list)
    for row in happened:
        if row.order and row.kind not in _BESIDES:
            stories[row.order].append(row.kind)
    acknowledged = {case.order: case.kinds for case in cases.values()}
    assert [(order, told, stories[order]) for order, told in acknowledged.items() if told != stories[order]] == []
    assert [order for order, story in stories.items() if story.count(EventKind.DISPATCHED) > 1] == []
    return proof


def waiting(ledger: Ledger) -> int:
    """Count what is still to be told."""
    with reading(ledger.engine) as connection:
        still = select(func.count()).select_from(deliveries).where(deliveries.c.state == outbox.State.WAITING)
        return connection.scalar(still) or 0


def prove_told(ledger: Ledger, receiver: Receiver) -> None:
    """Prove that the one webhook there is was told each event that it hears of, signed, always under its own id."""
    with reading(ledger.engine) as connection:
        wanted = select(events.c.number).where(events.c.kind.in_(HEARD))
        due = set(connection.scalars(wanted))
        sent = {row.event: row.id for row in connection.execute(select(deliveries.c.event, deliveries.c.id))}
        states = set(connection.scalars(select(deliveries.c.state)))
    assert receiver.forged == []
    assert due == set(sent) == set(receiver.ids)
    assert {number: {id_} for number, id_ in sent.items()} == receiver.ids
    assert {id_: {number} for number, id_ in sent.items()} == receiver.events
    assert [id_ for id_, bodies in receiver.bodies.items() if len(bodies) > 1] == []
    assert states == {outbox.State.DELIVERED}


def failures(service: Service) -> list[str]:
    """Return what a service logged that must not happen, however often it and its database are killed."""
    told = []
    if not service.log.exists():
        return told
    for line in service.log.read_text().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            told.append(line)  # what is no log is a traceback, or the half of a line at which it was killed
            continue
        if entry["level"] in ("error", "critical"):
            told.append(line)
    return told

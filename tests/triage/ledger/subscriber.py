"""A webhook in the ledger and what becomes of its deliveries: what the tests of the outbox have in common."""

from datetime import timedelta
from itertools import count

from tests.triage.ledger.desk import AGENT, NOON
from triage.ledger import outbox
from triage.ledger.database import reading, writing
from triage.ledger.outbox import Webhook

_numbers = count(1)


def listen(ledger, **wanted):
    """Add a webhook, and return its id."""
    given = {"url": "https://example.org/hook", "secret": b"encrypted", "created_at": NOON, "made_by": AGENT.id}
    webhook = Webhook(id=f"wh_{next(_numbers)}", **given | wanted)
    with writing(ledger.engine) as connection:
        outbox.add(connection, webhook)
    return webhook.id


def deliveries(ledger, webhook, state=None):
    with reading(ledger.engine) as connection:
        return outbox.deliveries_of(connection, webhook, state=state, limit=1000)


def claim(ledger, *, most=10):
    with writing(ledger.engine) as connection:
        return outbox.claim(connection, at=ledger.now(), most=most)


def settle(ledger, claimed, state, *, after=timedelta()):
    with writing(ledger.engine) as connection:
        at = ledger.now() + after
        outbox.settle(connection, claimed.delivery.id, state=state, next_at=at, answer="503")


def retry(ledger, delivery, webhook):
    with writing(ledger.engine) as connection:
        return outbox.retry(connection, delivery, webhook=webhook, at=ledger.now())


def end(ledger, webhook):
    with writing(ledger.engine) as connection:
        outbox.end(connection, webhook, at=ledger.now())

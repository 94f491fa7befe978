"""Writing appeals down: each once, however often its sender repeats it, and the storms of one machine as one order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from triage.directory import CHINA_TIME
from triage.errors import ConflictError
from triage.ledger import drafts
from triage.ledger.book import Book
from triage.ledger.drafts import Reception
from triage.ledger.events import SYSTEM, Actor, Draft, EventKind
from triage.ledger.order import STORMING, Entry
from triage.ledger.tables import contents, orders, originals, requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That an appeal was written down: its order, and at which version; `entry` is None if that was before."""

    order: str
    version: int
    entry: Entry | None = None


def receipts(connection: Connection, keys: Collection[str]) -> dict[str, tuple[str, Receipt]]:
    """Return for keys that were used before of what body, and the receipt."""
    rows = connection.execute(select(requests).where(requests.c.key.in_(keys)))
    return {row.key: (row.fingerprint, Receipt(order=row.order, version=row.version)) for row in rows}


def receive(book: Book, receptions: Sequence[tuple[Reception, Actor]]) -> list[Receipt | ConflictError]:
    """Write appeals down; see `Ledger.receive`."""
    keys = {reception.key for reception, _ in receptions if reception.key}
    known = receipts(book.connection, keys) if keys else {}
    storms: dict[str, str] = {}
    fresh: list[dict[str, object]] = []
    answers: list[Receipt | ConflictError] = []
    for reception, actor in receptions:
        if reception.key in known:
            body, receipt = known[reception.key]
            answers.append(receipt if body == reception.fingerprint else _reused())
            continue
        receipt = _written(book, reception, actor, storms)
        answers.append(receipt)
        if reception.key:
            known[reception.key] = reception.fingerprint, Receipt(order=receipt.order, version=receipt.version)
            fresh.append(_request(reception, receipt) | {"at": book.at})
    if fresh:
        book.connection.execute(insert(requests), fresh)
    return answers


def _written(book: Book, reception: Reception, actor: Actor, storms: dict[str, str]) -> Receipt:
    order, versions = _storming(book, reception, storms), reception.routing.versions
    if order:
        content = {"reference": reception.reference} if reception.reference else None
        facts = {"source": reception.source}
        repeated = Draft(order=order, kind=EventKind.REPEATED, facts=facts, content=content)
        event = book.append(repeated, actor=actor, versions=versions)
        return Receipt(order=order, version=event.number, entry=_standing(book, order))
    order = f"{book.at.astimezone(CHINA_TIME):%Y%m%d}-{book.end.number + 1}"
    came = drafts.received(order, reception, owner=actor.owner or actor.id)
    received = book.append(came, actor=actor, versions=versions)
    routed, _ = [
        book.append(draft, actor=SYSTEM, versions=versions)
        for draft in drafts.routed(order, reception.routing, audit=drafts.audit(reception))
    ]
    sent = None if reception.hold or reception.audited else drafts.sent(order, reception.routing)
    if sent:
        book.append(sent, actor=SYSTEM, versions=versions)
    if reception.sealed:
        book.connection.execute(insert(originals).values(order=order, sealed=reception.sealed))
    state = book.order(order)
    if reception.storm:
        storms[reception.storm] = order
    entry = Entry.of(state, received.content or {}, routed.content or {})
    return Receipt(order=order, version=book.end.number, entry=entry)


def _standing(book: Book, order: str) -> Entry:
    """Return an order as it stands, without reading all of what may be thousands of repetitions."""
    book.flush()  # it may have been received in this very transaction
    state = book.order(order)
    wanted = select(contents.c.number, contents.c.content).where(contents.c.number.in_((state.first, state.routed)))
    written = {row.number: row.content for row in book.connection.execute(wanted)}
    return Entry.of(state, written.get(state.first) or {}, written.get(state.routed) or {})


def _storming(book: Book, reception: Reception, storms: Mapping[str, str]) -> str | None:
    """Return the order that the storm of an event already is; None where it is none, or that order is done."""
    if not reception.storm:
        return None
    if found := storms.get(reception.storm):  # written in this transaction, and not to be found in the tables yet
        state = book.order(found)
        lasts = state.storm_until is not None and state.storm_until > reception.received_at
        return found if lasts and state.status in STORMING else None
    lasting = (orders.c.storm == reception.storm) & (orders.c.storm_until > reception.received_at)
    lasting &= orders.c.status.in_(STORMING)
    order = book.connection.scalar(select(orders.c.id).where(lasting).order_by(orders.c.first.desc()).limit(1))
    if order:
        book.order(order)
    return order


def _request(reception: Reception, receipt: Receipt) -> dict[str, object]:
    return {
        "key": reception.key,
        "fingerprint": reception.fingerprint,
        "order": receipt.order,
        "version": receipt.version,
    }


def _reused() -> ConflictError:
    return ConflictError("the key was used for another body; take a new one for each appeal", code="key_reused")

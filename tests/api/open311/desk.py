"""A desk small enough to read: it keeps orders in a list, and whoever has the key sees them all."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI

from api import problems
from api.open311.routes import router
from tests.api.fakes import KeywordTriage
from triage.domain import Appeal
from triage.ledger.order import OPEN, Entry, Order, Status
from triage.lines import routed_line

KEY = "pdn_key-of-the-tests"
RECEIVED = datetime(2026, 11, 22, 0, 0, 0, tzinfo=UTC)


class SmallDesk:
    pack = KeywordTriage.pack
    jurisdiction = "beijing"
    changeset = "small 1"

    def __init__(self, *entries: Entry) -> None:
        self.entries = list(entries)
        self.submitted: list[tuple[Appeal, str, Mapping[str, str]]] = []
        self.asked: dict[str, object] = {}

    def caller(self, api_key: str | None) -> object | None:
        return "tests" if api_key == KEY else None

    def submit(self, caller: object, appeal: Appeal, *, service_code: str, attributes: Mapping[str, str]) -> Entry:
        self.submitted.append((appeal, service_code, attributes))
        id_ = f"20261122-{len(self.entries) + 1}"
        routing = routed_line(KeywordTriage().route(appeal))
        order = order_of(id_, topic=routing["topics"][0]["code"], action=routing["decision"]["action"])
        self.entries.append(Entry(order=order, text=appeal.text, address=appeal.address, routing=routing))
        return self.entries[-1]

    def one(self, caller: object, id_: str, /) -> Entry | None:
        return next((entry for entry in self.entries if entry.order.id == id_), None)

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
        self.asked = {"ids": ids, "service_codes": service_codes, "statuses": statuses, "start": start, "end": end}
        return [entry for entry in self.entries if entry.order.id in ids or not ids][:limit]


class BrokenDesk(SmallDesk):
    """One whose hotline fails in a way of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def caller(self, api_key: str | None) -> object | None:
        raise self.error


def order_of(id_: str = "20261122-17", *, status: Status = Status.RECEIVED, **state: object) -> Order:
    at = RECEIVED + timedelta(hours=1)
    given = {"topic": "T0101", "unit": "" if status not in OPEN[1:3] else "cy-wj", **state}
    sent = {"dispatched_at": at} if given["unit"] else {}
    return Order(id=id_, first=1, version=3, received_at=RECEIVED, status=status, **{**sent, **given})


def entry_of(order: Order, *, text: str | None = "垃圾没有清运", address: str | None = None, routing=None) -> Entry:
    return Entry(order=order, text=text, address=address, routing=routing)


def app_with(desk: SmallDesk | None) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.desk, app.state.routes = desk, router.routes
    problems.install(app)
    app.include_router(router)
    return app

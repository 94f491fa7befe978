"""The public door of the service, as an agent's program uses it: HTTP, JSON and a key, and nothing behind it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from training.simulate.city import City
from triage.domain import Unit
from triage.errors import InputError

Line = Mapping[str, Any]
_LISTED = 1_000


class Answer(Protocol):
    """What came back from a request."""

    @property
    def status_code(self) -> int: ...

    @property
    def text(self) -> str: ...

    def json(self) -> Any: ...  # noqa: ANN401 - JSON is anything


class Client(Protocol):
    """Whoever sends requests: `httpx2.Client(base_url=...)`, or the client of a test."""

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,  # noqa: ANN401 - JSON is anything
        headers: Mapping[str, str] | None = None,
    ) -> Answer: ...


class Door:
    """What is asked of the service about one city, in its units; `key` is that of an agent.

    Units are addressed as the service knows them: one that it has not heard of yet by the code of a predecessor.
    """

    def __init__(self, client: Client, city: City, *, key: str = "") -> None:
        self._client, self._city = client, city
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._codes: frozenset[str] = frozenset()
        self._of = {unit.code: unit for unit in city.ever()}
        self.look()

    def look(self) -> None:
        """Ask which units the service knows.

        Raises
        ------
        InputError
            It knows none of the city: it serves another pack.
        """
        found = self._ask("GET", f"/v1/units?limit={_LISTED}")["units"]
        self._codes = frozenset(unit["code"] for unit in found)
        if not self._codes & {unit.code for unit in self._city.units(self._city.story.first)}:
            raise InputError("the service serves another city; fit a bundle with the pack of the simulated one")

    def unit(self, line: Line | None) -> Unit | None:
        """Return the unit that the service names; None where it names none."""
        return self._of[line["code"]] if line else None

    def suggested(self, order: Line) -> Sequence[Unit]:
        """Return the units that an order's last routing suggests, best first."""
        routing = order["routing"] or {"suggestions": []}
        return [self._of[one["unit"]] for one in routing["suggestions"] if one["role"] == "lead"]

    def submit(self, text: str, *, reference: str, at: datetime, channel: str) -> Line:
        said = {"text": text, "id": reference, "received_at": at.isoformat(), "channel": channel}
        return self._ask("POST", "/v1/appeals", said)

    def dispatch(self, order: str, unit: Unit) -> Line:
        return self._change(order, "dispatches", {"unit": self._code(unit)})

    def give_back(self, order: str, *, reason: str, proposed: Unit | None) -> Line:
        said = {"reason": reason} | ({"proposed": self._code(proposed)} if proposed else {})
        return self._change(order, "returns", said)

    def close(self, order: str, unit: Unit) -> Line:
        return self._change(order, "closures", {"unit": self._code(unit), "solution": "已处理并答复。"})

    def call_back(self, order: str, *, contacted: bool, solved: bool, satisfaction: str) -> Line:
        said = {"contacted": contacted, "solved": solved, "satisfaction": satisfaction}
        return self._change(order, "callbacks", said)

    def _change(self, order: str, what: str, said: Mapping[str, object]) -> Line:
        return self._ask("POST", f"/v1/appeals/{order}/{what}", said)

    def _code(self, unit: Unit) -> str:
        """Return the code of a unit, or of one before it that the service still takes it for."""
        before = [change.before for change in self._city.changes if change.after.code == unit.code]
        known = (one.code for one in (unit, *(one for units in before for one in units)) if one.code in self._codes)
        return next(known, unit.code)

    def _ask(self, method: str, path: str, said: Mapping[str, object] | None = None) -> Line:
        answer = self._client.request(method, path, json=said, headers=self._headers)
        if answer.status_code >= 300:
            raise InputError(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        found: Line = answer.json()
        return found

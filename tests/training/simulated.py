"""A triage for a simulated city that is small enough to read, and the service that has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.api.fakes import KeywordTriage
from training.simulate import City, Clock
from triage.directory import Directory
from triage.domain import Action, Decision, Place, Suggestion
from triage.ledger.database import open_database
from triage.ledger.keys import Role
from triage.ledger.ledger import Ledger


class DirectoryTriage(KeywordTriage):
    """Knows every phrase of the city's people, the places on its map and its directory, and nothing else."""

    def __init__(self, city: City, *, on=None):
        self.pack = city.pack(on or city.story.first)
        self._directory = Directory(self.pack, on=on or city.story.first)
        self._phrases = [(phrase, one.topic.code) for one in city.matters for phrase in one.said]
        self._places = [place for place in self.pack.places if place.street]
        self._streets = [place for place in self.pack.places if place.kind == "street"]

    def route(self, appeal):
        routing = super().route(replace(appeal, text="。"))
        topic = next((code for phrase, code in self._phrases if phrase in appeal.text), "")
        led = self._directory.led(topic, self._place(appeal.text)) if topic else None
        if led is None or led.lead.code in appeal.returned_by:
            left = tuple(one for one in routing.suggestions if one.unit.code not in appeal.returned_by)
            return replace(routing, suggestions=left)
        return replace(
            routing,
            suggestions=(Suggestion(unit=led.lead, probability=0.9), *routing.suggestions[:4]),
            decision=Decision(action=Action.DISPATCH, reason="sure", why="。", units=(led.lead.code,)),
        )

    def _place(self, text):
        found = next((one for one in self._places if one.name in text), None)
        if found:
            return Place(district=found.district, street=found.street)
        street = next((one for one in self._streets if one.district in text and one.name in text), None)
        return Place(district=street.district, street=street.name) if street else Place()


@contextmanager
def service(folder: Path, triage, clock: Clock) -> Iterator[tuple[TestClient, str, Ledger]]:
    """Serve with a ledger of the simulated time; answer a client, the key of an agent and the ledger."""
    ledger = Ledger(open_database(f"sqlite:///{folder / 'ledger.db'}"), now=clock)
    _, key = ledger.create_key(role=Role.AGENT, name="simulation", unit="")
    with TestClient(create_app(triage, Settings(state=folder / "state", worker=False), ledger)) as client:
        yield client, key, ledger

"""Webhooks: what of an event is told, under which signature, and what becomes of what was not heard."""

import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random

from cryptography.fernet import Fernet, InvalidToken

from api.delivery import Answer, Sender, next_attempt, signed_headers
from api.logs import get_logger
from triage.errors import InputError
from triage.ledger import outbox
from triage.ledger.database import reading, writing
from triage.ledger.ledger import Ledger
from triage.ledger.outbox import Claimed, State

_AT_ONCE = 32
_THREADS = 8
_log = get_logger("paidan.webhooks")


class Strongbox:
    """Encrypts the secrets of webhooks, which have to be known again to sign with, under a key in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._fernet = Fernet(_key(file))

    def lock(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode("ascii"))

    def open(self, locked: bytes) -> str:
        """Return a secret.

        Raises
        ------
        InputError
            It was encrypted under another key.
        """
        try:
            return self._fernet.decrypt(bytes(locked)).decode("ascii")
        except InvalidToken:
            message = (
                "a webhook's secret was encrypted under another key; bring back the file, or make the webhook anew"
            )
            raise InputError(message, file=self._file) from None


class Postman:
    """Delivers what is due. Several may work at once, in this process and others."""

    def __init__(self, ledger: Ledger, sender: Sender, strongbox: Strongbox, *, draw: Random | None = None) -> None:
        self._ledger, self._sender, self._strongbox = ledger, sender, strongbox
        self._draw = draw or Random()

    def deliver(self) -> int:
        """Make one attempt at each delivery that is due, and return how many there were."""
        with reading(self._ledger.engine) as connection:
            if not outbox.any_due(connection, at=self._ledger.now()):
                return 0
        with writing(self._ledger.engine) as connection:
            claimed = outbox.claim(connection, at=self._ledger.now(), most=_AT_ONCE)
        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(self._attempt, claimed))
        return len(claimed)

    def _attempt(self, claimed: Claimed) -> None:
        body = body_of(claimed)
        try:
            secret = self._strongbox.open(claimed.webhook.secret)
        except InputError as error:
            answer = Answer(error=error.code)
        else:
            headers = signed_headers(secret, claimed.delivery.id, self._ledger.now(), body)
            answer = self._sent(claimed.webhook.url, {**headers, "content-type": "application/json"}, body)
        self._settle(claimed, answer)

    def _sent(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Make an attempt; whatever goes wrong with it counts as one, so that it does not go on for ever."""
        try:
            return self._sender.send(url, headers, body)
        except Exception as error:  # noqa: BLE001
            _log.error("failed", error=type(error).__name__)
            return Answer(error="failed")

    def _settle(self, claimed: Claimed, answer: Answer) -> None:
        now, delivery = self._ledger.now(), claimed.delivery
        wait = next_attempt(delivery.attempts + 1, draw=self._draw, retry_after=answer.retry_after)
        state = State.DELIVERED if answer.delivered else State.WAITING if wait and not answer.gone else State.DEAD
        next_at = now + wait if wait and state is State.WAITING else now
        told = str(answer.status or answer.error)
        with writing(self._ledger.engine) as connection:
            outbox.settle(connection, delivery.id, state=state, next_at=next_at, answer=told)
        if answer.gone:
            # Not in one transaction: that would hold a row for which another one that ends the webhook waits.
            with writing(self._ledger.engine) as connection:
                outbox.end(connection, claimed.webhook.id, at=now)
        _log.info("delivery", id=delivery.id, webhook=claimed.webhook.id, state=state.value, answer=told)


def body_of(claimed: Claimed) -> bytes:
    """Write an event for a webhook: the same bytes at every attempt, and nothing that anybody wrote."""
    event = claimed.event
    about = {"order": event.order} if event.order else {}
    told = {
        "type": f"{'order' if event.order else 'ledger'}.{event.kind}",
        "timestamp": event.at.isoformat(),
        "data": {**about, "number": event.number, "role": event.role, "facts": event.facts},
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _key(file: Path) -> bytes:
    """Read the key, or make one that only its owner can read; of several who make one at once, one's is taken."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _make_key(file)
        key = file.read_bytes()
        Fernet(key)
    except OSError as error:
        raise InputError(f"{error.strerror}; set PAIDAN_STATE to a folder that can be written", file=file) from None
    except ValueError:
        raise InputError("no key; bring back the file, or move it away for a new one", file=file) from None
    return key


def _make_key(file: Path) -> None:
    number, fresh = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(number, "wb") as written:
            written.write(Fernet.generate_key())
            written.flush()
            os.fsync(written.fileno())
        with suppress(FileExistsError):
            os.link(fresh, file)  # whole or not at all
    finally:
        Path(fresh).unlink()

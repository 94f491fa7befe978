"""What goes on when nobody asks: deadlines, webhooks, and forgetting what need not be kept."""

import threading
from collections.abc import Callable
from datetime import timedelta

from api.logs import get_logger
from api.outbox import Postman
from triage.errors import PaidanError, UnavailableError
from triage.ledger import outbox
from triage.ledger.database import reading, truncate_log, writing
from triage.ledger.ledger import Ledger
from triage.ledger.outbox import State

_PAUSE_SECONDS = 1.0
_AFTER_TROUBLE_SECONDS = 5.0
_AT_ONCE = 100
_FORGOTTEN_AT_ONCE = 1_000  # so that nobody waits long for the lock
REQUESTS_KEPT = timedelta(days=7)
DELIVERIES_KEPT = {State.DELIVERED: timedelta(days=30), State.DEAD: timedelta(days=90)}
_log = get_logger("paidan.worker")


class Worker:
    """Does what is due. Several may work at once: each reminder and each passing of a deadline is written once."""

    def __init__(self, ledger: Ledger, postman: Postman) -> None:
        self._ledger, self._postman = ledger, postman
        self._stopped = threading.Event()
        self._forgets_at = ledger.now()

    def run(self) -> None:
        """Do what is due until `stop` is called; trouble is logged, and waited for to end.

        Letters go out beside the clock: who answers slowly, or not at all, keeps no deadline from passing.
        """
        letters = threading.Thread(target=self._repeat, args=(self._postman.deliver,), name="letters", daemon=True)
        letters.start()
        self._repeat(self.tick)
        letters.join()

    def stop(self) -> None:
        """Let `run` end after what it does now."""
        self._stopped.set()

    def tick(self) -> int:
        """Do what time brings about, and return how much it was."""
        rung = sum(self._rang(order) for order in self._ledger.alarms(most=_AT_ONCE))
        return rung + self._end_orphans() + self._forget()

    def _repeat(self, act: Callable[[], int]) -> None:
        while not self._stopped.is_set():
            try:
                done = act()
            except PaidanError as error:
                _log.warning("waits", error=error.code)
                self._stopped.wait(_AFTER_TROUBLE_SECONDS)
            except Exception as error:  # noqa: BLE001 - the next try may go well
                _log.error("failed", error=type(error).__name__)
                self._stopped.wait(_AFTER_TROUBLE_SECONDS)
            else:
                if not done:
                    self._stopped.wait(_PAUSE_SECONDS)

    def _rang(self, order: str) -> bool:
        """Ring for one order; what goes wrong with it must not stop the clock for the others."""
        try:
            return self._ledger.ring(order) is not None
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001
            _log.error("failed", order=order, error=type(error).__name__)
            return False

    def _end_orphans(self) -> int:
        """End the webhooks of whose maker the last key has expired."""
        now = self._ledger.now()
        with reading(self._ledger.engine) as connection:
            if not outbox.orphans(connection, at=now):
                return 0
        with writing(self._ledger.engine) as connection:
            return outbox.end_orphans(connection, at=now)

    def _forget(self) -> int:
        """Take a step in forgetting what is old; an hour after all is forgotten it begins again."""
        now = self._ledger.now()
        if now < self._forgets_at:
            return 0
        done = self._ledger.forget_requests(before=now - REQUESTS_KEPT, most=_FORGOTTEN_AT_ONCE)
        for state, kept in DELIVERIES_KEPT.items():
            with writing(self._ledger.engine) as connection:
                done += outbox.forget(connection, state, before=now - kept, most=_FORGOTTEN_AT_ONCE)
        if not done:
            truncate_log(self._ledger.engine)  # somebody may have read for long when something was erased
            self._forgets_at = now + timedelta(hours=1)
        return done

"""What goes on when nobody asks: deadlines, webhooks, and forgetting what need not be kept."""

import threading
from datetime import timedelta

from api.logs import get_logger
from api.outbox import Postman
from triage.errors import PaidanError, UnavailableError
from triage.ledger.ledger import Ledger

_PAUSE_SECONDS = 1.0
_AFTER_TROUBLE_SECONDS = 5.0
_AT_ONCE = 100
REQUESTS_KEPT = timedelta(days=7)
_log = get_logger("paidan.worker")


class Worker:
    """Does what is due. Several may work at once: each reminder and each passing of a deadline is written once."""

    def __init__(self, ledger: Ledger, postman: Postman) -> None:
        self._ledger, self._postman = ledger, postman
        self._stopped = threading.Event()

    def once(self) -> int:
        """Do what is due now, and return how much it was."""
        rung = sum(self._rang(order) for order in self._ledger.alarms(most=_AT_ONCE))
        return rung + self._postman.deliver()

    def _rang(self, order: str) -> bool:
        """Ring for one order; what goes wrong with it must not stop the clock for the others."""
        try:
            return self._ledger.ring(order) is not None
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001
            _log.error("failed", order=order, error=type(error).__name__)
            return False

    def run(self) -> None:
        """Do what is due until `stop` is called; trouble is logged, and waited for to end."""
        forgotten = self._ledger.now() - REQUESTS_KEPT
        while not self._stopped.is_set():
            try:
                done = self.once()
                if self._ledger.now() - forgotten > timedelta(hours=1):
                    forgotten = self._ledger.now()
                    self._ledger.forget_requests(before=forgotten - REQUESTS_KEPT)
            except PaidanError as error:
                _log.warning("waits", error=error.code)
                self._stopped.wait(_AFTER_TROUBLE_SECONDS)
            except Exception as error:  # noqa: BLE001 - the next try may go well
                _log.error("failed", error=type(error).__name__)
                self._stopped.wait(_AFTER_TROUBLE_SECONDS)
            else:
                if not done:
                    self._stopped.wait(_PAUSE_SECONDS)

    def stop(self) -> None:
        """Let `run` end after what it does now."""
        self._stopped.set()

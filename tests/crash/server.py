"""The service as a process that can be killed: the real application, with a triage that starts at once."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn

from api.app import create_app
from api.logs import log_to_stderr
from api.settings import Settings, networks
from tests.api.fakes import KeywordTriage
from triage.ledger.database import open_database
from triage.ledger.ledger import Ledger


def serve(database: str, *, port: int, state: Path, log: Path, ahead: int) -> None:
    """Serve until killed, with a clock that is some seconds ahead; what goes wrong is told in a log."""
    with log.open("ab") as told:
        os.dup2(told.fileno(), 2)
    log_to_stderr()
    settings = Settings(
        database=database,
        port=port,
        state=state,
        webhook_networks=networks("127.0.0.0/8"),
        rate_limit=1_000_000,
    )
    ledger = Ledger(open_database(settings.database), now=lambda: datetime.now(UTC) + timedelta(seconds=ahead))
    app = create_app(KeywordTriage(), settings, ledger)
    uvicorn.run(app, host=settings.host, port=settings.port, access_log=False, log_config=None)

"""`make load`: what the service does a second, beside an empty endpoint and bare inserts of the same run."""

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.databases import Postgres, running_postgres

ROOT = Path(__file__).resolve().parents[2]
SECONDS, CLIENTS, PORT, EMPTY_PORT = 8, 8, 8377, 8378


def texts() -> bytes:
    """Appeals that were written for the project, no two the same, in an order drawn once."""
    found: list[str] = []
    for file in sorted((ROOT / "triage/packs/beijing/appeals").glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as rows:
            found += [row["text"] for row in csv.DictReader(rows)]
    random.Random(0).shuffle(found)
    return b"\n".join(json.dumps({"text": text}, ensure_ascii=False).encode() for text in found[:4_000])


@contextmanager
def running(*command: str, ready: str, **environment: str) -> Iterator[None]:
    """Run a server until it answers, and end it afterwards."""
    process = subprocess.Popen(  # noqa: S603 - our own commands
        [sys.executable, *command], cwd=ROOT, env=os.environ | environment, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit(f"{command} ended")
            try:
                urllib.request.urlopen(ready)  # noqa: S310
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def durable(server: Postgres) -> str:
    """Make the server of the tests keep what it says it keeps, and return a database of it."""
    url = server.url(server.create())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = on")
        connection.execute("SELECT pg_reload_conf()")
    with psycopg.connect(url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    return url


def measured(port: int, path: str, bodies: bytes, *, key: str = "none", clients: int = CLIENTS) -> dict[str, float]:
    """Load an address from a second process."""
    command = [sys.executable, "-m", "tests.load.client", str(port), path, str(SECONDS), str(clients), key]
    done = subprocess.run(command, cwd=ROOT, input=bodies, capture_output=True, check=True)  # noqa: S603
    found: dict[str, float] = json.loads(done.stdout)
    return found


def inserts(url: str, clients: int) -> float:
    """Return how many rows a second so many clients insert, each row durable before the next."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare (id bigserial PRIMARY KEY, text text)")
    counts = [0] * clients
    until = time.perf_counter() + SECONDS

    def insert(at: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while time.perf_counter() < until:
                connection.execute("INSERT INTO bare (text) VALUES (%s)", ("望京西园四区门口的路灯坏了半个月" * 4,))
                counts[at] += 1

    threads = [threading.Thread(target=insert, args=(at,)) for at in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def row(name: str, rate: float, *, of: float = 0, times: dict[str, float] | None = None) -> None:
    """Print a line of the table."""
    share = f"{rate / of:6.1%}" if of else ""
    late = f"{times['median']:7.1f} {times['p99']:7.1f} {times['p99'] / times['median']:5.1f}" if times else ""
    print(f"{name:<58}{rate:>9,.0f}  {share:>6}  {late}", flush=True)


def main() -> None:
    """Measure and print."""
    bodies = texts()
    print(f"{'':<58}{'a second':>9}  {'share':>6}  {'median':>7} {'p99':>7} ratio   (ms)")
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        url = durable(server)
        state = {"PAIDAN_STATE": folder, "PAIDAN_DATABASE": url, "PAIDAN_RATE_LIMIT": "100000"}
        with running("-m", "tests.load.empty", str(EMPTY_PORT), ready=f"http://127.0.0.1:{EMPTY_PORT}/"):
            empty = measured(EMPTY_PORT, "/empty", bodies)["rate"]
        row(f"an empty FastAPI endpoint, {CLIENTS} clients", empty)
        serve = ("-c", "from api.cli import main; main()", "serve", "--port", str(PORT))
        with running(*serve, ready=f"http://127.0.0.1:{PORT}/healthz", **state):
            key = (Path(folder) / "local.key").read_text().strip()
            for clients in (1, CLIENTS, 32):
                found = measured(PORT, "/v1/route", bodies, key=key, clients=clients)
                row(f"POST /v1/route, {clients} clients", found["rate"], of=empty, times=found)
            alone, many = inserts(url, 1), inserts(url, CLIENTS)
            row("bare inserts into PostgreSQL, 1 client", alone)
            row(f"bare inserts into PostgreSQL, {CLIENTS} clients (threads)", many)
            found = measured(PORT, "/v1/appeals", bodies, key=key)
        row(
            f"POST /v1/appeals on PostgreSQL, {CLIENTS} clients; of {CLIENTS}'s inserts",
            found["rate"],
            of=many,
            times=found,
        )
        row("    the same; of one's inserts", found["rate"], of=alone)


if __name__ == "__main__":
    main()

"""`paidan-train watch`: looks at live traffic once, or again and again, and shows what was found."""

import json
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from training.drift import Shift
from training.terminal import console
from training.watch import Returns, Watched, told_of, watch
from triage.citypack import CityPack, load_pack
from triage.directory import CHINA_TIME
from triage.errors import InputError, UnavailableError
from triage.ledger.alerts import MATTERS
from triage.ledger.ledger import Ledger

_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
_SHOWN = 3
_ORDERS_SHOWN = 8


def look_out(database: str, pack: Path, *, days: int, before: int, every: str | None, as_json: bool) -> None:
    """Watch the ledger in a database, once or `every` so often until interrupted.

    Raises
    ------
    InputError
        A database, pack or span that cannot be used.
    UnavailableError
        The database does not answer, and it is looked at once.
    """
    pause = seconds(every) if every else 0
    city, ledger = load_pack(pack), Ledger.open(database, fresh=False)

    def look() -> None:
        found = watch(ledger, city, now=ledger.now(), days=days, before=before)
        if as_json:
            typer.echo(json.dumps(found.line(), ensure_ascii=False))
        else:
            show(found, city)

    try:
        if not pause:
            return look()
        with _until_told() as stopped:
            while not stopped.is_set():
                in_spite_of_failures(look)
                stopped.wait(pause)
    finally:
        ledger.engine.dispose()


def seconds(span: str) -> int:
    """Read how long to wait.

    >>> seconds("30m"), seconds("1h"), seconds("2d")
    (1800, 3600, 172800)
    """
    if not (found := re.fullmatch(r"([1-9][0-9]{0,2})([mhd])", span)):
        raise InputError("write minutes, hours or days, such as 30m, 1h or 1d", field="--every")
    return int(found[1]) * _SECONDS[found[2]]


def show(found: Watched, pack: CityPack) -> None:
    """Print the axes as a table, and the new matters below."""
    since, until = (f"{at.astimezone(CHINA_TIME):%Y-%m-%d %H:%M}" for at in (found.period.since, found.period.until))
    typer.echo(f"{found.now:,} orders from {since} to {until}, {found.before:,} before")
    if found.too_few:
        typer.echo("too few to compare; no alarm")
        return
    if len(found.bundles) > 1:
        typer.echo(f"routed by several bundles, which alone may move them: {', '.join(found.bundles)}")
    names = {str(unit.code): unit.name for unit in pack.units}
    table = Table("axis", "PSI", "95 % interval", "what moved most", "alarm", box=None)
    for one in found.shifts:
        event = _told(found.event(one.axis)) if one.alarms else ""
        table.add_row(one.axis, *_measured(one), _moved(one, names), event)
    console().print(table)
    for matter in found.matters:
        event = _told(found.event(MATTERS, told_of(matter)))
        more = " ..." if len(matter.ids) > _ORDERS_SHOWN else ""
        typer.echo(f"new matter, {len(matter.ids)} orders, {event}: {' '.join(matter.words)}")
        typer.echo(f"    {' '.join(matter.ids[-_ORDERS_SHOWN:])}{more}")


def _told(event: int | None) -> str:
    return f"event {event}" if event else "told before"


def _measured(found: Shift) -> tuple[str, str]:
    """Write an index and its interval; of returns it is by how much the share differs."""
    form = "{:+.1%}" if isinstance(found, Returns) else "{:.3f}"
    index, low, high = (form.format(number) for number in (found.index, found.low, found.high))
    return index, escape(f"[{low}, {high}]")


def _moved(found: Shift, names: dict[str, str]) -> str:
    most = found.moved[:_SHOWN]
    return escape("; ".join(f"{names.get(one.name, one.name)} {one.before:.1%} > {one.now:.1%}" for one in most))


def in_spite_of_failures(look: Callable[[], None]) -> None:
    """Look, and go on where the database does not answer: it may do so the next time."""
    try:
        look()
    except UnavailableError as error:
        sys.stderr.write(f"paidan-train: {error}\n")


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """Let SIGTERM and Ctrl-C set an event: an exception could be lost in whatever it interrupts."""
    stopped = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""`paidan keys`, `paidan ledger` and `paidan originals`: who may ask, what proves the ledger, and what was said."""

import getpass
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.orders import LONE, PLAIN
from api.settings import DEFAULT_DATABASE
from triage.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    from triage.ledger.events import Actor, Link
    from triage.ledger.ledger import Ledger

_LONGEST, _LONGEST_ACTOR = 100, 40

keys_app = typer.Typer(help="Keys: who may use the service, and for what.", no_args_is_help=True, rich_markup_mode=None)
ledger_app = typer.Typer(help="The ledger of orders.", no_args_is_help=True, rich_markup_mode=None)
originals_app = typer.Typer(
    help="Appeals as they were said, where a city must keep them.", no_args_is_help=True, rich_markup_mode=None
)

DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", help="URL: sqlite:///file.db or postgresql://host/name.  [default: var/paidan.db]"),
]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who does it, for the ledger.  [default: the user of this machine]")
]
OverlapOption = Annotated[int, typer.Option("--hours", min=0, max=2_160, help="For which the old key goes on to hold.")]


@keys_app.command()
def create(
    role: Annotated[
        str,
        typer.Option("--role", help="agent, intake, unit, scientist, auditor, administrator or custodian."),
    ],
    name: Annotated[str, typer.Option("--name", help="Whose key it is, for lists.")] = "",
    unit: Annotated[str, typer.Option("--unit", help="Code of the unit, for a key of role unit.")] = "",
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=3_660, help="After which it ends; never, if not given.")
    ] = None,
    by: ByOption = None,
    database: DatabaseOption = None,
) -> None:
    """Make a key. It is shown this once, as the last word: only its digest is kept."""
    from triage.ledger.keys import Role  # noqa: PLC0415

    for field, words in (("name", name), ("unit", unit)):
        _check_plain(words, field, _LONGEST)
    if role not in list(Role):
        raise InputError(f"{role!r} is no role; take one of {', '.join(Role)}", field="role")
    ledger = open_ledger(database)
    ends = ledger.now() + timedelta(days=days) if days else None
    key, words = ledger.create_key(role=Role(role), name=name, unit=unit, expires_at=ends, actor=_operator(by))
    typer.echo(f"{key.id} {role}{' ' + name if name else ''}: {words}")


@keys_app.command("list")
def list_(database: DatabaseOption = None) -> None:
    """List all keys, also those that hold no longer."""
    from triage.ledger import keys  # noqa: PLC0415
    from triage.ledger.database import reading  # noqa: PLC0415

    ledger = open_ledger(database)
    with reading(ledger.engine) as connection:
        found = keys.listed(connection)
    for key in found:
        ends = f"until {_day(key.expires_at)}" if key.expires_at else ""
        ended = f"revoked {_day(key.revoked_at)}" if key.revoked_at else ends
        typer.echo("  ".join(filter(None, (key.id, f"{key.role:<13}", key.unit, key.name, ended))))


@keys_app.command()
def rotate(
    key: Annotated[str, typer.Argument(help="Id of the key that is to be replaced.")],
    hours: OverlapOption = 24,
    by: ByOption = None,
    database: DatabaseOption = None,
) -> None:
    """Make a key like another one, which holds for a while yet; the new one is shown as the last word."""
    fresh, words = open_ledger(database).rotate_key(key, overlap=timedelta(hours=hours), actor=_operator(by))
    typer.echo(f"{fresh.id} {fresh.role}, {key} ends in {hours} hours: {words}")


@keys_app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Id of the key.")],
    by: ByOption = None,
    database: DatabaseOption = None,
) -> None:
    """End a key and its sessions; running servers notice within five seconds."""
    typer.echo(f"{open_ledger(database).revoke_key(key, actor=_operator(by)).id} is revoked")


@ledger_app.command()
def verify(
    database: DatabaseOption = None,
    anchor: Annotated[
        str | None, typer.Option("--anchor", help="NUMBER:HASH as an earlier verification printed it.")
    ] = None,
) -> None:
    """Prove that every event is as it was written and the state of every order follows from them."""
    from triage.ledger.verify import verify as prove  # noqa: PLC0415

    written_down = _anchor(anchor)
    proof = prove(open_ledger(database, fresh=False).engine, anchor=written_down)
    typer.echo(f"{proof.events:,} events of {proof.orders:,} orders are as they were written; {proof.erased:,} erased")
    typer.echo(f"write down and keep elsewhere: {proof.end.number}:{proof.end.hash}")


@ledger_app.command()
def erase(
    order: Annotated[str, typer.Argument(help="Number of the order.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays in the ledger.")],
    by: ByOption = None,
    database: DatabaseOption = None,
) -> None:
    """Erase what was written about an order; that it happened stays, and the chain still proves it."""
    erased = open_ledger(database).erase(order, reason=reason, actor=_operator(by))
    typer.echo(f"what was written in {erased:,} events of {order} is erased")


@originals_app.command()
def keys(
    private: Annotated[Path, typer.Option("--private", help="New file, to be kept away from the service.")],
    public: Annotated[Path, typer.Option("--public", help="New file, for PAIDAN_ORIGINALS_KEY.")],
) -> None:
    """Make the pair of keys that originals are encrypted and read with."""
    from triage.ledger.originals import make_keys  # noqa: PLC0415

    make_keys(private, public)
    typer.echo(f"originals are encrypted with {public} and read with {private}")


@originals_app.command()
def read(
    order: Annotated[str, typer.Argument(help="Number of the order.")],
    private: Annotated[Path, typer.Option("--private", help="File of the private key.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays in the ledger.")],
    by: ByOption = None,
    database: DatabaseOption = None,
) -> None:
    """Read an appeal as it was said; that it was read becomes an event first."""
    from triage.ledger.originals import opened, private_key  # noqa: PLC0415

    key = private_key(private)
    text, address = opened(key, open_ledger(database).original(order, reason=reason, actor=_operator(by)))
    typer.echo(text)
    if address:
        typer.echo(address)


def open_ledger(database: str | None, *, fresh: bool = True) -> "Ledger":
    """Open the ledger that an option, the environment or else the default names, a `fresh` one where there is none."""
    from triage.ledger.ledger import Ledger  # noqa: PLC0415

    return Ledger.open(database or os.environ.get("PAIDAN_DATABASE") or DEFAULT_DATABASE, fresh=fresh)


def _operator(by: str | None) -> "Actor":
    """Return who does something at a terminal: whoever can reach the database needs no key."""
    from triage.ledger.events import Actor  # noqa: PLC0415

    try:
        who = by or getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        raise InputError("say who does it", field="by") from None
    _check_plain(who, "by", _LONGEST_ACTOR)
    return Actor(id=who, role="operator")


def _check_plain(words: str, field: str, longest: int) -> None:
    if not re.fullmatch(PLAIN, words) or LONE.search(words) or len(words) > longest:
        raise InputError(f"a text of at most {longest} characters without control characters", field=field)


def _anchor(written: str | None) -> "Link | None":
    from triage.ledger.events import Link  # noqa: PLC0415

    if written is None:
        return None
    number, _, hash_ = written.partition(":")
    if not (number.isdecimal() and len(hash_) == 64):
        raise InputError("an anchor is NUMBER:HASH, as `paidan ledger verify` prints it", field="anchor")
    return Link(number=int(number), hash=hash_)


def _day(moment: "datetime") -> str:
    from triage.directory import CHINA_TIME  # noqa: PLC0415

    return f"{moment.astimezone(CHINA_TIME):%Y-%m-%d %H:%M}"

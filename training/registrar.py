"""The commands of `paidan-train` about a registry: what happened in it, and who is the champion or the shadow."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from training.terminal import console
from triage.directory import CHINA_TIME
from triage.errors import InputError

if TYPE_CHECKING:
    from models.moves import Move
    from models.registry import Registry

app = typer.Typer()

RegistryOption = Annotated[str, typer.Option("--registry", help="Folder of the registry, or an address of fsspec.")]
BundleArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of a bundle, as `list` shows it.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who does it; the user of this machine by default.")]
WhyOption = Annotated[str, typer.Option("--why", help="Why, for those who read it later.")]
KeyOption = Annotated[
    Path | None, typer.Option("--key", help="Key that signs; signing.key of the registry by default.")
]
_NO_REASON = "no reason given"


@app.command("list")
def list_(registry: RegistryOption) -> None:
    """Show what happened in a registry, and which bundles stand how."""
    with _registry(registry) as opened:
        moves, state, kept = opened.moves(), opened.state(), opened.kept()
    table = Table("move", "at", "by", "what", "bundle", "why", box=None)
    for move in moves:
        at = f"{datetime.fromisoformat(move.at).astimezone(CHINA_TIME):%Y-%m-%d %H:%M:%S}"
        cells = (str(move.number), at, move.by, move.kind.value, move.bundle, move.why)
        table.add_row(*[escape(cell) for cell in cells])
    console().print(table)
    for bundle in state.bundles:
        roles = {"champion": state.champion, "previous": state.previous, "shadow": state.shadow}
        said = [role for role, which in roles.items() if which == bundle]
        said += ["refused"] if bundle in state.refused else []
        said += [] if bundle in kept else ["dropped"]
        typer.echo(f"{bundle:<40} {', '.join(said) or 'candidate'}")


@app.command()
def promote(
    bundle: BundleArgument,
    registry: RegistryOption,
    by: ByOption = None,
    why: WhyOption = _NO_REASON,
    key: KeyOption = None,
) -> None:
    """Make a bundle the champion; servers that follow the registry take it within seconds."""
    from models.registry import whoever  # noqa: PLC0415

    with _registry(registry, key) as opened:
        _tell(opened.promote(bundle, by=by or whoever(), why=why))


@app.command()
def rollback(registry: RegistryOption, by: ByOption = None, why: WhyOption = _NO_REASON, key: KeyOption = None) -> None:
    """Return to the champion before."""
    from models.registry import whoever  # noqa: PLC0415

    with _registry(registry, key) as opened:
        _tell(opened.rollback(by=by or whoever(), why=why))


@app.command()
def shadow(
    bundle: Annotated[str, typer.Argument(metavar="ID", help="Id of a bundle; none ends it.")],
    registry: RegistryOption,
    by: ByOption = None,
    why: WhyOption = _NO_REASON,
    key: KeyOption = None,
) -> None:
    """Let a bundle run beside the champion, unheard, and count how often both agree."""
    from models.registry import whoever  # noqa: PLC0415

    with _registry(registry, key) as opened:
        _tell(opened.shadow(None if bundle == "none" else bundle, by=by or whoever(), why=why))


@contextmanager
def _registry(url: str, key: Path | None = None) -> "Iterator[Registry]":
    """Open a registry that somebody has begun."""
    from models.registry import Registry  # noqa: PLC0415

    try:
        opened = Registry.open(url, key=key)
        if not opened.moves():
            raise InputError("no registry here yet; `paidan-train retrain` begins one", file=url)
        yield opened
    except OSError as error:
        raise InputError(f"{error.strerror or error}; name a folder that can be read and written", file=url) from None


def _tell(move: "Move") -> None:
    typer.echo(f"move {move.number}: {move.bundle} {move.kind.value} by {move.by}: {move.why}")

"""The `paidan` command. What only one command needs is imported there, so that each starts fast."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.administration import DatabaseOption, keys_app, ledger_app, originals_app
from api.directory import directory_app
from api.routing import Router, open_triage, routed_chunks
from api.settings import DEFAULT_BUNDLE, DEFAULT_PACK, Settings
from api.streams import Write, progress_wanted, reading, writing
from triage.domain import Appeal
from triage.errors import Fault, InputError, PackError, PaidanError
from triage.lines import Line, Numbered, appeal_from, error_line, masked_line, read_lines

if TYPE_CHECKING:
    from triage.policy import Dialled
    from triage.text import Reader

CHUNK = 512

app = typer.Typer(
    name="paidan",
    help="派单: reads a citizen's complaint in Chinese and tells the unit that must act.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print the values of variables, and so what a citizen wrote
    rich_markup_mode=None,
)
pack_app = typer.Typer(help="City packs.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(pack_app, name="pack")
app.add_typer(directory_app, name="directory")
app.add_typer(keys_app, name="keys")
app.add_typer(ledger_app, name="ledger")
app.add_typer(originals_app, name="originals")

TextOption = Annotated[str | None, typer.Option("--text", help="One appeal.")]
InOption = Annotated[Path | None, typer.Option("--in", help="JSON Lines; the standard input where none is named.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="JSON Lines; the standard output where none is named.")]
CityOption = Annotated[
    Path | None, typer.Option("--pack", help="City pack whose terms, rules and directory hold, not the bundle's own.")
]
BundleOption = Annotated[Path | None, typer.Option("--bundle", help="Folder of a bundle; Beijing's by default.")]


@app.command()
def route(
    bundle: BundleOption = None,
    city: CityOption = None,
    text: TextOption = None,
    in_: InOption = None,
    out: OutOption = None,
) -> None:
    """Tell for each appeal what it is about, where it is and which unit must act."""
    _answer(open_triage(bundle or DEFAULT_BUNDLE, city), _lines(text, in_, out), explained=False)


@app.command()
def explain(
    bundle: BundleOption = None,
    city: CityOption = None,
    text: TextOption = None,
    in_: InOption = None,
    out: OutOption = None,
) -> None:
    """Route appeals and tell why: the words, the duty, similar closed orders, and why the runner-up lost."""
    _answer(open_triage(bundle or DEFAULT_BUNDLE, city), _lines(text, in_, out), explained=True)


@app.command()
def promise(bundle: BundleOption = None, city: CityOption = None) -> None:
    """Show what is promised of orders that are dispatched by themselves, and what other promises would cost."""
    policy = open_triage(bundle or DEFAULT_BUNDLE, city).policy
    promised = policy.terms.promise
    if not policy.dial:
        typer.echo("Nothing is dispatched by itself: no closed orders were learned from, so nothing can be promised.")
        return
    typer.echo(f"Tried on {policy.tried:,} newest orders; each bound holds with confidence {promised.confidence:.0%}.")
    typer.echo(f"{'promise':>22}  {'from':>5}  {'sent':>6}  {'right':>6}  {'at least':>8}")
    for group, kept in policy.kept.items():
        typer.echo(_dialled(f"{group} (kept) {kept.promise:.0%}".strip(), kept))
    for dialled in policy.dial:
        typer.echo(_dialled(f"{dialled.promise:.0%}", dialled))


def _dialled(name: str, dialled: "Dialled") -> str:
    if not dialled.coverage:
        return f"{name:>22}  cannot be kept"
    shares = f"{dialled.coverage:>6.1%}  {dialled.precision:>6.1%}  {dialled.at_least:>8.1%}"
    return f"{name:>22}  {dialled.threshold:.3f}  {shares}"


@app.command()
def mask(text: TextOption = None, in_: InOption = None, out: OutOption = None) -> None:
    """Replace personal data in each appeal, and tell where it stood."""
    from triage.text import Reader, Segmenter  # noqa: PLC0415

    reader = Reader(Segmenter())
    with _lines(text, in_, out) as (entries, write):
        write(_masked(reader, id_, found) for id_, found in entries)


@pack_app.command()
def check(pack: Annotated[Path, typer.Argument(help="Folder of a city pack.")] = DEFAULT_PACK) -> None:
    """Count what a city pack holds, or tell everything that is wrong with it."""
    from triage.citypack import CHINA, counts, load_pack  # noqa: PLC0415
    from triage.machines import city_machines  # noqa: PLC0415

    faults: list[Fault] = []
    for read in (load_pack, partial(city_machines, CHINA)):
        try:
            read(pack)
        except PackError as error:
            faults += error.faults
    if faults:
        raise PackError(faults)
    found = counts(load_pack(pack))
    width = max(map(len, found))
    for name, count in found.items():
        typer.echo(f"{name:<{width}}  {count:>7,}")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.  [default: 8345]")] = None,
    bundle: BundleOption = None,
    registry: Annotated[
        str | None, typer.Option("--registry", help="Folder of a registry whose champion answers, not --bundle.")
    ] = None,
    city: CityOption = None,
    database: DatabaseOption = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help="Certificate; needed where others can ask.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Its key.")] = None,
    behind_proxy: Annotated[
        bool | None, typer.Option("--behind-proxy", help="A proxy in front has TLS; keys are asked of everyone.")
    ] = None,
    worker: Annotated[
        bool | None, typer.Option("--worker/--no-worker", help="Watch deadlines and deliver webhooks here too.")
    ] = None,
) -> None:
    """Answer over HTTP. Settings also come from PAIDAN_HOST, PAIDAN_PORT, PAIDAN_DATABASE and so on."""
    from api import serving  # noqa: PLC0415

    serving.serve(
        Settings.from_environment(
            os.environ,
            host=host,
            port=port,
            bundle=bundle,
            registry=registry,
            pack=city,
            database=database,
            tls_cert=tls_cert,
            tls_key=tls_key,
            behind_proxy=behind_proxy,
            worker=worker,
        )
    )


@app.command()
def worker(database: DatabaseOption = None) -> None:
    """Watch deadlines and deliver webhooks beside the servers of a ledger; as many as one likes."""
    from api import serving  # noqa: PLC0415

    serving.work(Settings.from_environment(os.environ, database=database))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; 0 done, 2 bad input with what to do about it, 1 anything else."""
    try:
        app(arguments, prog_name="paidan")
    except PaidanError as error:
        print(f"paidan: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, InputError) else 1)


def _answer(
    router: Router, lines: AbstractContextManager[tuple[Iterable[Numbered], Write]], *, explained: bool
) -> None:
    with lines as (entries, write):
        for chunk in routed_chunks(router, entries, size=CHUNK, explained=explained):
            write(chunk)


@contextmanager
def _lines(text: str | None, source: Path | None, target: Path | None) -> Iterator[tuple[Iterable[Numbered], Write]]:
    if text is not None and source is not None:
        raise InputError("--text and --in exclude each other; give one of them")
    if text is not None:
        appeal = appeal_from({"text": text})
        with writing(target) as write:
            yield [(appeal.id, appeal)], write
        return
    with reading(source, progress=progress_wanted(target)) as stream, writing(target, source=source) as write:
        yield read_lines(stream), write


def _masked(reader: "Reader", id_: str, found: Appeal | InputError) -> Line:
    if isinstance(found, InputError):
        return error_line(id_, found)
    reading_ = reader.read(found.text)
    return masked_line(id_, reading_.masked, reading_.spans)

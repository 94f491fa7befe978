"""The `paidan-train` command."""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from training.closures import Closures
from training.hygiene import Summary
from triage.citypack import FORMULA
from triage.directory import CHINA_TIME
from triage.errors import InputError, PaidanError

if TYPE_CHECKING:
    from models.moves import Move
    from models.registry import Registry
    from training.evaluate import Kept

app = typer.Typer(
    name="paidan-train",
    help="Learns from closed orders, and tells how well.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print the values of variables, and so what a citizen wrote
    rich_markup_mode=None,
)

_SHOWN_PROBLEMS = 10
_ENCODERS = "lsa, static, or the folder of a SentenceTransformer (the last two: extra semantic)."
SIZES = [0, 200, 1_000, 5_000]
_MANY = ("--closures", "--train")

ClosuresOption = Annotated[list[Path], typer.Option("--closures", help="CSV, JSON Lines or Excel; one or several.")]
ColumnOption = Annotated[
    list[str] | None, typer.Option("--column", help="Our field=their header, such as unit=经办部门; repeatable.")
]
RegistryOption = Annotated[str, typer.Option("--registry", help="Folder of the registry, or an address of fsspec.")]
BundleArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of a bundle, as `list` shows it.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who does it; the user of this machine by default.")]
WhyOption = Annotated[str, typer.Option("--why", help="Why, for those who read it later.")]
KeyOption = Annotated[
    Path | None, typer.Option("--key", help="Key that signs; signing.key of the registry by default.")
]
_NO_REASON = "no reason given"


@app.command()
def fit(
    out: Annotated[Path, typer.Option("--out", help="Folder of the bundle.")],
    closures: Annotated[
        list[Path] | None,
        typer.Option("--closures", help="CSV, JSON Lines or Excel; one or several. None: what the pack teaches."),
    ] = None,
    pack: Annotated[
        Path | None, typer.Option("--pack", help="City pack; derived from the closures if missing.")
    ] = None,
    appeals: Annotated[
        Path | None,
        typer.Option("--appeals", help="Pack whose appeals teach a city with few closures and none of its own."),
    ] = None,
    encoder: Annotated[str, typer.Option("--encoder", help=_ENCODERS)] = "",
    seed: Annotated[int, typer.Option("--seed", help="The same seed and rows give the same bundle.")] = 0,
    column: ColumnOption = None,
    left_out: Annotated[Path | None, typer.Option("--left-out", help="CSV of the rows set aside and why.")] = None,
) -> None:
    """Fit a bundle from closed orders, from what a pack teaches, or from both."""
    from training.make import make_bundle, prepare  # noqa: PLC0415 - scikit-learn is slow to import

    _check_writable(left_out)
    folder = out.resolve()
    files = closures or []
    prepared = prepare(files, pack=pack, name=folder.name, appeals=appeals, seed=seed, columns=_columns(column or []))
    _report_problems(prepared.read)
    if files:
        typer.echo(prepared.cleaned.summary)
    if prepared.taught:
        typer.echo(f"{len(prepared.taught):>9,}  rows that were written to teach")
    if left_out:
        _write_left_out(left_out, prepared.cleaned.summary)
    with _progress() as progress:
        make_bundle(prepared, folder, encoder=encoder, seed=seed, progress=progress)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    typer.echo(f"{manifest['scheme']}\n{_line(manifest['metrics'])}\nbundle {manifest['id']} in {out}")


@app.command()
def retrain(
    registry: RegistryOption,
    closures: Annotated[
        list[Path] | None, typer.Option("--closures", help="CSV, JSON Lines or Excel; one or several.")
    ] = None,
    database: Annotated[str | None, typer.Option("--database", help="URL of a ledger, instead of files.")] = None,
    pack: Annotated[
        Path | None, typer.Option("--pack", help="City pack; that of the champion, or derived from the orders.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=28, help="How far back is learned from; chosen by the last weeks.")
    ] = None,
    half_life: Annotated[
        int | None, typer.Option("--half-life", min=1, help="Days after which an order counts half; chosen likewise.")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1_000, help="Orders that are learned from, at most.")] = 60_000,
    work: Annotated[Path, typer.Option("--work", help="Folder of what is made on the way.")] = Path("var/retrain"),
    seed: Annotated[int, typer.Option("--seed", help="The same seed and orders give the same bundle.")] = 0,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Address of a Dask scheduler (extra cluster).")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write a page of what changed, OUT.html.")] = None,
    language: Annotated[str, typer.Option("--language", help="Of the page: zh or en.")] = "zh",
    by: ByOption = None,
    why: WhyOption = "retrained",
    key: KeyOption = None,
    column: ColumnOption = None,
) -> None:
    """Learn from how orders ended, and put the bundle into service if it is no worse anywhere."""
    from models.registry import Registry, whoever  # noqa: PLC0415
    from training.backtest import Memory  # noqa: PLC0415
    from training.gate import Promotion  # noqa: PLC0415
    from training.parallel import on_cluster  # noqa: PLC0415
    from training.retrain import Recipe, ended_of  # noqa: PLC0415
    from training.retrain import retrain as run  # noqa: PLC0415
    from triage.directory import today  # noqa: PLC0415

    memory = Memory(days=days, half_life=half_life) if days or half_life else None
    recipe = Recipe(pack=pack, memory=memory, most=most, seed=seed)
    if language not in ("zh", "en"):
        raise InputError("zh or en", field="--language")
    _check_writable(report)
    opened = Registry.open(registry, key=key)
    ended = ended_of(closures or (), database, pack=pack, columns=_columns(column or []))
    with _progress() as progress, on_cluster(cluster) if cluster else nullcontext():
        result = run(ended, opened, recipe, work=work, today=today(), by=by or whoever(), why=why, progress=progress)
    if report:
        from training.report import report as page  # noqa: PLC0415

        report.write_text(page(result, language="zh" if language == "zh" else "en"), encoding="utf-8")
    for name, count in result.counts.items():
        typer.echo(f"{count:>9,}  {name}")
    promoted = isinstance(result.verdict, Promotion)
    for finding in (
        *result.verdict.checked,
        *(() if isinstance(result.verdict, Promotion) else result.verdict.reasons),
    ):
        typer.echo(f"{'ok' if finding.holds else 'no':>9}  {finding.code}: {finding.english}")
    typer.echo(f"{result.bundle} {'serves now' if promoted else 'was refused'}; before: {result.champion or 'none'}")


@app.command()
def evaluate(
    bundle: Annotated[Path, typer.Option("--bundle", help="Folder of the bundle.")],
    closures: ClosuresOption,
    peers: Annotated[bool, typer.Option("--peers", help="Also fit flat models on the bundle's closures.")] = False,  # noqa: FBT002
    train: Annotated[list[Path] | None, typer.Option("--train", help="Those closures, if not beside these.")] = None,
    column: ColumnOption = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON.")] = None,
) -> None:
    """Try a bundle on closed orders it has not seen."""
    from training.evaluate import Evaluation  # noqa: PLC0415
    from training.evaluate import evaluate as run  # noqa: PLC0415

    _check_writable(json_out)
    result: Evaluation = run(bundle, closures, peers=peers, train=train or (), columns=_columns(column or []))
    if json_out:
        json_out.write_text(json.dumps(asdict(result), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    left = ", ".join(f"{count} {reason}" for reason, count in result.summary.items() if count)
    typer.echo(
        f"{result.rows} rows ({result.unknown_units} of units the bundle has not met); set aside: {left or 'none'}"
    )
    _console().print(_figures_table(result.bundle, result.figures, result.peers))
    _console().print(_districts_table(result.districts))
    for name, gains in result.gains.items():
        said = ", ".join(f"{depth} {gain:+.3f} [{low:+.3f}, {high:+.3f}]" for depth, (gain, low, high) in gains.items())
        typer.echo(f"gain over {name}: {said}")


def _districts_table(districts: Sequence["Kept"]) -> Table:
    table = Table("district", "rows", "set covers", "sent", "right", "off by more than 4 points", box=None)
    for kept in districts:
        precision = "" if kept.precision is None else f"{kept.precision:.3f}"
        table.add_row(
            kept.district,
            f"{kept.rows:,}",
            f"{kept.set_coverage:.3f}",
            f"{kept.sent:,}",
            precision,
            ", ".join(kept.strays),
        )
    return table


@app.command()
def holdout(
    pack: Annotated[Path, typer.Option("--pack", help="City pack with a folder appeals.")],
    seed: Annotated[int, typer.Option("--seed", help="Which voices are held out, and how the rest is learned.")] = 0,
) -> None:
    """Try what a pack teaches on a part of its own appeals that is held out."""
    from training.holdout import hold_out  # noqa: PLC0415

    with _progress() as progress:
        result = hold_out(pack, seed=seed, progress=progress)
    typer.echo(f"{result.learned} appeals learned from, {result.rows} held out\n{_line(result.figures)}")


@app.command()
def written(
    bundle: Annotated[Path, typer.Option("--bundle", help="Folder of the bundle.")],
    texts: Annotated[Path, typer.Option("--texts", help="Folder with emergencies.csv, declined.csv, matters.csv ...")],
) -> None:
    """Try a bundle on texts that were written to test it: emergencies, what is not accepted, several matters."""
    from models.bundle import load_triage  # noqa: PLC0415
    from training.written import try_written  # noqa: PLC0415

    for name, value in try_written(load_triage(bundle), texts).items():
        typer.echo(f"{name:<46}{value:.3f}")


@app.command()
def curve(
    closures: ClosuresOption,
    test: Annotated[Path, typer.Option("--test", help="Later closures, which are tried.")],
    appeals: Annotated[Path, typer.Option("--appeals", help="Pack whose appeals teach.")],
    sizes: Annotated[
        list[int] | None, typer.Option("--size", help="How many of the newest closures; repeatable.")
    ] = None,
    encoders: Annotated[list[str] | None, typer.Option("--encoder", help=f"{_ENCODERS} Repeatable.")] = None,
) -> None:
    """Show what the newest closures teach, the appeals of another city, and both."""
    from training.curve import learning_curve  # noqa: PLC0415

    table = Table("closures", "learned from", "top-1", "top-3", "top-5", "top-1 gained by what was added", box=None)
    with _progress() as progress:
        points = learning_curve(
            closures, test, appeals, sizes=sizes or SIZES, encoders=encoders or (), progress=progress
        )
        for point in points:
            table.add_row(*point.cells())
    _console().print(table)


@app.command()
def benchmark(
    closures: ClosuresOption,
    texts: Annotated[Path, typer.Option("--texts", help="Closures whose texts are routed.")],
) -> None:
    """Measure fitting, routing and starting as ratios to simpler work in the same run."""
    from training.benchmark import benchmark as run  # noqa: PLC0415

    with _progress() as progress:
        measured = run(closures, texts, progress=progress)
    table = Table("what", "measured", "of", "ratio", box=None)
    for row in measured:
        table.add_row(*row.cells())
    _console().print(table)


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
    _console().print(table)
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 2 bad input, 1 anything else."""
    try:
        app(_repeated(sys.argv[1:] if arguments is None else arguments), prog_name="paidan-train")
    except SystemExit as stop:
        return int(stop.code or 0)
    except PaidanError as error:
        sys.stderr.write(f"paidan-train: {error}\n")
        return 2 if isinstance(error, InputError) else 1
    return 0


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


def _repeated(arguments: Sequence[str]) -> list[str]:
    """Write `--closures A B` as `--closures A --closures B`, which is what the parser knows."""
    spread: list[str] = []
    option = ""
    for word in arguments:
        if word.startswith("-"):
            option = word if word in _MANY else ""
        elif option and spread[-1] != option:
            spread.append(option)
        spread.append(word)
    return spread


def _columns(pairs: Sequence[str]) -> dict[str, str] | None:
    for pair in pairs:
        if "=" not in pair:
            raise InputError("write our field, =, and their header: unit=经办部门", field=f"--column {pair}")
    return dict(pair.split("=", 1) for pair in pairs) or None


def _report_problems(read: Closures) -> None:
    for problem in read.problems[:_SHOWN_PROBLEMS]:
        sys.stderr.write(f"{problem}\n")
    if len(read.problems) > _SHOWN_PROBLEMS:
        sys.stderr.write(f"... and {len(read.problems) - _SHOWN_PROBLEMS} more rows with problems\n")
    if read.repeated:
        typer.echo(f"{read.repeated:>9,}  rows replaced by a later row of the same order")


def _check_writable(path: Path | None) -> None:
    """Refuse before the work what would fail after it."""
    if path and (path.is_dir() or not os.access(path if path.exists() else path.absolute().parent, os.W_OK)):
        raise InputError("cannot be written; name a file in a folder that exists", file=path)


def _write_left_out(path: Path, summary: Summary) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "source", "reason"))
        writer.writerows((_harmless(row.id), _harmless(row.source), row.reason) for row in summary.left_out)


def _harmless(cell: str) -> str:
    """Keep Excel from running a cell as a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Tell on a terminal what is being done; say nothing in a pipe."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("reading") as status:
        yield status.update


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 120, highlight=False)


def _figures_table(name: str, ours: dict[str, float], peers: dict[str, dict[str, float]]) -> Table:
    table = Table("", name, *peers, box=None)
    for figure, value in ours.items():
        others = [f"{figures[figure]:.3f}" if figure in figures else "" for figures in peers.values()]
        table.add_row(figure, f"{value:.3f}", *others)
    return table


def _line(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in metrics.items())

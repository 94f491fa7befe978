"""The `paidan-train` command."""

import csv
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from training import registrar
from training.closures import Closures
from training.hygiene import Summary
from training.registrar import ByOption, KeyOption, RegistryOption, WhyOption
from training.terminal import check_writable, columns_of, console, language_of, progressing
from triage.citypack import FORMULA
from triage.errors import InputError, PaidanError

if TYPE_CHECKING:
    from training.evaluate import Kept

app = typer.Typer(
    name="paidan-train",
    help="Learns from closed orders, and tells how well.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print the values of variables, and so what a citizen wrote
    rich_markup_mode=None,
)

app.add_typer(registrar.app)

_SHOWN_PROBLEMS = 10
_ENCODERS = "lsa, static, or the folder of a SentenceTransformer (the last two: extra semantic)."
SIZES = [0, 200, 1_000, 5_000]

ClosuresOption = Annotated[list[Path], typer.Option("--closures", help="CSV, JSON Lines or Excel; one or several.")]
ColumnOption = Annotated[
    list[str] | None, typer.Option("--column", help="Our field=their header, such as unit=经办部门; repeatable.")
]
LanguageOption = Annotated[str, typer.Option("--language", help="Of the page: zh or en.")]


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

    check_writable(left_out)
    folder = out.resolve()
    files = closures or []
    prepared = prepare(files, pack=pack, name=folder.name, appeals=appeals, seed=seed, columns=columns_of(column or []))
    _report_problems(prepared.read)
    if files:
        typer.echo(prepared.cleaned.summary)
    if prepared.taught:
        typer.echo(f"{len(prepared.taught):>9,}  rows that were written to teach")
    if left_out:
        _write_left_out(left_out, prepared.cleaned.summary)
    with progressing() as progress:
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
    language: LanguageOption = "zh",
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
    from training.retrain import NothingNewError, Recipe, ended_of  # noqa: PLC0415
    from training.retrain import retrain as run  # noqa: PLC0415
    from training.wording import COUNTS  # noqa: PLC0415
    from triage.directory import today  # noqa: PLC0415

    memory = Memory(days=days, half_life=half_life) if days or half_life else None
    recipe = Recipe(pack=pack, memory=memory, most=most, seed=seed)
    told_in = language_of(language)
    check_writable(report)
    opened = Registry.open(registry, key=key)
    ended = ended_of(closures or (), database, pack=pack, columns=columns_of(column or []))
    with progressing() as progress, on_cluster(cluster) if cluster else nullcontext():
        try:
            result = run(
                ended, opened, recipe, work=work, today=today(), by=by or whoever(), why=why, progress=progress
            )
        except NothingNewError as nothing:  # a timer comes again, and nothing is wrong
            typer.echo(nothing.message)
            return
    if report:
        from training.report import report as page  # noqa: PLC0415

        report.write_text(page(result, language=told_in), encoding="utf-8")
    for name, count in result.counts.items():
        typer.echo(f"{count:>9,}  {COUNTS[name][1]}")
    promoted = isinstance(result.verdict, Promotion)
    reasons = () if isinstance(result.verdict, Promotion) else result.verdict.reasons
    for finding in (*result.verdict.checked, *reasons):
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
    report: Annotated[Path | None, typer.Option("--report", help="Write a page of the figures, OUT.html.")] = None,
    language: LanguageOption = "zh",
) -> None:
    """Try a bundle on closed orders it has not seen."""
    from training.evaluate import Evaluation  # noqa: PLC0415
    from training.evaluate import evaluate as run  # noqa: PLC0415

    told_in = language_of(language)
    check_writable(json_out)
    check_writable(report)
    result: Evaluation = run(bundle, closures, peers=peers, train=train or (), columns=columns_of(column or []))
    if json_out:
        json_out.write_text(json.dumps(result.facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if report:
        from training.report import evaluated  # noqa: PLC0415

        report.write_text(evaluated(result, language=told_in), encoding="utf-8")
    left = ", ".join(f"{count} {reason}" for reason, count in result.summary.items() if count)
    typer.echo(
        f"{result.rows} rows ({result.unknown_units} of units the bundle has not met); set aside: {left or 'none'}"
    )
    console().print(_figures_table(result.bundle, result.figures, result.peers))
    console().print(_districts_table(result.districts))
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
def noise(
    bundle: Annotated[Path, typer.Option("--bundle", help="Folder of a bundle that has not learned from them.")],
    closures: ClosuresOption,
    most: Annotated[int, typer.Option("--most", min=1, help="How many orders.")] = 20,
    column: ColumnOption = None,
) -> None:
    """Rank closed orders by how doubtful it is who closed them, for people to look at."""
    from training.evaluate import evaluate as run  # noqa: PLC0415
    from training.noise import doubts  # noqa: PLC0415

    judged = run(bundle, closures, peers=False, columns=columns_of(column or [])).trial.judged
    table = Table("order", "closed by", "of", "the model says", "of", "contradicts", box=None)
    for one in doubts(judged, most=most):
        told = (
            one.id,
            one.label,
            f"{one.given:.3f}",
            one.says,
            f"{one.probability:.3f}",
            "yes" if one.confident else "",
        )
        table.add_row(*map(escape, told))
    console().print(table)


@app.command()
def holdout(
    pack: Annotated[Path, typer.Option("--pack", help="City pack with a folder appeals.")],
    seed: Annotated[int, typer.Option("--seed", help="Which voices are held out, and how the rest is learned.")] = 0,
) -> None:
    """Try what a pack teaches on a part of its own appeals that is held out."""
    from training.holdout import hold_out  # noqa: PLC0415

    with progressing() as progress:
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
    with progressing() as progress:
        points = learning_curve(
            closures, test, appeals, sizes=sizes or SIZES, encoders=encoders or (), progress=progress
        )
        for point in points:
            table.add_row(*point.cells())
    console().print(table)


@app.command()
def backtest(
    closures: ClosuresOption,
    since: Annotated[datetime, typer.Option("--since", formats=["%Y-%m-%d"], help="The first day that is tried.")],
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The day after the last.")],
    pack: Annotated[
        Path | None, typer.Option("--pack", help="City pack; derived from the closures if missing.")
    ] = None,
    work: Annotated[Path, typer.Option("--work", help="Folder of the weeks that were judged.")] = Path("var/backtest"),
    seed: Annotated[int, typer.Option("--seed", help="The same seed and orders give the same figures.")] = 0,
    column: ColumnOption = None,
) -> None:
    """Try what retraining each week would have given, beside the model of the beginning and flat models."""
    from training.weekly import backtest as run  # noqa: PLC0415

    with progressing() as progress:
        found = run(
            closures,
            since=since.date(),
            until=until.date(),
            pack=pack,
            store=work,
            seed=seed,
            columns=columns_of(column or []),
            progress=progress,
        )
    table = Table("week", "orders", *found.judged, box=None)
    for row in found.table():
        table.add_row(*row)
    console().print(table)
    for over, gain in found.gains(seed=seed).items():
        typer.echo(f"gain over {over}: {gain.gain:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]")


@app.command()
def benchmark(
    closures: ClosuresOption,
    texts: Annotated[Path, typer.Option("--texts", help="Closures whose texts are routed.")],
) -> None:
    """Measure fitting, routing and starting as ratios to simpler work in the same run."""
    from training.benchmark import benchmark as run  # noqa: PLC0415

    with progressing() as progress:
        measured = run(closures, texts, progress=progress)
    table = Table("what", "measured", "of", "ratio", box=None)
    for row in measured:
        table.add_row(*row.cells())
    console().print(table)


@app.command()
def watch(
    database: Annotated[str, typer.Option("--database", help="URL of a ledger.")],
    pack: Annotated[Path, typer.Option("--pack", help="City pack, for the names of units and topics.")],
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="The last days, which are compared.")] = 7,
    before: Annotated[int, typer.Option("--before", min=1, max=3_660, help="The days in front of them.")] = 28,
    every: Annotated[str | None, typer.Option("--every", help="Again and again, such as 30m, 1h or 1d.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON each time.")] = False,  # noqa: FBT002
) -> None:
    """Tell how far what comes in has moved, and write alerts into the ledger where it did."""
    from training.lookout import look_out  # noqa: PLC0415

    look_out(database, pack, days=days, before=before, every=every, as_json=as_json)


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


def _repeated(arguments: Sequence[str]) -> list[str]:
    """Write `--closures A B` as `--closures A --closures B`, which is what the parser knows."""
    spread: list[str] = []
    option = ""
    for word in arguments:
        if word.startswith("-"):
            option = word if word in ("--closures", "--train") else ""
        elif option and spread[-1] != option:
            spread.append(option)
        spread.append(word)
    return spread


def _report_problems(read: Closures) -> None:
    for problem in read.problems[:_SHOWN_PROBLEMS]:
        sys.stderr.write(f"{problem}\n")
    if len(read.problems) > _SHOWN_PROBLEMS:
        sys.stderr.write(f"... and {len(read.problems) - _SHOWN_PROBLEMS} more rows with problems\n")
    if read.repeated:
        typer.echo(f"{read.repeated:>9,}  rows replaced by a later row of the same order")


def _write_left_out(path: Path, summary: Summary) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "source", "reason"))
        writer.writerows((_harmless(row.id), _harmless(row.source), row.reason) for row in summary.left_out)


def _harmless(cell: str) -> str:
    """Keep Excel from running a cell as a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _figures_table(name: str, ours: dict[str, float], peers: dict[str, dict[str, float]]) -> Table:
    table = Table("", name, *peers, box=None)
    for figure, value in ours.items():
        others = [f"{figures[figure]:.3f}" if figure in figures else "" for figures in peers.values()]
        table.add_row(figure, f"{value:.3f}", *others)
    return table


def _line(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in metrics.items())

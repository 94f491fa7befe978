"""`paidan directory`: the directory (派单目录) as a sheet, as a draft, and as what is published."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.routing import open_triage
from api.settings import DEFAULT_BUNDLE, DEFAULT_PACK
from api.streams import progress_wanted, reading, writing
from triage.domain import Appeal
from triage.errors import InputError, PackError
from triage.lines import Line, Numbered, read_lines

if TYPE_CHECKING:
    from triage.citypack import CityPack
    from triage.replay import Case, Replay
    from triage.revision import Change

_SHOWN = 20  # moves; the rest are in --out

directory_app = typer.Typer(
    help="The directory of a city pack (派单目录): edited as a sheet, tried out, published.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PackArgument = Annotated[Path, typer.Argument(help="Folder of a city pack.")]
PackOption = Annotated[Path, typer.Option("--pack", help="Folder of the city pack that a sheet belongs to.")]
OnOption = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Only lines that hold on this day.")
]


@directory_app.command()
def export(
    out: Annotated[Path, typer.Option("--out", help="Sheet to write: .csv or .xlsx.")],
    pack: PackArgument = DEFAULT_PACK,
    on: OnOption = None,
) -> None:
    """Write the directory as a sheet that can be edited."""
    from triage.citypack import load_pack  # noqa: PLC0415
    from triage.citypack.sheets import write_sheet  # noqa: PLC0415
    from triage.revision import holding  # noqa: PLC0415

    city = load_pack(pack)
    lines = holding(city.mandates, _day(on))
    write_sheet(out, city, lines)
    typer.echo(f"{len(lines):,} lines in {out}")


@directory_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Sheet with the whole directory.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the draft; new or empty.")],
    pack: PackOption = DEFAULT_PACK,
) -> None:
    """Check a sheet against a pack, and write the pack with this directory as a draft."""
    from triage.citypack import load_pack, write_pack  # noqa: PLC0415
    from triage.citypack.sheets import read_sheet  # noqa: PLC0415
    from triage.revision import diff  # noqa: PLC0415

    _refuse_full(out)
    city = load_pack(pack)
    lines = read_sheet(file, city)
    if not lines:
        raise InputError("no line below the header; `paidan directory export` writes a sheet to start from", file=file)
    try:
        write_pack(replace(city, mandates=lines), out)
    except PackError as error:  # rows are sound by now: it is about the directory as a whole
        raise PackError([replace(fault, file=str(file), line=1) for fault in error.faults]) from None
    typer.echo(f"{len(lines):,} lines in {out}")
    typer.echo(_summary(diff(city.mandates, lines)))


@directory_app.command("diff")
def diff_(
    old: Annotated[Path, typer.Argument(help="Folder of a pack, or a sheet.")],
    new: Annotated[Path, typer.Argument(help="Folder of a pack, or a sheet.")],
    on: OnOption = None,
    pack: PackOption = DEFAULT_PACK,
) -> None:
    """Tell how two directories differ, a line for each change."""
    from triage.revision import diff  # noqa: PLC0415

    before, after = _city(old, pack), _city(new, pack)
    names = {topic.code: topic.name for city in (before, after) for topic in city.topics}
    changes = diff(before.mandates, after.mandates, on=_day(on))
    rows = [(one.kind, one.topic, names[one.topic], one.district or "全市", _words(one)) for one in changes]
    _print_aligned(rows)
    typer.echo(_summary(changes))


@directory_app.command("replay")
def replay_(
    new: Annotated[Path, typer.Argument(help="Folder of the pack with the other directory, such as a draft.")],
    bundle: Annotated[Path, typer.Option("--bundle", help="Folder of a bundle.")] = DEFAULT_BUNDLE,
    in_: Annotated[
        Path | None, typer.Option("--in", help="Appeals as JSON Lines; the standard input where none is named.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="What differs, as JSON Lines without any text.")] = None,
) -> None:
    """Route appeals with the directory of a bundle and with another, and tell what differs."""
    from triage.replay import replay  # noqa: PLC0415

    before, after = open_triage(bundle), open_triage(bundle, new)
    bad: list[tuple[str, InputError]] = []
    with reading(in_, progress=progress_wanted(out)) as stream, writing(out, source=in_) as write:
        found = replay(before, after, _sound(read_lines(stream), bad))
        write(map(_case_line, found.cases) if out else ())
    _print_replay(found)
    if bad:
        typer.echo(f"unreadable and not counted: {len(bad):,}; the first, {bad[0][0]}: {bad[0][1]}")


@directory_app.command("publish")
def publish_(
    new: Annotated[Path, typer.Argument(help="Folder of the draft.")],
    to: Annotated[Path, typer.Option("--to", help="Folder of the pack whose directory is replaced.")],
    by: Annotated[str, typer.Option("--by", help="Who publishes.")],
    note: Annotated[str, typer.Option("--note", help="Why.")],
) -> None:
    """Make the directory of a draft that of a pack, and write down who did so and why."""
    from triage.citypack import load_pack  # noqa: PLC0415
    from triage.directory import CHINA_TIME  # noqa: PLC0415
    from triage.revision import publish  # noqa: PLC0415

    at = datetime.now(CHINA_TIME).replace(microsecond=0)
    event = publish(load_pack(new), to, by=by, note=note, at=at)
    counts = f"{event.added:,} added, {event.ended:,} ended, {event.changed:,} changed"
    typer.echo(f"event {event.number} in {to}: {counts}; directory {event.after[:12]}")


@directory_app.command("history")
def history_(pack: PackArgument = DEFAULT_PACK) -> None:
    """Tell what was published into a pack, when, by whom and why, after checking that nothing was altered since."""
    from triage.revision import history  # noqa: PLC0415

    events = history(pack)
    _print_aligned(
        (str(e.number), e.at.isoformat(" "), e.by, f"+{e.added} -{e.ended} ~{e.changed}", e.after[:12], e.note)
        for e in events
    )
    if not events:
        typer.echo("nothing was published here")


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _refuse_full(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("there is something here; name a folder that is new or empty with --out", file=folder)


def _city(path: Path, pack: Path) -> "CityPack":
    """Return the pack in a folder, or that of the sheet with its lines."""
    from triage.citypack import load_pack  # noqa: PLC0415
    from triage.citypack.sheets import read_sheet  # noqa: PLC0415

    if path.is_dir():
        return load_pack(path)
    city = load_pack(pack)
    return replace(city, mandates=read_sheet(path, city))


def _words(change: "Change") -> str:
    """Say a change in the words of a sheet: what was and is, or the whole line."""
    from triage.citypack.sheets import in_words  # noqa: PLC0415

    if not (change.before and change.after):
        (line,) = filter(None, (change.before, change.after))
        return "; ".join(f"{column} {cell}" for column, cell in in_words(line).items() if cell and column != "区")
    pairs = zip(in_words(change.before).items(), in_words(change.after).values(), strict=True)
    return "; ".join(f"{column} {old or '(none)'} → {new or '(none)'}" for (column, old), new in pairs if old != new)


def _summary(changes: Sequence["Change"]) -> str:
    counts = Counter(str(change.kind) for change in changes)
    return f"{counts['added']:,} added, {counts['ended']:,} ended, {counts['changed']:,} changed"


def _sound(entries: Iterable[Numbered], bad: list[tuple[str, InputError]]) -> Iterator[Appeal]:
    for id_, found in entries:
        if isinstance(found, Appeal):
            yield found
        else:
            bad.append((id_, found))


def _case_line(case: "Case") -> Line:
    return {
        "id": case.id,
        "topic": case.topic,
        "from": case.source,
        "to": case.target,
        "action": {"before": case.action_before.value, "after": case.action_after.value},
        "units": {"before": list(case.units_before), "after": list(case.units_after)},
    }


def _print_replay(found: "Replay") -> None:
    numbers = {
        "appeals": found.appeals,
        "same first suggestion": found.kept,
        "decided for other units": found.units,
        "decided otherwise": found.actions,
    }
    _print_aligned((name, f"{number:>7,}") for name, number in numbers.items())
    shown = found.moves[:_SHOWN]
    _print_aligned((f"{m.count:>7,}", m.topic or "-", m.source or "-", "→", m.target or "-") for m in shown)
    if rest := len(found.moves) - len(shown):
        typer.echo(f"and {rest:,} more")


def _print_aligned(rows: Iterable[Sequence[str]]) -> None:
    """Print columns; a Chinese character is as wide as two others."""
    from rich.cells import cell_len  # noqa: PLC0415

    table = list(rows)
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        typer.echo("  ".join(cells).rstrip())

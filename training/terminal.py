"""What the commands share: tables and progress on a terminal, and options that several of them have."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from triage.errors import InputError

if TYPE_CHECKING:
    from training.wording import Language


def console() -> Console:
    """Return where tables are printed: as wide as a terminal, or as a page of 120 columns."""
    return Console(width=None if sys.stdout.isatty() else 120, highlight=False)


@contextmanager
def progressing() -> Iterator[Callable[[str], None]]:
    """Tell on a terminal what is being done; say nothing in a pipe."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("reading") as status:
        yield status.update


def columns_of(pairs: Sequence[str]) -> dict[str, str] | None:
    """Read `our field=their header` as often as it was given; None where it was not."""
    for pair in pairs:
        if "=" not in pair:
            raise InputError("write our field, =, and their header: unit=经办部门", field=f"--column {pair}")
    return dict(pair.split("=", 1) for pair in pairs) or None


def language_of(name: str) -> "Language":
    """Return the language of a page; InputError where there is none."""
    if name not in ("zh", "en"):
        raise InputError("zh or en", field="--language")
    return "zh" if name == "zh" else "en"


def check_writable(path: Path | None) -> None:
    """Refuse before the work what would fail after it."""
    if path and (path.is_dir() or not os.access(path if path.exists() else path.absolute().parent, os.W_OK)):
        raise InputError("cannot be written; name a file in a folder that exists", file=path)

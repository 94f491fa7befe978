"""Files and pipes of JSON Lines, and how far we are in them."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from triage.errors import InputError
from triage.lines import Line, as_json

Write = Callable[[Iterable[Line]], None]


@contextmanager
def reading(source: Path | None, *, progress: bool = False) -> Iterator[Iterable[bytes]]:
    """Open a file, perhaps with a bar that tells how far it is read, or the standard input where none is named."""
    if source is None:
        yield sys.stdin.buffer
        return
    with _opened(source, "rb") as stream:
        if progress:
            yield from _watched(stream, source)
        else:
            yield stream


@contextmanager
def writing(target: Path | None, *, source: Path | None = None) -> Iterator[Write]:
    """Open a file other than `source`, or the standard output where none is named."""
    if target is None:
        yield _writer(sys.stdout.buffer)
        return
    if source and target.exists() and target.samefile(source):
        raise InputError("would be overwritten while it is read; name another file with --out", file=target)
    with _opened(target, "wb") as stream:
        yield _writer(stream)


def progress_wanted(target: Path | None) -> bool:
    """Tell whether somebody looks at a terminal on which no answers are printed."""
    return sys.stderr.isatty() and (target is not None or not sys.stdout.isatty())


def _opened(path: Path, mode: str) -> BinaryIO:
    try:
        stream: BinaryIO = path.open(mode)  # type: ignore[assignment]
    except OSError as error:
        raise InputError(f"{error.strerror}; name a file that can be used", file=path) from None
    return stream


def _writer(stream: BinaryIO) -> Write:
    def write(lines: Iterable[Line]) -> None:
        stream.writelines(as_json(line) + b"\n" for line in lines)
        stream.flush()

    return write


def _watched(stream: BinaryIO, source: Path) -> Iterator[Iterable[bytes]]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.progress import wrap_file  # noqa: PLC0415

    size = source.stat().st_size
    with wrap_file(stream, size, description=source.name, console=Console(stderr=True)) as watched:
        yield watched

"""Appeals in and orders out as sheets: CSV, Excel and JSON Lines."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, islice
from typing import Annotated, BinaryIO, cast

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from api.dependencies import ReadyHotline, Wanted, WhoExports, WhoSubmits
from api.hotline import Hotline, Submission
from api.problems import declared
from api.sheets import SheetKind, read_appeals, write_orders
from triage.domain import Appeal
from triage.errors import ConflictError, InputError, NotReadyError, PaidanError, UnavailableError
from triage.ledger.events import Actor
from triage.ledger.keys import digest
from triage.ledger.order import Entry
from triage.ledger.search import every
from triage.lines import Line, as_json

router = APIRouter(tags=["orders"])

_AT_ONCE = 100
_IN_MEMORY = 1 << 20
_LINES = "application/x-ndjson"
_KINDS = {kind.media_type.partition(";")[0]: kind for kind in SheetKind} | {_LINES: SheetKind.LINES}

Row = tuple[int, Appeal | InputError]


class ImportedRow(BaseModel):
    """What came of one row: its order, or what is wrong with it; the others are taken all the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    row: int | None
    id: str | None
    status: str | None
    error: dict[str, str] | None


_EXAMPLE = "来电编号,诉求内容,地址,区\n7,门口的路灯坏了半个月,望京西园四区,朝阳区\n"
# Of the kinds that are taken this one alone is described: tools that test by the description write no others.
_BODY = {
    "required": True,
    "content": {
        "text/csv": {"schema": {"type": "string", "format": "binary"}, "examples": {"one": {"value": _EXAMPLE}}}
    },
}


@router.post(
    "/v1/imports",
    response_class=StreamingResponse,
    responses={
        200: {"description": "A line for each row", "content": {_LINES: {"schema": {"type": "string"}}}},
        **declared(400, 401, 403, 409, 413, 415, 422, 429, 500, 503),
    },
    operation_id="importAppeals",
    openapi_extra={"requestBody": _BODY},
)
async def import_(request: Request, caller: WhoSubmits, hotline: ReadyHotline) -> Response:
    """Write the appeals of a sheet down and route them; a line of JSON tells for each row what came of it.

    The column 诉求内容 is needed; 来电编号, 地址, 区, 受理时间 and 来源渠道 are read where they are. A file that is
    sent again within seven days makes no order again, so that an import that was interrupted is repeated as it is;
    later its rows are new appeals. A file without the column is refused with 409. Excel and JSON Lines
    (`application/jsonl`) are taken too.
    """
    kind = _KINDS.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())
    if kind is None:
        raise HTTPException(415, headers={"Accept": ", ".join(_KINDS)})
    hashed = hashlib.sha256()
    with ExitStack() as stack:
        spooled = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when all is read
        file = stack.enter_context(cast("BinaryIO", spooled))
        async for part in request.stream():
            hashed.update(part)
            await run_in_threadpool(file.write, part)
        file.seek(0)
        rows = await run_in_threadpool(_begun, kind, file)
        stack.pop_all()
    lines = _imported(hotline, rows, caller.actor, hashed.hexdigest())
    return StreamingResponse(_closing(file, lines), media_type=_LINES)


@router.get(
    "/v1/exports",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "All orders that the filters let through, newest first",
            "content": {kind.media_type: {"schema": {"type": "string", "format": "binary"}} for kind in SheetKind},
        },
        **declared(401, 403, 422, 429, 500, 503),
    },
    operation_id="exportOrders",
)
def export(
    caller: WhoExports,  # noqa: ARG001 - it is asked for its role
    filters: Wanted,
    hotline: ReadyHotline,
    kind: Annotated[SheetKind, Query(alias="format")] = SheetKind.CSV,
) -> Response:
    """Give orders as a sheet with Chinese headers; what a program would take for a formula is made harmless."""
    name = {"Content-Disposition": f'attachment; filename="orders.{kind.value}"'}
    written = write_orders(kind, every(hotline.ledger, filters), hotline.name_of)
    return StreamingResponse(written, media_type=kind.media_type, headers=name)


def _begun(kind: SheetKind, file: BinaryIO) -> Iterator[Row]:
    """Read the beginning of a sheet, so that one that cannot be read is refused before anything is answered."""
    rows = read_appeals(kind, file)
    try:
        first = list(islice(rows, 1))
    except InputError as error:
        raise ConflictError(str(error), code=error.code) from None
    return chain(first, rows)


def _imported(hotline: Hotline, rows: Iterator[Row], actor: Actor, file: str) -> Iterator[bytes]:
    try:
        while some := list(islice(rows, _AT_ONCE)):
            for line in _written(hotline, some, actor, file):
                yield as_json(line) + b"\n"
    except (InputError, UnavailableError, NotReadyError) as error:
        stopped = f"{error}; what stands above is written down, send the file again for the rest"
        yield as_json(_line(None, None, error, message=stopped)) + b"\n"


def _written(hotline: Hotline, rows: Sequence[Row], actor: Actor, file: str) -> Iterator[Line]:
    sound = [(row, found) for row, found in rows if isinstance(found, Appeal)]
    submissions = [
        Submission(
            appeal=appeal,
            actor=actor,
            reference=appeal.id,
            key=digest(f"{actor.owner} {file} {row}"),
            fingerprint=file,
        )
        for row, appeal in sound
    ]
    entries = iter(hotline.submit_many(submissions) if submissions else ())
    for row, found in rows:
        made = found if isinstance(found, InputError) else next(entries)
        yield _line(row, made, None) if isinstance(made, Entry) else _line(row, None, made)


def _line(row: int | None, entry: Entry | None, error: PaidanError | None, *, message: str = "") -> Line:
    return {
        "row": row,
        "id": entry.order.id if entry else None,
        "status": entry.order.status.value if entry else None,
        "error": {"code": error.code, "message": message or str(error)} if error else None,
    }


def _closing(file: BinaryIO, lines: Iterable[bytes]) -> Iterator[bytes]:
    with file:
        yield from lines

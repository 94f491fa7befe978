"""三率: how units, districts, topics and streets answer, by the weights and months of the city."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.answers import Lines
from api.dependencies import ReadyHotline, WhoCounts
from api.orders import Time, bounded, shown
from api.problems import declared
from api.schemas import Probability
from triage.directory import CHINA_TIME
from triage.domain import UnitKind
from triage.ledger.database import reading
from triage.ledger.statistics import By, Row, Share, month_of, statistics
from triage.lines import Line

router = APIRouter(tags=["statistics"])

_SHARES = (
    *("response", "solution", "satisfaction", "returned", "right_at_first", "right_by_model", "right_by_people"),
    *("automatic", "overdue", "to_streets"),
)
_NUMBERS = ("received", "repeats", "open", "closed", "dispatched")


class ShareOut(BaseModel):
    """So many of so many; `low` and `high` hold the share with 95 % confidence (Wilson), null over nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[float, Field(ge=0)]
    of: Annotated[int, Field(ge=0)]
    share: Probability | None
    low: Probability | None
    high: Probability | None


class RowOut(BaseModel):
    """The numbers of a unit, district, topic or street; of a unit those that it answers for itself.

    响应率 `response`, 解决率 `solution` and 满意率 `satisfaction` are of the valid call-backs, `score` weighs them as
    the city does. 退单率 `returned` is of the orders dispatched; `right_at_first` of those closed, by the model and by
    people; `load` are orders for each street that was sent any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    name: str
    district: str | None
    received: int
    repeats: int
    open: int
    closed: int
    dispatched: int
    response: ShareOut
    solution: ShareOut
    satisfaction: ShareOut
    score: float | None
    returned: ShareOut
    right_at_first: ShareOut
    right_by_model: ShareOut
    right_by_people: ShareOut
    automatic: ShareOut
    overdue: ShareOut
    to_streets: ShareOut
    load: float | None


class StatisticsOut(BaseModel):
    """Numbers of a window; it begins at `start` and ends before `end`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: datetime
    end: datetime
    rows: list[RowOut]


@router.get(
    "/v1/statistics",
    response_model=StatisticsOut,
    response_class=Lines,
    responses=declared(401, 403, 422, 429, 500, 503),
    operation_id="statistics",
)
def counted(
    *,
    caller: WhoCounts,  # noqa: ARG001 - it is asked for its role
    hotline: ReadyHotline,
    by: Annotated[By | None, Query(description="A row for each; one row of all orders where not given")] = None,
    start: Annotated[
        Time | None, Query(description="The city's assessment month of this moment where no end is given")
    ] = None,
    end: Annotated[Time | None, Query(description="Without this moment itself")] = None,
) -> Response:
    """Count the orders of the running assessment month, of the one that holds `start`, or from `start` to `end`."""
    rates = hotline.router.policy.terms.rates
    now = hotline.ledger.now()
    first, last = bounded(start), bounded(end)
    if last is None:
        window = month_of((first or now).astimezone(CHINA_TIME).date(), rates)
    else:
        window = (min(first or last - timedelta(days=30), last), last)
    streets = [unit.code for unit in hotline.router.pack.units if unit.kind is UnitKind.STREET]
    with reading(hotline.ledger.engine) as connection:
        rows = statistics(connection, by=by, window=window, rates=rates, streets=streets, now=now)
    lines = [_row(row, hotline.name_of) for row in rows]
    return Lines({"start": shown(window[0]), "end": shown(window[1]), "rows": lines})


def _row(row: Row, names: Callable[[str], str]) -> Line:
    return {
        "code": row.key,
        "name": names(row.key),
        "district": row.district or None,
        **{name: getattr(row, name) for name in _NUMBERS},
        **{name: _share(getattr(row, name)) for name in _SHARES},
        "score": row.score,
        "load": row.load,
    }


def _share(share: Share) -> Line:
    low, high = share.interval or (None, None)
    return {"count": share.count, "of": share.of, "share": share.rate, "low": low, "high": high}

"""What units are assessed by and dispatchers steer by: the three rates, returns, first dispatches, delays and load.

A window is a time from and a time up to, without the latter. Each number has the clock that practice reads it by:

| what | an order counts in the window in which |
|---|---|
| received, repeats, dispatched, returned, automatic, to_streets, load | it came in |
| closed, right_at_first and its two parts | it was closed; by when it came in, only quick ones would count |
| overdue | its feedback was due |
| response, solution, satisfaction, score | its citizen was called back |
| open | none: as it is now |

Orders that were merged are part of those they went into; erased ones count. An order counts as it stands: of several
call-backs the last one, until the order is closed again and nobody has asked yet.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from math import sqrt
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Subquery,
    Text,
    distinct,
    false,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from triage.citypack import Rates
from triage.directory import CHINA_TIME
from triage.errors import InputError
from triage.ledger.order import OPEN, Status
from triage.ledger.tables import Json, orders

Window = tuple[datetime, datetime]

_NORMAL_95 = 1.959963984540054
_YEARS = range(1900, 9000)


class By(StrEnum):
    """What the orders are counted for, each by itself."""

    UNIT = "unit"
    DISTRICT = "district"
    TOPIC = "topic"
    STREET = "street"


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many. `count` need not be whole: who is fairly satisfied counts in part."""

    count: float
    of: int

    @property
    def rate(self) -> float | None:
        """The share of 1; None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the rate behind the share is with 95 % confidence; None of nothing.

        Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927). Where some count
        in part it is wider than it need be.
        """
        if not self.of:
            return None
        rate, square = self.count / self.of, _NORMAL_95**2 / self.of
        middle = rate + square / 2
        spread = sqrt(square * (rate * (1 - rate) + square / 4))
        return max(0.0, (middle - spread) / (1 + square)), min(1.0, (middle + spread) / (1 + square))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The numbers of a unit, district, topic or street, or of all orders together.

    Where `key` is a unit, each number is that of the unit which answers for it: the one that closed the order for
    closed, response, solution and satisfaction; the one it was first sent to for automatic, right_at_first and its
    parts; each that it was sent to for dispatched and to_streets, and each that sent it back for returned; the one that
    has it, or closed it, for the rest. So an order can be dispatched to several units, and the rows need not add up.

    Parameters
    ----------
    key
        The code of the unit or topic, or the name of the district or street; empty where the orders have none.
    district
        Of a street, since two of a city may have one name.
    received, repeats
        Orders that came in, and appeals that came in again and became part of them.
    open
        Orders that nobody has closed, merged, transferred or declined.
    dispatched
        Orders that were sent to a unit that leads.
    response, solution, satisfaction
        响应率, 解决率, 满意率: of the valid call-backs. An order that was sent out again since then counts under no
        unit until it is closed again: who had it is no longer who has it.
    score
        The three, weighted as the city does; None without call-backs.
    returned
        退单率: sent back at least once, of those dispatched.
    right_at_first
        Closed by the unit that they were first sent to, of those that were sent to one and are closed.
    right_by_model, right_by_people
        The same of first dispatches made without a person, and by one.
    automatic
        First dispatches made without a person, of all first dispatches.
    overdue
        Answered after the deadline or not yet, of those that have one and were closed or are past it.
    to_streets
        Sent to a street or township, of those dispatched.
    load
        Orders for each street or township that was sent any.
    """

    key: str = ""
    district: str = ""
    received: int
    repeats: int
    open: int
    closed: int
    dispatched: int
    response: Share
    solution: Share
    satisfaction: Share
    score: float | None
    returned: Share
    right_at_first: Share
    right_by_model: Share
    right_by_people: Share
    automatic: Share
    overdue: Share
    to_streets: Share
    load: float | None


def month_of(day: date, rates: Rates) -> Window:
    """Return the assessment month of a city that a day is in, in China's time.

    >>> [str(moment.date()) for moment in month_of(date(2026, 11, 18), Rates(month_begins=19))]
    ['2026-10-19', '2026-11-19']
    """
    if day.year not in _YEARS:
        raise InputError(f"no year of a hotline: {day.year}; write a day such as 2026-01-31", field="day")
    months = day.year * 12 + day.month - 1 - (day.day < rates.month_begins)
    return _midnight(months, rates), _midnight(months + 1, rates)


def _midnight(months: int, rates: Rates) -> datetime:
    first = date(months // 12, months % 12 + 1, rates.month_begins)
    return datetime.combine(first, time(), tzinfo=CHINA_TIME)


def statistics(
    connection: Connection,
    *,
    by: By | None,
    window: Window,
    rates: Rates,
    streets: Collection[str] = (),
    now: datetime | None = None,
) -> list[Row]:
    """Count the orders of a window: one row of them all, or one for each key, in the order of the keys.

    Parameters
    ----------
    streets
        The codes of the units that are streets or townships.
    now
        At which moment a deadline has passed.
    """
    found: dict[tuple[str, str], dict[str, int]] = {}
    for question in _questions(window, streets, now or datetime.now(UTC)):
        for district, key, *numbers in connection.execute(question.asked(by)):
            found.setdefault((key, district), {}).update(zip(question.counted, numbers, strict=True))
    if by is None:
        found.setdefault(("", ""), {})
    return [_row(key, district, numbers, rates) for (key, district), numbers in sorted(found.items())]


def _row(key: str, district: str, numbers: Mapping[str, int], rates: Rates) -> Row:
    def count(name: str) -> int:
        return numbers.get(name, 0)

    called = count("called")
    response, solution = Share(count("contacted"), called), Share(count("solved"), called)
    satisfaction = Share(count("satisfied") + rates.fairly * count("fairly_satisfied"), called)
    weighted = ((response, rates.response), (solution, rates.solution), (satisfaction, rates.satisfaction))
    by_model, by_people = (Share(count(f"right_by_{who}"), count(f"closed_by_{who}")) for who in ("model", "people"))
    return Row(
        key=key,
        district=district,
        **{name: count(name) for name in ("received", "repeats", "open", "closed", "dispatched")},
        response=response,
        solution=solution,
        satisfaction=satisfaction,
        score=sum(weight * share.count for share, weight in weighted) / called if called else None,
        returned=Share(count("returned"), count("dispatched")),
        right_at_first=Share(by_model.count + by_people.count, by_model.of + by_people.of),
        right_by_model=by_model,
        right_by_people=by_people,
        automatic=Share(count("automatic"), count("first")),
        overdue=Share(count("overdue"), count("due")),
        to_streets=Share(count("to_streets"), count("dispatched")),
        load=count("to_streets_each") / count("streets") if count("streets") else None,
    )


class _Elements(FunctionElement[str]):
    """The texts in a list that is kept as JSON, as a table."""

    inherit_cache = True


@compiles(_Elements, "sqlite")
def _in_sqlite(element: _Elements, compiler: SQLCompiler, **given: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"json_each({compiler.process(element.clauses, **given)})"


@compiles(_Elements, "postgresql")
def _in_postgresql(element: _Elements, compiler: SQLCompiler, **given: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **given)} AS json))"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is counted in one pass: of which rows, which unit answers for it, and within what."""

    counted: Mapping[str, ColumnElement[Any]]
    unit: ColumnElement[str]
    within: tuple[ColumnElement[bool], ...]
    table: FromClause = orders

    def asked(self, by: By | None) -> Select[Any]:
        """Return rows of district, key and the numbers; one row where nothing sets the orders apart."""
        nothing = literal_column("''", Text)
        of = self.table.c
        keys = {
            None: (nothing, nothing),
            By.UNIT: (nothing, self.unit),
            By.DISTRICT: (nothing, of.district),
            By.TOPIC: (nothing, of.topic),
            By.STREET: (of.district, of.street),
        }[by]
        asked = select(*keys, *self.counted.values()).select_from(self.table).where(*self.within)
        return asked.group_by(*(key for key in keys if key is not nothing))


_NOBODY = literal([], Json)
_STANDS = orders.c.status != Status.MERGED.value
_SENT = orders.c.first_unit != literal_column("''")
_WHOSE = func.coalesce(func.nullif(orders.c.final_unit, literal_column("''")), orders.c.unit)


def _questions(window: Window, streets: Collection[str], now: datetime) -> tuple[_Question, ...]:
    return (
        _received(window),
        _dispatches(window, streets),
        _first_dispatches(window),
        _closed(window),
        _right_at_first(window),
        _called_back(window),
        _due(window, now),
        _Question(counted={"open": func.count()}, unit=orders.c.unit, within=(orders.c.status.in_(OPEN),)),
    )


def _received(window: Window) -> _Question:
    """Repetitions are also counted of orders that were merged later, else they would be lost."""
    counted = {"received": _where(_STANDS), "repeats": func.coalesce(func.sum(orders.c.repeats), 0)}
    return _Question(counted=counted, unit=_WHOSE, within=_during(orders.c.received_at, window))


def _dispatches(window: Window, streets: Collection[str]) -> _Question:
    """Of each order and each unit that it was sent to: the first, the last, and those in between that sent it back."""
    sent = _sent_to(window)
    to_street = sent.c.to.in_(sorted(streets))
    counted = {
        "dispatched": func.count(distinct(sent.c.id)),
        "returned": func.count(distinct(sent.c.id)).filter(sent.c.back == 1),
        "to_streets": func.count(distinct(sent.c.id)).filter(to_street),
        "to_streets_each": _where(to_street),
        "streets": func.count(distinct(sent.c.to)).filter(to_street),
    }
    return _Question(counted=counted, unit=sent.c.to, within=(), table=sent)


def _sent_to(window: Window) -> Subquery:
    """Pairs of an order and a unit that it was sent to, and whether that unit sent it back."""
    within = (*_during(orders.c.received_at, window), _STANDS, _SENT)
    back = _Elements(orders.c.returned_by).table_valued("value")
    said = (orders.c.id, orders.c.district, orders.c.topic, orders.c.street)
    no, yes = literal_column("0", Integer), literal_column("1", Integer)
    times = union_all(
        select(*said, orders.c.first_unit.label("to"), no.label("back")).where(*within),
        select(*said, orders.c.unit, no).where(*within, orders.c.unit != literal_column("''")),
        select(*said, back.c.value, yes)
        .select_from(orders.join(back, true()))
        .where(*within, orders.c.returned_by != _NOBODY),
    ).subquery()
    pair = (times.c.id, times.c.district, times.c.topic, times.c.street, times.c.to)
    return select(*pair, func.max(times.c.back).label("back")).group_by(*pair).subquery()


def _first_dispatches(window: Window) -> _Question:
    counted = {"first": func.count(), "automatic": _where(orders.c.sent_by_model.is_(true()))}
    within = (*_during(orders.c.received_at, window), _STANDS, _SENT)
    return _Question(counted=counted, unit=orders.c.first_unit, within=within)


def _closed(window: Window) -> _Question:
    within = (*_during(orders.c.closed_at, window), _STANDS)
    return _Question(counted={"closed": func.count()}, unit=orders.c.final_unit, within=within)


def _right_at_first(window: Window) -> _Question:
    right = orders.c.final_unit == orders.c.first_unit
    by_model, by_people = orders.c.sent_by_model.is_(true()), orders.c.sent_by_model.is_(false())
    counted = {
        "closed_by_model": _where(by_model),
        "right_by_model": _where(by_model & right),
        "closed_by_people": _where(by_people),
        "right_by_people": _where(by_people & right),
    }
    within = (*_during(orders.c.closed_at, window), _STANDS, _SENT)
    return _Question(counted=counted, unit=orders.c.first_unit, within=within)


def _called_back(window: Window) -> _Question:
    counted = {
        "called": func.count(),
        "contacted": _where(orders.c.contacted.is_(true())),
        "solved": _where(orders.c.solved.is_(true())),
        "satisfied": _where(orders.c.satisfaction == "满意"),
        "fairly_satisfied": _where(orders.c.satisfaction == "基本满意"),
    }
    within = (*_during(orders.c.called_back_at, window), _STANDS, orders.c.valid.is_(true()))
    return _Question(counted=counted, unit=orders.c.final_unit, within=within)


def _due(window: Window, now: datetime) -> _Question:
    """An order is late once its deadline has passed, whether or not the clock has rung already."""
    closed = orders.c.status == Status.CLOSED.value
    late = orders.c.status.in_(OPEN) & (orders.c.feedback_by < now)
    counted = {"due": func.count(), "overdue": _where((closed & orders.c.overdue.is_(true())) | late)}
    within = (*_during(orders.c.feedback_by, window), closed | late)
    return _Question(counted=counted, unit=_WHOSE, within=within)


def _during(clock: Column[Any], window: Window) -> tuple[ColumnElement[bool], ...]:
    since, until = window
    return clock >= since, clock < until


def _where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)

"""Several lives of one city side by side, as a table, as CSV and JSON, and as a drawing."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from html import escape

from training.simulate.run import Week

MEASURES: Mapping[str, tuple[str, str]] = {
    "first_dispatch": ("first_right", "orders"),
    "automatic": ("automatic", "orders"),
    "precision": ("automatic_right", "automatic"),
    "seeming_precision": ("automatic_confirmed", "automatic_closed"),
    "suggestions": ("suggested_right", "orders"),
    "labels_right": ("closed_right", "closed"),
    "returns": ("returns", "orders"),
}
"""Each measure as what is counted, of what; `seeming_precision` is what closures say, which may confirm itself."""

TITLES: Mapping[str, str] = {
    "first_dispatch": "First dispatches that are right",
    "automatic": "Dispatched without a person",
    "precision": "Of those, right",
    "seeming_precision": "Of those, right as closures say",
    "suggestions": "First suggestions that are right",
    "labels_right": "Closures in the name of the right unit",
    "returns": "Returns per order",
}
_DRAWN = ("first_dispatch", "automatic", "precision", "seeming_precision", "suggestions", "labels_right")
_COLOURS = ("#1c4e8a", "#a6242a", "#1f6b45", "#7a4b94", "#566173")
_DASHES = ("", "7 4", "2 3", "9 3 2 3", "1 4")  # lines differ by more than colour
_ACROSS, _WIDTH, _HEIGHT, _LEFT, _TOP, _BELOW = 3, 330, 220, 44, 36, 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A way to live through the city; `live` does, and returns its weeks."""

    name: str
    live: Callable[[], Sequence[Week]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The weeks of several lives, by the name of each.

    Parameters
    ----------
    each
        How many weeks are one point of a line, or one row of a table.
    """

    lives: Mapping[str, tuple[Week, ...]]
    each: int = 4

    def figures(self, name: str, measure: str) -> tuple[float | None, ...]:
        """Return a measure of a life, of each period; None where there was nothing to measure."""
        return tuple(share(measure, weeks) for weeks in self._periods(name))

    def gained(self, name: str, measure: str) -> float | None:
        """Return by how much a measure moved from the first period to the last that has one."""
        known = [figure for figure in self.figures(name, measure) if figure is not None]
        return known[-1] - known[0] if known else None

    def table(self) -> str:
        """Write a table for a terminal, a row for each period of each life."""
        head = ["", "from week", "orders", *MEASURES]
        rows = [head]
        for name in self.lives:
            for weeks in self._periods(name):
                counted = [weeks[0].number, sum(week.orders for week in weeks)]
                rows.append([name, *map(str, counted), *(_percent(share(measure, weeks)) for measure in MEASURES)])
        wide = [max(len(row[at]) for row in rows) for at in range(len(head))]
        lines = ["  ".join(_cell(cell, at, wide[at]) for at, cell in enumerate(row)).rstrip() for row in rows]
        return "\n".join(lines)

    def csv(self) -> str:
        """Write every week of every life with all that was counted."""
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, ["scenario", *(field.name for field in fields(Week))], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows())
        return out.getvalue()

    def json(self) -> str:
        """Write the same as JSON, with the measures of each period."""
        measured = {name: {measure: self.figures(name, measure) for measure in MEASURES} for name in self.lives}
        told = {"weeks_each": self.each, "measures": measured, "weeks": list(self._rows())}
        return json.dumps(told, ensure_ascii=False, indent=1)

    def svg(self, title: str = "What a year of retraining does") -> str:
        """Draw a panel for each measure, with a line for each life; it needs nothing from elsewhere."""
        down = -(-len(_DRAWN) // _ACROSS)
        width, height = _ACROSS * _WIDTH, down * _HEIGHT + 30
        panels = (self._panel(measure, at) for at, measure in enumerate(_DRAWN))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            'aria-labelledby="simulated-title simulated-text" font-family="system-ui,sans-serif" font-size="11">'
            f'<title id="simulated-title">{escape(title)}</title>'
            f'<desc id="simulated-text">{escape(self._described())}</desc>'
            f'<rect width="{width}" height="{height}" fill="#fff"/>{self._key(height)}{"".join(panels)}</svg>'
        )

    def _periods(self, name: str) -> list[tuple[Week, ...]]:
        weeks = self.lives[name]
        return [weeks[at : at + self.each] for at in range(0, len(weeks), self.each)]

    def _rows(self) -> Iterable[dict[str, object]]:
        for name, weeks in self.lives.items():
            for week in weeks:
                told = asdict(week)
                yield {"scenario": name, **told, "begins": week.begins.isoformat(), "bundles": " ".join(week.bundles)}

    def _described(self) -> str:
        """Say in words what the lines show."""
        said = []
        for measure in _DRAWN:
            ends = []
            for name in self.lives:
                known = [figure for figure in self.figures(name, measure) if figure is not None]
                ends.append(f"{name} {_percent(known[0])} to {_percent(known[-1])}" if known else f"{name} none")
            said.append(f"{TITLES[measure]}: {', '.join(ends)}.")
        return " ".join(said)

    def _key(self, height: int) -> str:
        wide = _ACROSS * _WIDTH / max(1, len(self.lives))
        return "".join(
            f'<path d="M{8 + at * wide:g} {height - 12}h28" {_stroke(at)}/>'
            f'<text x="{42 + at * wide:g}" y="{height - 8}" font-size="13">{escape(name)}</text>'
            for at, name in enumerate(self.lives)
        )

    def _panel(self, measure: str, at: int) -> str:
        figures = {name: self.figures(name, measure) for name in self.lives}
        low = _floor([figure for line in figures.values() for figure in line if figure is not None])
        most = max((len(line) for line in figures.values()), default=1)
        scale = _Scale(low=low, many=most)
        lines = "".join(_line(line, scale, number) for number, line in enumerate(figures.values()))
        ticks = "".join(scale.tick(low + (1 - low) * step / 4) for step in range(5))
        weeks = "".join(scale.week(number, number * self.each) for number in range(0, most, max(1, most // 6)))
        left, top = at % _ACROSS * _WIDTH, at // _ACROSS * _HEIGHT
        heading = f'<text x="{_LEFT}" y="20" font-size="13" font-weight="600">{escape(TITLES[measure])}</text>'
        under = f'<text x="{_LEFT}" y="{_HEIGHT - 4}">week</text>'
        return f'<g transform="translate({left} {top})">{heading}{ticks}{weeks}{under}{lines}</g>'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    low: float
    many: int

    def x(self, number: int) -> float:
        return round(_LEFT + number * (_WIDTH - _LEFT - 14) / max(1, self.many - 1), 1)

    def y(self, figure: float) -> float:
        share_up = (figure - self.low) / (1 - self.low)
        return round(_HEIGHT - _BELOW - share_up * (_HEIGHT - _TOP - _BELOW), 1)

    def tick(self, figure: float) -> str:
        y = self.y(figure)
        return (
            f'<path d="M{_LEFT} {y}H{_WIDTH - 14}" stroke="#d9dde0" fill="none"/>'
            f'<text x="{_LEFT - 5}" y="{y + 4}" text-anchor="end">{figure:.0%}</text>'
        )

    def week(self, number: int, shown: int) -> str:
        return f'<text x="{self.x(number)}" y="{_HEIGHT - _BELOW + 15}" text-anchor="middle">{shown}</text>'


def compare(scenarios: Iterable[Scenario], *, each: int = 4) -> Comparison:
    """Live through every scenario, one after the other; `each` weeks are one point of a line."""
    return Comparison(lives={one.name: tuple(one.live()) for one in scenarios}, each=each)


def share(measure: str, weeks: Iterable[Week]) -> float | None:
    """Return a measure over some weeks; None where there was nothing to measure."""
    counted, of = MEASURES[measure]
    listed = list(weeks)
    whole = sum(getattr(week, of) for week in listed)
    return sum(getattr(week, counted) for week in listed) / whole if whole else None


def _line(figures: Sequence[float | None], scale: _Scale, at: int) -> str:
    """Draw a line; it is broken where there was nothing to measure."""
    path, down = "", False
    for number, figure in enumerate(figures):
        path += "" if figure is None else f"{'L' if down else 'M'}{scale.x(number)} {scale.y(figure)}"
        down = figure is not None
    return f'<path d="{path}" {_stroke(at)}/>' if path else ""


def _stroke(at: int) -> str:
    dash = _DASHES[at % len(_DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{_COLOURS[at % len(_COLOURS)]}" stroke-width="2" fill="none"{dashed}'


def _floor(figures: Sequence[float]) -> float:
    """Return where an axis begins: low enough for every figure, high enough to see them apart."""
    return max(0.0, min(0.8, int(min(figures, default=0.0) * 10) / 10))


def _percent(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.1%}"


def _cell(cell: str, at: int, wide: int) -> str:
    return cell.ljust(wide) if at == 0 else cell.rjust(wide)

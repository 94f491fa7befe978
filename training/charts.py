"""Charts as SVG inside a page: lines over two axes of shares, each with a title that is read aloud."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _EDGE = 420, 300, 52
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_TOPS = (0.1, 0.2, 0.4, 1.0)
COLOURS = ("#1c4e8a", "#a6242a", "#566173")
_KEYS = "━╍┅"
_DASHES = ("", "6 4", "2 3")  # lines differ by more than colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A named line through points, both of shares of 1."""

    name: str
    points: Sequence[tuple[float, float]]


def chart(title: str, across: str, up: str, lines: Sequence[Line]) -> str:
    """Draw lines from 0 to 1 across, and from 0 up to what they need."""
    highest = max((y for line in lines for _, y in line.points), default=1.0)
    top = next((top for top in _TOPS if highest <= top), 1.0)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        *(_tick(share, top) for share in _TICKS),
        f'<text x="{_WIDTH / 2:g}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(across)}</text>',
        f'<text transform="rotate(-90)" x="{-_HEIGHT / 2:g}" y="12" text-anchor="middle">{escape(up)}</text>',
        *(_path(line, at, top) for at, line in enumerate(lines)),
        "</svg>",
    ]
    return "".join(parts)


def _x(share: float) -> float:
    return round(_EDGE + share * (_WIDTH - _EDGE - 12), 1)


def _y(share: float) -> float:
    return round(_HEIGHT - _EDGE - share * (_HEIGHT - _EDGE - 28), 1)


def _tick(share: float, top: float) -> str:
    x, y = _x(share), _y(share)
    return (
        f'<path d="M{_x(0)} {y}H{_x(1)}M{x} {_y(0)}V{_y(1)}" stroke="#d9dde0" fill="none"/>'
        f'<text x="{_EDGE - 6}" y="{y + 4}" text-anchor="end">{round(share * top, 3):g}</text>'
        f'<text x="{x}" y="{_y(0) + 16}" text-anchor="middle">{share:g}</text>'
    )


def _path(line: Line, at: int, top: float) -> str:
    colour, dash = COLOURS[at % len(COLOURS)], _DASHES[at % len(_DASHES)]
    drawn = "L".join(f"{_x(x)} {_y(y / top)}" for x, y in line.points)
    key = f'<text x="{_EDGE + 8 + 130 * at}" y="16" fill="{colour}">{_KEYS[at % len(_KEYS)]} {escape(line.name)}</text>'
    style = f' stroke-dasharray="{dash}"' if dash else ""
    return (f'<path d="M{drawn}" stroke="{colour}" stroke-width="2" fill="none"{style}/>' if drawn else "") + key

"""The sections of a report: each a table, and a picture where one tells more, of orders that a router was tried on."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from training.charts import Line, chart
from training.confusions import Confusions, confusions
from training.drift import Shift
from training.gate import Finding
from training.judgements import Judgements
from training.measures import AXES, FIGURES, Gain, Slice, measure
from training.noise import doubts
from training.page import Column, folded, from_markdown, paragraph, section, table
from training.wording import COUNTS, MEANINGS, Says
from triage.domain import Unit, UnitKind

Routers = Sequence[tuple[str, Judgements]]
"""What is compared, by what it is called; the first is what the report is about."""

_BINS = 10
_WORST = 12
_DOUBTS = 20
_FEWEST = 30
_UNITS = frozenset({"macro_f1", "calibration_error", "set_size"})  # of no share, and so not in percent
_SHOWN = ("top1", "expected", "dispatched", "precision", "set_coverage", "calibration_error")
_KINDS = {kind.value: f"kind_{kind.value}" for kind in UnitKind}


def value(figure: str, number: float) -> str:
    """Write a figure: a share in percent, - where there was nothing to measure."""
    if np.isnan(number):
        return "-"
    return f"{number:.3f}" if figure in _UNITS else f"{number:.1%}"


def moved(figure: str, number: float) -> str:
    """Write by how much a figure moved."""
    if np.isnan(number):
        return "-"
    return f"{number:+.3f}" if figure in _UNITS else f"{number:+.1%}"


def cells(figure: str, gain: Gain) -> tuple[str, str, str, str]:
    """Write a figure of both, how it moved, and between what."""
    return (value(figure, gain.ours), value(figure, gain.theirs), moved(figure, gain.gain), between(figure, gain))


def between(figure: str, gain: Gain) -> str:
    """Write the interval of a gain."""
    return f"[{moved(figure, gain.low)}, {moved(figure, gain.high)}]"


def in_short(judged: Judgements, whole: Mapping[str, float], against: Slice | None, say: Says) -> str:
    """Say in three sentences what a manager asks first; `against` is the comparison with the champion, if any."""
    right, sure, sent, kept = (whole[name] for name in ("top1", "expected", "dispatched", "precision"))
    said = [
        say.either(
            f"试判{len(judged):,}件。都派给首选单位，每千件有{1000 * right:.0f}件派对；模型预期{1000 * sure:.0f}件。",
            f"Tried on {len(judged):,} orders. Sent to the unit suggested first, {1000 * right:.0f} of 1,000 go right; "
            f"the model itself expects {1000 * sure:.0f}.",
        )
    ]
    if sent > 0:
        said.append(
            say.either(
                f"其中{sent:.1%}可不经人工直接派出，派出的{kept:.1%}派对。",
                f"{sent:.1%} can be dispatched without a person, and {kept:.1%} of those go right.",
            )
        )
    if against:
        avoided = against.returns_avoided
        most = f"[{avoided.low:+.0f}, {avoided.high:+.0f}]"
        said.append(
            say.either(
                f"与现用模型相比，每千件少退单{avoided.gain:+.0f}件（95%区间{most}）。",
                f"Against the champion {avoided.gain:+.0f} returns of 1,000 orders are avoided (95 % interval {most}).",
            )
        )
    return section(say("short"), "".join(map(paragraph, said)))


def changes(whole: Slice, say: Says) -> str:
    """Show every figure of both over all orders, with its interval."""
    columns = [(say("figure"), False), *((say(key), True) for key in ("new", "old", "gain", "interval"))]
    rows = [(say.figure(name), *cells(name, whole.gains[name])) for name in FIGURES]
    avoided = whole.returns_avoided
    gain = (f"{avoided.gain:+.0f}", f"[{avoided.low:+.0f}, {avoided.high:+.0f}]")
    rows.append((say.figure("avoided"), "", "", *gain))
    return section(say("changed"), table(columns, rows, name=say("changed")) + meanings(say))


def figures(whole: Mapping[str, float], say: Says) -> str:
    """Show the figures over all orders."""
    columns = [(say("figure"), False), (say("value"), True)]
    rows = [(say.figure(name), value(name, number)) for name, number in whole.items()]
    return section(say("whole"), table(columns, rows, name=say("whole")) + meanings(say))


def meanings(say: Says) -> str:
    """Say what the figures mean, folded away."""
    told = "".join(f"<dt>{say.figure(name)}</dt><dd>{say.meaning(name)}</dd>" for name in MEANINGS)
    return folded(say("means"), f"<dl>{told}</dl>")


def movers(slices: Iterable[Slice], say: Says) -> str:
    """Show the slices that fell most, and those that rose most."""
    found = sorted((part for part in slices if part.axis), key=lambda part: part.gains["top1"].gain)
    shown = found if len(found) <= 2 * _WORST else [*found[:_WORST], *found[-_WORST:]]
    columns = [(say("axis"), False), (say("name"), False)]
    columns += [(say(key), True) for key in ("rows", "won", "lost", "gain", "interval")]
    rows = [
        (say(part.axis), part.name, part.rows, part.won, part.lost, *cells("top1", part.gains["top1"])[2:])
        for part in shown
    ]
    return section(say("where"), table(columns, rows, name=say("where"))) if rows else ""


def by_part(routers: Routers, slices: Sequence[Slice], promise: float, say: Says) -> str:
    """Show figures by unit, district, topic and channel: the largest parts openly, all of them folded away."""
    measured = [measure(judged, promise=promise, fewest=1) for _, judged in routers]
    gains = {(part.axis, part.name): part.gains["top1"] for part in slices}
    return section(say("parts"), "".join(_axis(axis, routers, measured, gains, say) for axis in AXES))


def _axis(
    axis: str,
    routers: Routers,
    measured: Sequence[Mapping[tuple[str, str], Mapping[str, float]]],
    gains: Mapping[tuple[str, str], Gain],
    say: Says,
) -> str:
    heading, title = say(f"by_{axis}"), f"<h3>{say(f'by_{axis}')}</h3>"
    counted = Counter(getattr(routers[0][1], axis).tolist())
    order = sorted((name for name in counted if name), key=lambda name: (-counted[name], name))
    if not order:
        return title + paragraph(say("unknown"), "note")
    first, old = measured[0], measured[1] if len(measured) > 1 else None
    largest = [name for name in order if counted[name] >= _FEWEST][:_WORST]
    columns: list[Column] = [(say(axis), False), (say("rows"), True)]
    columns += [(say.figure(name), True) for name in _SHOWN]
    rows = [(name, counted[name], *(value(key, first[axis, name][key]) for key in _SHOWN)) for name in largest]
    more: list[Column] = [(say(axis), False), (say("rows"), True), *((say.figure(name), True) for name in FIGURES)]
    if old:
        more += [(f"{say.figure('top1')} ({say('old')})", True), (say("gain"), True), (say("interval"), True)]
    all_of_them = [
        (
            name,
            counted[name],
            *(value(key, first[axis, name][key]) for key in FIGURES),
            *(_beside(first[axis, name], old[axis, name], gains.get((axis, name))) if old else ()),
        )
        for name in order
    ]
    shown = table(columns, rows, name=f"{heading}: {say('largest')}") if rows else ""
    every = folded(f"{say('every')} ({len(order)})", table(more, all_of_them, name=f"{heading}: {say('every')}"))
    return title + shown + every


def _beside(ours: Mapping[str, float], theirs: Mapping[str, float], gain: Gain | None) -> tuple[str, str, str]:
    """Set a part beside what the champion reached there; the interval is known of parts with enough orders."""
    return (
        value("top1", theirs["top1"]),
        moved("top1", ours["top1"] - theirs["top1"]),
        between("top1", gain) if gain else "-",
    )


def reliability(routers: Routers, say: Says) -> str:
    """Draw how often what is said with a probability is right."""
    lines, rows = [], []
    for name, judged in routers:
        bins = np.minimum((judged.sure * _BINS).astype(int), _BINS - 1)
        right, counts, points = judged.within(1), judged.counts, []
        for at in range(_BINS):
            inside = bins == at
            if counts[inside].any():
                said, held = (np.average(of[inside], weights=counts[inside]) for of in (judged.sure, right))
                points.append((float(said), float(held)))
                rows.append((name, f"{points[-1][0]:.1%}", f"{points[-1][1]:.1%}", int(inside.sum())))
        lines.append(Line(name=name, points=points))
    lines.append(Line(name="1:1", points=((0, 0), (1, 1))))
    columns = [(say("model"), False), *((say(key), True) for key in ("said", "right", "rows"))]
    drawn = chart(say("reliability"), say("said"), say("right"), lines)
    return section(say("reliability"), drawn + folded(say("table"), table(columns, rows, name=say("reliability"))))


def risk(routers: Routers, say: Says) -> str:
    """Draw what share goes wrong, the more of the orders are handled."""
    lines, rows = [], []
    for name, judged in routers:
        order = np.argsort(-judged.sure, kind="stable")
        handled = np.cumsum(judged.counts[order])
        wrong = np.cumsum(judged.counts[order] * ~judged.within(1)[order])
        shares = [(at + 1) / 20 for at in range(20)] if handled.any() else []
        ends = [int(np.searchsorted(handled, share * handled[-1])) for share in shares]
        points = [(share, float(wrong[end] / handled[end])) for share, end in zip(shares, ends, strict=True)]
        lines.append(Line(name=name, points=points))
        rows += [(name, f"{share:.0%}", f"{wrong:.1%}") for share, wrong in points]
    columns = [(say("model"), False), (say("covered"), True), (say("wrong"), True)]
    drawn = chart(say("risk"), say("covered"), say("wrong"), lines)
    return section(say("risk"), drawn + folded(say("table"), table(columns, rows, name=say("risk"))))


def confused(routers: Routers, units: Sequence[Unit], say: Says) -> str:
    """Show which duties are taken for each other, apart from places of one duty, and then which units."""
    found = [confusions(judged, units) for _, judged in routers]
    return section(say("duties"), _ways(routers, found, say) + _duties(found[0], say)) + _pairs(routers[0][1], say)


def _ways(routers: Routers, found: Sequence[Confusions], say: Says) -> str:
    several = len(routers) > 1
    columns: list[Column] = [(say("how"), False)]
    for name, _ in routers:
        prefix = f"{name}: " if several else ""
        columns += [(f"{prefix}{say('rows')}", True), (f"{prefix}{say('share')}", True)]
    rows = [
        (say(way), *(cell for one in found for cell in (one.ways[way], _share(one.ways[way], one.wrong))))
        for way in found[0].ways
    ]
    return table(columns, rows, name=say("how"))


def _duties(found: Confusions, say: Says) -> str:
    columns = [(say("suggested_duty"), False), (say("closed_duty"), False), (say("rows"), True), (say("share"), True)]
    rows = [
        (_duty(one.suggested, say), _duty(one.closed, say), one.rows, _share(one.rows, found.wrong))
        for one in found.duties
    ]
    name = say("duties")
    rest = f"{say('table')} ({len(rows)})"
    shown = table(columns, rows[:_WORST], name=name) if rows else ""
    return shown + (folded(rest, table(columns, rows, name=f"{name}: {rest}")) if len(rows) > _WORST else "")


def _duty(duty: str, say: Says) -> str:
    return say(_KINDS[duty]) if duty in _KINDS else duty or say("no_duty")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _pairs(judged: Judgements, say: Says) -> str:
    wrong = ~judged.within(1)
    pairs = Counter(zip(judged.named[wrong, 0].tolist(), judged.unit[wrong].tolist(), strict=True))
    columns = [(say("suggested"), False), (say("closed_by"), False), (say("rows"), True)]
    rows = [(named or say("no_duty"), right, count) for (named, right), count in pairs.most_common(_WORST)]
    return section(say("confused"), table(columns, rows, name=say("confused")) if rows else paragraph(say("nothing")))


def doubtful_labels(judged: Judgements, say: Says) -> str:
    """Show the orders whose label a person should look at."""
    columns = [
        *((say(key), False) for key in ("id", "label", "says")),
        (say("given"), True),
        (say("probability"), True),
    ]
    rows = [
        (one.id, one.label, one.says, f"{one.given:.1%}", f"{one.probability:.1%}")
        for one in doubts(judged, most=_DOUBTS)
        if one.confident
    ]
    note = paragraph(say("doubts_note"), "note")
    return section(
        say("doubts"), note + (table(columns, rows, name=say("doubts")) if rows else paragraph(say("nothing")))
    )


def drift(shifts: Iterable[Shift], say: Says) -> str:
    """Show how far what comes in has moved; what no order tells has not."""
    columns = [(say("axis"), False), (say("index"), True), (say("interval"), True), (say("moved"), False)]
    rows = [
        (
            say(one.axis),
            f"{one.index:.3f}",
            f"[{one.low:.3f}, {one.high:.3f}]",
            ", ".join(f"{name.name} {name.before:.1%} → {name.now:.1%}" for name in one.moved[:4]),
        )
        for one in shifts
        if one.moved
    ]
    note = paragraph(say("drift_note"), "note")
    return section(say("drift"), note + table(columns, rows, name=say("drift"))) if rows else ""


def counts(title: str, counted: Mapping[str, int], say: Says) -> str:
    """Show what became of orders."""
    columns = [(say("became"), False), (say("rows"), True)]
    rows = [(say.count(key), f"{count:,}") for key, count in counted.items()]
    return section(title, table(columns, rows, name=title)) if rows else ""


def findings(title: str, found: Iterable[Finding], say: Says) -> str:
    """List what the gate found."""
    said = [paragraph(say.either(one.chinese, one.english)).replace("p>", "li>") for one in found]
    return section(title, f"<ul>{''.join(said)}</ul>") if said else ""


def card(text: str, say: Says) -> str:
    """Show the model card, which is in English, with the words of the report for what was set aside."""
    for key in COUNTS:
        text = text.replace(f"| {key} |", f"| {say.count(key)} |")
    return section(say("card"), f'<div lang="en">{from_markdown(text, name=say("card"))}</div>') if text else ""


def peers(
    found: Mapping[str, Mapping[str, float]],
    gains: Mapping[str, Mapping[str, tuple[float, float, float]]],
    say: Says,
) -> str:
    """Show what is gained over flat classifiers that were fitted on the same orders."""
    columns = [
        (say("model"), False),
        (say("figure"), False),
        *((say(key), True) for key in ("value", "gain", "interval")),
    ]
    rows = [
        (
            name,
            say.figure(key),
            value(key, found[name][key]),
            moved(key, gain),
            f"[{moved(key, low)}, {moved(key, high)}]",
        )
        for name, of in gains.items()
        for key, (gain, low, high) in of.items()
    ]
    return section(say("peers"), table(columns, rows, name=say("peers"))) if rows else ""

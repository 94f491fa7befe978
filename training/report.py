"""What a retraining changed, as one page that a manager reads and a scientist uses, in Chinese and in English."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Literal

import numpy as np

from training.charts import Line, chart
from training.drift import Shift
from training.gate import Finding, Promotion, Refusal
from training.judgements import Judgements
from training.measures import Gain, Slice
from training.retrain import Retrained

Language = Literal["zh", "en"]
_BINS = 10
_WORST = 12
_FIGURES = ("top1", "top3", "top5", "macro_f1", "coverage", "precision", "set_coverage", "calibration_error")
_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("模型再训练报告", "Retraining report"),
    "promoted": ("新模型已启用", "The new model serves"),
    "refused": ("新模型未启用", "The new model was refused"),
    "reasons": ("未启用的原因", "Why it was refused"),
    "checked": ("已通过的检查", "What was checked and holds"),
    "watched": ("需要关注", "To be watched"),
    "orders": ("工单去向", "What became of the orders"),
    "changed": ("总体变化", "What changed over all"),
    "figure": ("指标", "figure"),
    "new": ("新模型", "new"),
    "old": ("现用模型", "champion"),
    "gain": ("变化", "change"),
    "interval": ("95%区间", "95 % interval"),
    "where": ("变化最大之处", "Where it moved most"),
    "name": ("名称", "name"),
    "rows": ("件数", "orders"),
    "won": ("变好", "better"),
    "lost": ("变差", "worse"),
    "avoided": ("每千件少退单（正确率换算）", "Returns avoided of 1,000 orders"),
    "reliability": ("可靠性：说八成，是否真有八成", "Reliability: is what is said to be 80 % right 80 % of the time?"),
    "said": ("给出的概率", "probability that was given"),
    "right": ("实际正确率", "share that was right"),
    "risk": ("风险与覆盖", "Risk and coverage"),
    "covered": ("自动处理的份额（由最有把握的起）", "share handled, the surest first"),
    "wrong": ("其中派错的份额", "share of it that is wrong"),
    "confused": ("最常混淆的单位", "Units that are most often confused"),
    "suggested": ("给出", "suggested"),
    "closed_by": ("实际办结", "closed by"),
    "drift": ("来件的变化", "How what comes in has moved"),
    "axis": ("方面", "of"),
    "index": ("PSI", "PSI"),
    "moved": ("变化最多的", "what moved most"),
    "bundle": ("模型", "bundle"),
    "topics": ("事项", "topics"),
    "units": ("单位", "units"),
    "districts": ("区县", "districts"),
    "words": ("用词", "words"),
    "unit": ("单位", "unit"),
    "district": ("区县", "district"),
    "topic": ("事项", "topic"),
    "channel": ("渠道", "channel"),
    "top1": ("首选正确率", "right unit first"),
    "top3": ("前三含正确单位", "right unit among 3"),
    "top5": ("前五含正确单位", "right unit among 5"),
    "macro_f1": ("宏平均F1", "macro-F1"),
    "coverage": ("达到承诺可自动派的份额", "coverage at the promise"),
    "precision": ("自动派单正确率", "precision of what is dispatched"),
    "set_coverage": ("候选集含正确单位", "sets that hold the right unit"),
    "calibration_error": ("校准误差", "calibration error"),
    "table": ("数据", "as a table"),
    "none": ("没有现用模型可比。", "There is no champion to compare with."),
}
_STYLE = """
body{font:16px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:#1b2430;
background:#f3f4f1;margin:0 auto;padding:1rem;max-width:72rem}
section{background:#fff;border:1px solid #d9dde0;border-radius:6px;padding:.5rem 1.25rem 1rem;margin:1rem 0}
table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}th,td{text-align:left;padding:.25rem .75rem;
border-bottom:1px solid #d9dde0;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
pre{overflow-x:auto}svg{width:26rem;max-width:100%;font-size:11px}.ok{color:#1f6b45}.no{color:#a6242a}h1,h2{line-height:1.25}
.charts{display:flex;flex-wrap:wrap;gap:1rem}
"""


def report(subject: Retrained, *, language: Language = "zh") -> str:
    """Write the page; it needs nothing from elsewhere, and runs nothing."""
    say = _Says(language)
    promoted = isinstance(subject.verdict, Promotion)
    parts = [
        f"<h1>{say('title')}</h1>",
        f'<p class="{"ok" if promoted else "no"}"><strong>{say("promoted" if promoted else "refused")}</strong></p>',
        f"<p>{say('bundle')}: <code>{escape(subject.bundle)}</code></p>",
        f"<p>{say('old')}: <code>{escape(subject.champion or '-')}</code></p>",
        *_findings(subject.verdict, say),
        _section(say("changed"), _changes(subject, say)),
        _section(say("where"), _places(subject.evidence.against, say)),
        '<div class="charts">',
        _section(say("reliability"), _reliability(subject, say)),
        _section(say("risk"), _risk(subject, say)),
        "</div>",
        _section(say("confused"), _confusions(subject.judged, say)),
        _section(say("drift"), _drift(subject.shifts, say)),
        _section(say("orders"), _table((("", False), (say("rows"), True)), list(subject.counts.items()))),
        _section("Model card", f"<pre>{escape(subject.card)}</pre>") if subject.card else "",
    ]
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width">'
        f"<title>{say('title')}</title><style>{_STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


class _Says:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self._at = 0 if language == "zh" else 1
        self.language = language

    def __call__(self, key: str) -> str:
        return _WORDS[key][self._at]

    def finding(self, found: Finding) -> str:
        return escape(found.chinese if self.language == "zh" else found.english)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _table(head: Iterable[tuple[str, bool]], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; of each column is told whether it holds numbers."""
    columns = list(head)
    kinds = [' class="n"' if number else "" for _, number in columns]
    top = "".join(f'<th scope="col"{kind}>{name}</th>' for (name, _), kind in zip(columns, kinds, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{kind}>{escape(str(cell))}</td>' for cell, kind in zip(row, kinds, strict=True))}</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _findings(verdict: Promotion | Refusal, say: _Says) -> list[str]:
    reasons = verdict.reasons if isinstance(verdict, Refusal) else ()
    watched = verdict.watched if isinstance(verdict, Promotion) else ()
    lists = (("reasons", reasons), ("watched", watched), ("checked", verdict.checked))
    return [
        _section(say(key), f"<ul>{''.join(f'<li>{say.finding(one)}</li>' for one in found)}</ul>")
        for key, found in lists
        if found
    ]


def _changes(subject: Retrained, say: _Says) -> str:
    if not subject.evidence.against:
        return f"<p>{say('none')}</p>"
    whole = subject.evidence.against[0]
    columns = [(say("figure"), False), *((say(key), True) for key in ("new", "old", "gain", "interval"))]
    told = [(say(name), *_cells(whole.gains[name])) for name in _FIGURES if name in whole.gains]
    avoided = whole.returns_avoided
    sentence = f"{say('avoided')}: {avoided.gain:+.0f} [{avoided.low:+.0f}, {avoided.high:+.0f}]"
    return _table(columns, told) + f"<p>{sentence}</p>"


def _cells(gain: Gain) -> tuple[str, str, str, str]:
    return f"{gain.ours:.3f}", f"{gain.theirs:.3f}", f"{gain.gain:+.3f}", f"[{gain.low:+.3f}, {gain.high:+.3f}]"


def _places(slices: Sequence[Slice], say: _Says) -> str:
    """Show the slices that fell most, and those that rose most."""
    found = sorted((part for part in slices if part.axis), key=lambda part: part.gains["top1"].gain)
    shown = found if len(found) <= 2 * _WORST else [*found[:_WORST], *found[-_WORST:]]
    columns = [(say("axis"), False), (say("name"), False)]
    columns += [(say(key), True) for key in ("rows", "won", "lost", "gain", "interval")]
    rows = []
    for part in shown:
        gain = part.gains["top1"]
        moved, between = f"{gain.gain:+.3f}", f"[{gain.low:+.3f}, {gain.high:+.3f}]"
        rows.append((say(part.axis), part.name, part.rows, part.won, part.lost, moved, between))
    return _table(columns, rows)


def _both(subject: Retrained, say: _Says) -> list[tuple[str, Judgements]]:
    both = [(say("new"), subject.judged)]
    return [*both, (say("old"), subject.served)] if subject.served else both


def _reliability(subject: Retrained, say: _Says) -> str:
    lines, rows = [], []
    for name, judged in _both(subject, say):
        bins = np.minimum((judged.sure * _BINS).astype(int), _BINS - 1)
        right, points = judged.within(1), []
        for at in range(_BINS):
            inside = bins == at
            if inside.any():
                points.append((float(judged.sure[inside].mean()), float(right[inside].mean())))
                rows.append((name, f"{points[-1][0]:.2f}", f"{points[-1][1]:.2f}", int(inside.sum())))
        lines.append(Line(name=name, points=points))
    drawn = chart(
        say("reliability"),
        say("said"),
        say("right"),
        [*lines, Line(name="1:1", points=((0, 0), (1, 1)))],
    )
    columns = [(say("bundle"), False), *((say(key), True) for key in ("said", "right", "rows"))]
    return drawn + _folded(_table(columns, rows), say)


def _risk(subject: Retrained, say: _Says) -> str:
    lines, rows = [], []
    for name, judged in _both(subject, say):
        order = np.argsort(-judged.sure, kind="stable")
        wrong = np.cumsum(~judged.within(1)[order]) / np.arange(1, len(order) + 1)
        shares = [(at + 1) / 20 for at in range(20)]
        points = [(share, float(wrong[max(0, round(share * len(order)) - 1)])) for share in shares if len(order)]
        lines.append(Line(name=name, points=points))
        rows += [(name, f"{share:.2f}", f"{risk:.3f}") for share, risk in points]
    drawn = chart(say("risk"), say("covered"), say("wrong"), lines)
    columns = [(say("bundle"), False), (say("covered"), True), (say("wrong"), True)]
    return drawn + _folded(_table(columns, rows), say)


def _folded(table: str, say: _Says) -> str:
    return f"<details><summary>{say('table')}</summary>{table}</details>"


def _confusions(judged: Judgements, say: _Says) -> str:
    wrong = ~judged.within(1)
    pairs = Counter(zip(judged.named[wrong, 0].tolist(), judged.unit[wrong].tolist(), strict=True))
    columns = [(say("suggested"), False), (say("closed_by"), False), (say("rows"), True)]
    return _table(columns, [(*pair, count) for pair, count in pairs.most_common(_WORST)])


def _drift(shifts: Sequence[Shift], say: _Says) -> str:
    columns = [(say("axis"), False), (say("index"), True), (say("interval"), True), (say("moved"), False)]
    rows = [
        (
            say(one.axis),
            f"{one.index:.3f}",
            f"[{one.low:.3f}, {one.high:.3f}]",
            ", ".join(f"{moved.name} {moved.before:.1%} → {moved.now:.1%}" for moved in one.moved[:4]),
        )
        for one in shifts
    ]
    return _table(columns, rows)

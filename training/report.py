"""What a retraining changed, or what a bundle reached: one page that a manager reads and a scientist uses."""

from html import escape

from training.evaluate import Evaluation
from training.gate import Promotion, Refusal
from training.measures import measure
from training.page import page, paragraph
from training.retrain import Retrained
from training.sections import (
    by_part,
    card,
    changes,
    confused,
    counts,
    doubtful_labels,
    drift,
    figures,
    findings,
    in_short,
    movers,
    peers,
    reliability,
    risk,
)
from training.wording import Language, Says


def report(subject: Retrained, *, language: Language = "zh") -> str:
    """Write the page of a retraining."""
    say = Says(language)
    promise, against = subject.evidence.promise, subject.evidence.against
    routers = [(say("new"), subject.judged), *([(say("old"), subject.served)] if subject.served else [])]
    whole = measure(subject.judged, promise=promise)["", ""]
    parts = [
        _verdict(subject, say),
        in_short(subject.judged, whole, against[0] if against else None, say),
        *_findings(subject.verdict, say),
        changes(against[0], say) if against else paragraph(say("none")) + figures(whole, say),
        movers(against, say),
        f'<div class="charts">{reliability(routers, say)}{risk(routers, say)}</div>',
        by_part(routers, against, promise, say),
        confused(routers, subject.units, say),
        drift(subject.shifts, say),
        doubtful_labels(subject.judged, say),
        counts(say("orders"), subject.counts, say),
        card(subject.card, say),
    ]
    return page(say("retrained"), parts, say)


def evaluated(subject: Evaluation, *, language: Language = "zh") -> str:
    """Write the page of a bundle that was tried by itself."""
    say, trial = Says(language), subject.trial
    routers = [(say("model"), trial.judged)]
    whole = measure(trial.judged, promise=trial.promise)["", ""]
    more = {name: number for name, number in subject.figures.items() if name.startswith(("topic_level", "set_size"))}
    set_aside = {name: count for name, count in subject.summary.items() if count}
    parts = [
        _named(say("bundle"), subject.bundle),
        paragraph(f"{say('tried')}: {subject.rows:,} ({say('unmet')}: {subject.unknown_units:,})"),
        in_short(trial.judged, whole, None, say),
        figures({**whole, **more}, say),
        f'<div class="charts">{reliability(routers, say)}{risk(routers, say)}</div>',
        by_part(routers, (), trial.promise, say),
        confused(routers, trial.units, say),
        peers(subject.peers, subject.gains, say),
        doubtful_labels(trial.judged, say),
        counts(say("set_aside"), set_aside, say),
        card(trial.card, say),
    ]
    return page(say("evaluated"), parts, say)


def _verdict(subject: Retrained, say: Says) -> str:
    promoted = isinstance(subject.verdict, Promotion)
    said = f'<p class="{"ok" if promoted else "no"}"><strong>{say("promoted" if promoted else "refused")}</strong></p>'
    return said + _named(say("new"), subject.bundle) + _named(say("old"), subject.champion or "-")


def _named(what: str, name: str) -> str:
    return f"<p>{escape(what)}: <code>{escape(name)}</code></p>"


def _findings(verdict: Promotion | Refusal, say: Says) -> list[str]:
    reasons = verdict.reasons if isinstance(verdict, Refusal) else ()
    watched = verdict.watched if isinstance(verdict, Promotion) else ()
    lists = (("reasons", reasons), ("watched", watched), ("checked", verdict.checked))
    return [findings(say(key), found, say) for key, found in lists]

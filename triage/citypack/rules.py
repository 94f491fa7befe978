"""`rules.csv`: what stands above the model, and what must not be wrong with it."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from triage.citypack.faults import repeats, unknown
from triage.citypack.tables import Row
from triage.domain import Action, Outside, Rule
from triage.errors import Fault

LINES = tuple(Outside)[:8]  # the numbers and lines that an appeal can be transferred to
STANDING = {
    "too_vague": Action.DECLINE,
    "no_sending_down": Action.SUGGEST,
    "district_fallback": Action.SUGGEST,
    "first_handler": Action.SUGGEST,
}
"""Rules that need no words, since the policy knows when they hold; a pack without one does not have the rule."""

_SHORTEST = 2
_USUAL_RANK = 50


def rule(row: Row) -> Rule:
    """Make a rule of a row that `rule_faults` has nothing against."""
    return Rule(
        code=row["code"],
        action=Action(row["action"]),
        to=row["to"],
        rank=_rank(row),
        words=_alternatives(row),
        unless=row.many("unless"),
        learned=row["learned"] == "yes",
        citation=row["citation"],
        say=row["say"],
        valid_from=row.day("valid_from"),
        valid_to=row.day("valid_to"),
    )


def rule_cells(rule: Rule) -> tuple[str, ...]:
    """Write a rule as the cells of its row, without its validity."""
    words = "|".join("&".join(together) for together in rule.words)
    learned = "yes" if rule.learned else ""
    return (
        *(rule.code, rule.action.value, rule.to, str(rule.rank), words),
        *("|".join(rule.unless), learned, rule.citation, rule.say),
    )


def rule_faults(rows: Sequence[Row]) -> Iterator[Fault]:
    """Find rules that cannot be applied, and those that contradict each other."""
    yield from repeats(rows, "code", lambda row: (row["code"],))
    yield from unknown(rows, "action", [Action.TRANSFER, Action.DECLINE, Action.SUGGEST])
    yield from unknown(rows, "learned", ["yes"])
    for row in rows:
        yield from _faults(row)
    sound = [row for row in rows if not list(_faults(row))]
    for first, second in combinations(sound, 2):
        if why := _contradiction(first, second):
            yield second.fault(f"{why}, as on line {first.line}, and says otherwise; give one of them a lower rank")


def _faults(row: Row) -> Iterator[Fault]:
    action, words = row["action"], _alternatives(row)
    if action == Action.TRANSFER and row["to"] not in LINES:
        yield row.fault(f"a transfer goes to one of {', '.join(LINES)}, not to {row['to'] or 'nobody'}")
    if action == Action.DECLINE and not row["to"]:
        yield row.fault("to is empty; write the reason, such as litigation")
    if row["code"] in STANDING:
        if action != STANDING[row["code"]] or words or row["learned"]:
            yield row.fault(f"{row['code']} is {STANDING[row['code']]} without words; only citation and say are yours")
    elif action == Action.SUGGEST:
        yield row.fault(f"suggest is the action of {', '.join(list(STANDING)[1:])} alone")
    elif not words and not row["learned"]:
        yield row.fault("nothing makes it fire; write words, or yes under learned")
    listed = [*(word for together in words for word in together), *row.many("unless")]
    if short := [word for word in listed if len(word) < _SHORTEST]:
        yield row.fault(f"{short[0]!r} is too short to mean something by itself; write two characters or more")
    if not (row["rank"] or "0").isdecimal() or len(row["rank"]) > 3:
        yield row.fault(f"rank {row['rank']} is no whole number up to 999")


def _contradiction(first: Row, second: Row) -> str:
    """Tell what makes both fire on one text though they differ in what is done; "" if nothing does."""
    if (first["action"], first["to"]) == (second["action"], second["to"]):
        return ""
    if _rank(first) != _rank(second) or not _meet(first, second):
        return ""
    if first["learned"] and second["learned"] and first["to"] == second["to"]:
        return f"{second['to']} is learned"
    for one in _alternatives(first):
        for other in _alternatives(second):
            if _implies(one, other) or _implies(other, one):
                return f"{'&'.join(one if len(one) > len(other) else other)} makes it fire"
    return ""


def _rank(row: Row) -> int:
    return int(row["rank"] or _USUAL_RANK)


def _implies(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether a sentence with all words of the one has all words of the other."""
    return all(any(word in longer for longer in one) for word in other)


def _meet(first: Row, second: Row) -> bool:
    before = first["valid_to"] and second["valid_from"] and first["valid_to"] < second["valid_from"]
    after = second["valid_to"] and first["valid_from"] and second["valid_to"] < first["valid_from"]
    return not before and not after


def _alternatives(row: Row) -> tuple[tuple[str, ...], ...]:
    cells = ([word.strip() for word in cell.split("&") if word.strip()] for cell in row.many("words"))
    return tuple(tuple(together) for together in cells if together)

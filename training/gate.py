"""Whether a challenger may take the champion's place: a pure function of what was measured and of what is allowed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log
from typing import Self

from scipy.special import bdtr

from models.promise import effective, upper_bound
from training.judgements import Judgements
from training.measures import Slice, compare, measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is allowed; all shares of 1.

    Parameters
    ----------
    tolerance
        How far the lower end of the interval of the gain in top-1 may lie below 0.
    rows, unit, district
        A unit or district with so many rows may not be worse by more than its bound, where that is no accident:
        `chance` is how probable it may be that an equal challenger is refused for any of them.
    calibration, calibration_tolerance
        The most that the calibration error may be, and the most by which it may surely exceed the champion's.
    promise_tolerance, confidence
        How far below the promise the precision of what is dispatched may be, bounded from below with that confidence.
    days
        How old the newest closure may be.
    size, p95
        Bytes of the bundle, and milliseconds of which 95 % of the routings take less.
    least_rows, least_top1
        Fewer rows judge nobody; a first champion needs this top-1.
    """

    tolerance: float = 0.005
    rows: int = 50
    unit: float = 0.05
    district: float = 0.02
    chance: float = 0.05
    calibration: float = 0.05
    calibration_tolerance: float = 0.01
    promise_tolerance: float = 0.02
    confidence: float = 0.95
    days: int = 45
    size: int = 500_000_000
    p95: float = 100.0
    least_rows: int = 300
    least_top1: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was measured of a challenger.

    Parameters
    ----------
    dispatched, wrong
        Of the rows, how many it would have dispatched without a person, and how many of these to the wrong unit; as
        many of equal weight as tell the same, where some stand for others.
    newest
        Day of the newest closure that it learned from.
    size, p95
        Bytes of the bundle; milliseconds of which 95 % of the routings take less.
    against
        It and the champion on the same rows, as `training.measures.compare` tells; empty where there is no champion.
    """

    rows: int
    top1: float
    calibration_error: float
    dispatched: float
    wrong: float
    promise: float
    newest: date
    today: date
    size: int
    p95: float
    against: tuple[Slice, ...] = ()

    @classmethod
    def of(
        cls,
        challenger: Judgements,
        champion: Judgements | None,
        *,
        promise: float,
        newest: date,
        today: date,
        size: int,
        p95: float,
        groups: Sequence[int] | None = None,
        fewest: int = Bounds().rows,
        seed: int = 0,
    ) -> Self:
        """Measure a challenger, and a champion on the same rows where there is one."""
        whole = measure(challenger, promise=promise, fewest=fewest)["", ""]
        against = (
            ()
            if champion is None
            else compare(challenger, champion, promise=promise, groups=groups, fewest=fewest, seed=seed)
        )
        sent = challenger.dispatched
        wrong, dispatched = effective(~challenger.within(1)[sent], challenger.counts[sent])
        return cls(
            rows=len(challenger),
            top1=whole["top1"],
            calibration_error=whole["calibration_error"],
            dispatched=dispatched,
            wrong=wrong,
            promise=promise,
            newest=newest,
            today=today,
            size=size,
            p95=p95,
            against=against,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule found: a code for machines, the numbers it went by, and a sentence in both languages."""

    code: str
    holds: bool
    numbers: Mapping[str, float | str]
    english: str
    chinese: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """The challenger may serve. `watched` are units and districts that fell, perhaps by accident."""

    checked: tuple[Finding, ...]
    watched: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The challenger may not serve, for every one of `reasons`; `checked` is what holds nevertheless."""

    reasons: tuple[Finding, ...]
    checked: tuple[Finding, ...]


def judge(evidence: Evidence, bounds: Bounds) -> Promotion | Refusal:
    """Decide by every rule, and tell all that is wrong at once.

    No evidence that is better in any figure, and equal in the others, is refused where the worse one is promoted.
    """
    compared = (_overall, _slices, _not_less_calibrated) if evidence.against else (_least_top1,)
    rules = (_enough_rows, *compared, _calibrated, _promise_kept, _fresh, _small, _quick)
    found = [finding for rule in rules for finding in rule(evidence, bounds)]
    reasons = tuple(finding for finding in found if not finding.holds)
    checked = tuple(finding for finding in found if finding.holds and finding.code != "watch")
    if reasons:
        return Refusal(reasons=reasons, checked=checked)
    return Promotion(checked=checked, watched=tuple(finding for finding in found if finding.code == "watch"))


def _enough_rows(evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    yield Finding(
        code="rows",
        holds=evidence.rows >= bounds.least_rows,
        numbers={"rows": evidence.rows, "least": bounds.least_rows},
        english=f"It was tried on {evidence.rows} orders; at least {bounds.least_rows} are needed to judge.",
        chinese=f"试判工单{evidence.rows}件，评判至少需要{bounds.least_rows}件。",
    )


def _least_top1(evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    yield Finding(
        code="top1_minimum",
        holds=evidence.top1 >= bounds.least_top1,
        numbers={"top1": evidence.top1, "least": bounds.least_top1},
        english=f"{evidence.top1:.1%} of the first suggestions are right; a first model needs {bounds.least_top1:.1%}.",
        chinese=f"首选单位正确率{evidence.top1:.1%}，首个模型至少需要{bounds.least_top1:.1%}。",
    )


def _overall(evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    """Not inferior: the lower end of the paired interval stays above the tolerance."""
    gain = evidence.against[0].gains["top1"]
    between = f"{gain.low:+.2%} / {gain.high:+.2%}"
    yield Finding(
        code="top1",
        holds=gain.low >= -bounds.tolerance,
        numbers={"gain": gain.gain, "low": gain.low, "high": gain.high, "tolerance": bounds.tolerance},
        english=f"Top-1 moves by {gain.gain:+.2%} ({between}); its lower end may be {-bounds.tolerance:+.2%} at worst.",
        chinese=f"首选正确率变化{gain.gain:+.2%}（95%区间{between}），区间下限不得低于{-bounds.tolerance:+.2%}。",
    )


def _slices(evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    """Refuse a unit or district that is worse by more than its bound, where that is no accident.

    Whether it is one is told by the exact sign test on the matters that only one of the two got right (McNemar, 1947),
    and over all units and districts together by Holm (1979): with two hundred of them, ten would be "significantly"
    worse at 5 % each although nothing changed. Holm, not Bonferroni, since it refuses all that Bonferroni refuses and
    more, at the same `chance` and without asking that units be independent. Nor a margin below a lower limit: a unit
    with 50 rows never proves that it is not worse, so nothing would ever be promoted. The sign test, not an interval
    from a standard error, because one more right answer can never count against the challenger.
    """
    bound = {"unit": bounds.unit, "district": bounds.district}
    tested = [part for part in evidence.against if part.axis in bound and part.rows >= bounds.rows]
    chances = [float(bdtr(part.won, part.won + part.lost, 0.5)) for part in tested]
    fallen = [part.gains["top1"].gain < -bound[part.axis] for part in tested]
    proved = holm(chances, bounds.chance)
    for part, chance, fell, sure in zip(tested, chances, fallen, proved, strict=True):
        if fell:
            yield _fallen(part, chance, bound[part.axis], proved=sure)
    worse = sum(fell and sure for fell, sure in zip(fallen, proved, strict=True))
    if not worse:
        yield Finding(
            code="slices",
            holds=True,
            numbers={"tested": len(tested), "rows": bounds.rows, "chance": bounds.chance},
            english=f"None of {len(tested)} units and districts with {bounds.rows} orders is provably worse.",
            chinese=f"工单不少于{bounds.rows}件的{len(tested)}个单位和区县中，没有可以证实明显变差的。",
        )


def _fallen(part: Slice, chance: float, bound: float, *, proved: bool) -> Finding:
    gain = part.gains["top1"].gain
    return Finding(
        code=f"{part.axis}_worse" if proved else "watch",
        holds=not proved,
        numbers={
            "axis": part.axis,
            "name": part.name,
            "rows": part.rows,
            "gain": gain,
            "bound": bound,
            "won": part.won,
            "lost": part.lost,
            "chance": chance,
        },
        english=f"The {part.axis} {part.name} moves by {gain:+.1%} on {part.rows} orders ({part.won} better, "
        f"{part.lost} worse); {-bound:+.1%} is allowed"
        + (", and this is no accident." if proved else "; perhaps luck."),
        chinese=f"{part.name}的首选正确率变化{gain:+.1%}（{part.rows}件，{part.won}件变好，{part.lost}件变差），"
        f"允许{-bound:+.1%}" + ("，并非偶然。" if proved else "，可能是偶然，需要关注。"),
    )


def holm(chances: Sequence[float], level: float) -> list[bool]:
    """Tell which of many tests hold together at a level (Holm, 1979): the least probable first, until one does not."""
    proved = [False] * len(chances)
    for left, at in zip(range(len(chances), 0, -1), sorted(range(len(chances)), key=chances.__getitem__), strict=True):
        if chances[at] > level / left:
            break
        proved[at] = True
    return proved


def _not_less_calibrated(evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    rise = evidence.against[0].gains["calibration_error"]
    between, most = f"{rise.low:+.3f} / {rise.high:+.3f}", bounds.calibration_tolerance
    yield Finding(
        code="calibration_worse",
        holds=rise.low <= most,
        numbers={"rise": rise.gain, "low": rise.low, "high": rise.high, "tolerance": most},
        english=f"The calibration error moves by {rise.gain:+.3f} ({between}); it may not surely rise by {most:.3f}.",
        chinese=f"校准误差变化{rise.gain:+.3f}（95%区间{between}），区间下限不得高于{most:.3f}。",
    )


def _calibrated(evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    yield Finding(
        code="calibration",
        holds=evidence.calibration_error <= bounds.calibration,
        numbers={"calibration_error": evidence.calibration_error, "most": bounds.calibration},
        english=f"The calibration error is {evidence.calibration_error:.3f}; {bounds.calibration:.3f} is allowed.",
        chinese=f"校准误差{evidence.calibration_error:.3f}，上限{bounds.calibration:.3f}。",
    )


def _promise_kept(evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    """Bound the precision from below (Clopper and Pearson, 1934).

    Where so little is dispatched that not even a faultless record would do, it is refused only if bounded from above
    it breaks the promise: who dispatches little is careful, not wrong.
    """
    sent, wrong, confidence = evidence.dispatched, evidence.wrong, bounds.confidence
    asked = max(evidence.promise - bounds.promise_tolerance, 0.0)
    provable = asked > 0 and sent >= log(1 - confidence) / log(asked)
    low = 1 - upper_bound(wrong, sent, confidence=confidence)
    high = upper_bound(sent - wrong, sent, confidence=confidence)
    share = f"{1 - wrong / sent:.1%}" if sent else "-"
    yield Finding(
        code="promise",
        holds=(low if provable else high) >= asked,
        numbers={"dispatched": sent, "wrong": wrong, "at_least": low, "at_most": high, "asked": asked},
        english=f"Of {sent:.0f} dispatched orders {share} went right ({low:.1%} / {high:.1%}); {asked:.1%} is asked.",
        chinese=f"自动派单{sent:.0f}件，正确率{share}（单侧置信界{low:.1%} / {high:.1%}），要求{asked:.1%}。",
    )


def _fresh(evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    age = (evidence.today - evidence.newest).days
    yield Finding(
        code="fresh",
        holds=0 <= age <= bounds.days,
        numbers={"newest": evidence.newest.isoformat(), "age": age, "days": bounds.days},
        english=f"The newest closure is of {evidence.newest}, {age} days ago; 0 to {bounds.days} are allowed.",
        chinese=f"最新办结日期{evidence.newest}，距今{age}天，允许0至{bounds.days}天。",
    )


def _small(evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    size, most = evidence.size / 1e6, bounds.size / 1e6
    yield Finding(
        code="size",
        holds=evidence.size <= bounds.size,
        numbers={"size": evidence.size, "most": bounds.size},
        english=f"The bundle has {size:,.1f} MB; {most:,.1f} are allowed.",
        chinese=f"模型包大小{size:,.1f} MB，上限{most:,.1f} MB。",
    )


def _quick(evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    yield Finding(
        code="latency",
        holds=evidence.p95 <= bounds.p95,
        numbers={"p95": evidence.p95, "most": bounds.p95},
        english=f"95 % of the routings take less than {evidence.p95:.1f} ms; {bounds.p95:.1f} are allowed.",
        chinese=f"95%的研判在{evidence.p95:.1f}毫秒内完成，上限{bounds.p95:.1f}毫秒。",
    )

"""From how orders ended to a bundle that serves, or to the reasons why it does not."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from models.bundle import load_triage, read_manifest
from models.registry import Registry
from training.backtest import ALL, WEEK, Memory, Shelf, choose
from training.closures import read_closures
from training.drift import Shift, shift, words
from training.fit import Progress
from training.gate import Bounds, Evidence, Promotion, Refusal, judge
from training.hygiene import clean
from training.judgements import Judgements
from training.make import make_bundle, prepare_closures
from training.names import Names
from training.outcomes import LabelRules, Settled, outcome
from training.peers import fit_peer, judge_peer
from training.thinning import FEWEST, MOST, thinned
from triage.citypack import fingerprint, load_pack
from triage.domain import Appeal, Closure, Ended, Unit
from triage.errors import InputError
from triage.ledger.database import open_database
from triage.ledger.endings import endings
from triage.pipeline import Triage
from triage.text import Segmenter

_TRIED = timedelta(days=28)
_AT_ONCE, _TIMED = 256, 200
_COUNTS = 0.5  # of an order: what stands for less judges nothing
_FLAT = "characters, linear SVM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a bundle is made of closed orders; the same recipe and orders give the same bundle.

    Parameters
    ----------
    pack
        The city; derived from the orders where none is named.
    memory
        How far back is learned from; None chooses it by the last weeks.
    most, fewest
        How many orders are learned from, and of each unit at least; see `training.thinning`.
    """

    pack: Path | None = None
    rules: LabelRules = field(default_factory=LabelRules)
    bounds: Bounds = field(default_factory=Bounds)
    memory: Memory | None = None
    most: int = MOST
    fewest: int = FEWEST
    encoder: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """What came of it.

    Parameters
    ----------
    counts
        The orders by what became of them.
    bundle, champion
        The id of the new bundle, and of the one that served until then.
    judged, served
        How both did on the orders that neither had seen, as `evidence` sums it up.
    shifts
        How far these orders are from those before.
    card
        The model card of the bundle.
    units
        Those of the packs that both route by: who has which duty, and where.
    """

    counts: Mapping[str, int]
    bundle: str
    champion: str | None
    evidence: Evidence
    verdict: Promotion | Refusal
    judged: Judgements
    served: Judgements | None
    shifts: tuple[Shift, ...]
    card: str
    units: tuple[Unit, ...] = ()


def retrain(
    ended: Iterable[Ended],
    registry: Registry,
    recipe: Recipe,
    *,
    work: Path,
    today: date,
    by: str,
    why: str = "retrained",
    progress: Progress = lambda _: None,
) -> Retrained:
    """Learn from how orders ended, and put the bundle into service if the gate lets it.

    It is judged on orders that neither it nor the champion has seen: those since the champion's last, of four weeks at
    most. For that it is made twice, without them to be judged and with them to serve.

    Parameters
    ----------
    work
        Folder of what is made on the way, each under a name that says what it is made of: what was interrupted goes on
        where it was.

    Raises
    ------
    InputError
        There is too little to learn from, or the pack does not fit.
    """
    champion = registry.state().champion
    serving = load_triage(registry.fetch(champion)) if champion else None
    counts: Counter[str] = Counter()
    channels: dict[str, str] = {}
    progress("orders")
    settled = _settled(ended, recipe, counts, channels, today=today)
    kept, counts["thinned_out"] = thinned(settled, most=recipe.most, fewest=recipe.fewest, seed=recipe.seed)
    memory = recipe.memory or _chosen(kept, work, progress)
    whole, kept = len(kept), _remembered(kept, memory)
    counts.update({"forgotten": whole - len(kept), "learned_from": len(kept)})
    seen = _last_seen(registry, champion)
    before, since = _parted(kept, seen)
    if not since:
        raise NothingNewError(
            f"no order that can be learned from came after {seen}, the champion's last; there is no news"
        )
    trial = _made(before, recipe, work, progress)
    cleaned = clean([one.closure for one in since if one.stands_for >= _COUNTS])
    progress(f"judged on {len(cleaned.rows)} orders")
    challenger = load_triage(trial)
    stands_for = {one.closure.id: one.stands_for for one in since}
    judged = judged_by(challenger, cleaned.rows, channels=channels, stands_for=stands_for)
    served = judged_by(serving, cleaned.rows, channels=channels, stands_for=stands_for) if serving else None
    evidence = Evidence.of(
        judged,
        served,
        promise=challenger.pack.terms.promise.precision,
        newest=max(one.closure.opened_on or date.min for one in since),
        today=today,
        size=sum(file.stat().st_size for file in trial.rglob("*") if file.is_file()),
        p95=_p95(challenger, cleaned.rows),
        groups=cleaned.groups,
        seed=recipe.seed,
    )
    verdict = judge(evidence, recipe.bounds)
    folder = _made(kept, recipe, work, progress)
    bundle = _entered(folder, registry, verdict, by=by, why=why)
    return Retrained(
        counts=dict(counts),
        bundle=bundle,
        champion=champion,
        evidence=evidence,
        verdict=verdict,
        judged=judged,
        served=served,
        shifts=_shifts(clean([one.closure for one in before]).rows, cleaned.rows, seed=recipe.seed),
        card=(folder / "README.md").read_text("utf-8"),
        units=(*(serving.pack.units if serving else ()), *challenger.pack.units),
    )


def judged_by(
    triage: Triage,
    rows: Sequence[Closure],
    *,
    channels: Mapping[str, str] | None = None,
    stands_for: Mapping[str, float] | None = None,
) -> Judgements:
    """Try a bundle on closed orders, which call units by any name that its pack knows."""
    names = triage.pack.acting_names
    named = [replace(row, unit=names.get(row.unit, row.unit)) for row in rows]
    parts = [
        Judgements.of(
            triage.route_many([_appeal(row) for row in some]), some, channels=channels or {}, stands_for=stands_for
        )
        for some in (named[at : at + _AT_ONCE] for at in range(0, len(named), _AT_ONCE))
    ]
    return Judgements.joined(parts or [Judgements.of([], [])])


class NothingNewError(InputError):
    """Nothing that can be learned from was closed since the champion's last order."""


def ended_of(
    files: Sequence[Path], database: str | None, *, pack: Path | None, columns: Mapping[str, str] | None = None
) -> Iterable[Ended]:
    """Return how orders ended, from files or from the database of a ledger.

    Raises
    ------
    InputError
        Neither or both are named, or no pack that says what the units in the ledger are called.
    """
    if bool(files) == bool(database):
        raise InputError("name --closures with files, or --database with a ledger, and not both")
    if database is None:
        return read_closures(files, columns=columns).ended
    if pack is None:
        raise InputError("name the --pack that says what units in the ledger are called", field="pack")
    return endings(open_database(database, fresh=False), load_pack(pack))


def _settled(
    ended: Iterable[Ended], recipe: Recipe, counts: Counter[str], channels: dict[str, str], *, today: date
) -> Iterator[Settled]:
    """Tell what orders teach, count what they do not, and keep by which channel they came in as far as known."""
    names = Names(load_pack(recipe.pack), on=today) if recipe.pack else None
    for one in ended:
        counts["read"] += 1
        found = outcome(one, recipe.rules, today, names)
        if isinstance(found, Settled):
            if one.channel:
                channels[found.closure.id] = one.channel
            yield found
        else:
            counts[found.reason] += 1


def _chosen(settled: Sequence[Settled], work: Path, progress: Progress) -> Memory:
    """Choose how far back to learn from by the last four weeks, as a flat classifier does: what ages is the city."""
    rows = clean([one.closure for one in settled]).rows
    days = [row.opened_on for row in rows if row.opened_on]
    until = max(days, default=date.min) + timedelta(days=1)
    if not days or min(days) >= until - 5 * WEEK:  # too little to tell weeks apart
        return ALL
    shelf = Shelf(work / "weeks")
    return choose(
        rows,
        until=until,
        fit=partial(fit_peer, _FLAT),
        judge=judge_peer,
        settings=_FLAT,
        store=shelf,
        progress=progress,
    ).memory


def _remembered(settled: Sequence[Settled], memory: Memory) -> tuple[Settled, ...]:
    """Let orders count by their age, against the newest one."""
    days = np.array([one.closure.opened_on for one in settled], dtype="datetime64[D]")
    if memory == ALL or not len(days) or np.isnat(days).any():
        return tuple(settled)
    counts = memory.weights((days.max() - days).astype(int)).tolist()
    return tuple(replace(one, weight=one.weight * count) for one, count in zip(settled, counts, strict=True) if count)


def _last_seen(registry: Registry, champion: str | None) -> date | None:
    """Return the day of the newest order that the champion learned from."""
    window = read_manifest(registry.fetch(champion))["window"] if champion else None
    return date.fromisoformat(window[1]) if window else None


def _parted(kept: Sequence[Settled], seen: date | None) -> tuple[tuple[Settled, ...], tuple[Settled, ...]]:
    """Part orders into those before and those since the day from which on a bundle is judged."""
    days = [one.closure.opened_on for one in kept]
    known = [day for day in days if day]
    if len(known) < len(days) or not known:
        raise InputError(
            "orders without a date; a retraining is judged on the newest ones, name their column", field="opened_on"
        )
    last = max(max(known) - _TRIED, seen or date.min)
    before = tuple(one for one, day in zip(kept, known, strict=True) if day <= last)
    return before, tuple(one for one, day in zip(kept, known, strict=True) if day > last)


def _made(settled: Sequence[Settled], recipe: Recipe, work: Path, progress: Progress) -> Path:
    """Return the folder of the bundle that orders and recipe make, made now or before."""
    digest = _digest(settled, recipe)
    folder = work / digest
    if not (folder / "manifest.json").is_file():
        prepared = prepare_closures(
            [one.closure for one in settled],
            pack=recipe.pack,
            name="city",
            weights={one.closure.id: one.weight for one in settled},
            seed=recipe.seed,
        )
        prepared = replace(prepared, sources=((f"{len(settled)} outcomes", digest),))
        make_bundle(prepared, folder, encoder=recipe.encoder, seed=recipe.seed, progress=progress)
    return folder


def _digest(settled: Sequence[Settled], recipe: Recipe) -> str:
    """Name what a bundle is made of."""
    facts = {
        **asdict(replace(recipe, bounds=Bounds())),
        "pack": fingerprint(load_pack(recipe.pack)) if recipe.pack else "",
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode())
    for one in settled:
        row = [asdict(one.closure), one.weight]
        digest.update(json.dumps(row, sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]


def _entered(folder: Path, registry: Registry, verdict: Promotion | Refusal, *, by: str, why: str) -> str:
    """Put a bundle into the registry, as champion or refused, and return its id."""
    bundle: str = read_manifest(folder)["id"]
    if bundle not in registry.state().bundles:
        registry.add(folder, by=by, why=why)
    if isinstance(verdict, Promotion):
        registry.promote(bundle, by=by, why=why)
    else:
        registry.refuse(bundle, by=by, why="; ".join(finding.english for finding in verdict.reasons))
    return bundle


def _shifts(before: Sequence[Closure], now: Sequence[Closure], *, seed: int) -> tuple[Shift, ...]:
    cut = Segmenter().cut
    axes: Mapping[str, Callable[[Closure], Iterable[str]]] = {
        "topics": lambda row: ["/".join(row.topic[:2])] if row.topic else (),
        "units": lambda row: [row.unit],
        "districts": lambda row: [row.district] if row.district else (),
        "streets": lambda row: [row.district + row.street] if row.street else (),
        "words": lambda row: words([cut(row.text)]),
    }
    return tuple(
        shift(axis, [name for row in before for name in of(row)], [name for row in now for name in of(row)], seed=seed)
        for axis, of in axes.items()
    )


def _p95(triage: Triage, rows: Sequence[Closure]) -> float:
    """Return in how many milliseconds 95 of 100 appeals are routed alone; 0 where there are none."""
    took = []
    for row in rows[:_TIMED]:
        began = time.perf_counter()
        triage.route(_appeal(row))
        took.append(1000 * (time.perf_counter() - began))
    return float(np.percentile(took, 95)) if took else 0.0


def _appeal(row: Closure) -> Appeal:
    return Appeal(id=row.id, text=row.text)

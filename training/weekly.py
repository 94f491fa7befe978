"""Week by week as it would have been: the model made anew each week, as it was at the beginning, and flat ones."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from models.bundle import load_triage
from training.backtest import WEEK, Backtest, Fit, Judge, Model, Progress, Shelf, Week, Weights, rolling
from training.closures import read_closures
from training.dataset import with_known_units
from training.hygiene import clean
from training.judgements import Judgements
from training.make import make_bundle, prepare_closures
from training.measures import Gain, compare
from training.peers import PEERS, fit_peer, judge_peer
from training.retrain import judged_by
from triage.citypack import fingerprint, load_pack
from triage.domain import Closure
from triage.pipeline import Triage

ANEW, KEPT = "made anew each week", "as at the beginning"
_PROMISE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """How each model did on the same orders, by its name; `groups` are their near-duplicates."""

    weeks: tuple[Week, ...]
    judged: Mapping[str, Judgements]
    groups: Sequence[int]

    def table(self) -> Iterator[tuple[str, ...]]:
        """Yield a row for each week, and one for all of them: orders, and the top-1 of each model."""
        days, hits = self.judged[ANEW].day, [judged.within(1) for judged in self.judged.values()]
        for week in self.weeks:
            inside = (days >= np.datetime64(week.first)) & (days < np.datetime64(week.after))
            yield (week.first.isoformat(), f"{week.tried:,}", *(f"{hit[inside].mean():.3f}" for hit in hits))
        yield ("all", f"{len(days):,}", *(f"{hit.mean():.3f}" for hit in hits))

    def gains(self, *, seed: int = 0) -> dict[str, Gain]:
        """Return by how much the model made anew names more units right than each of the others, with intervals."""
        found = {}
        for name, judged in self.judged.items():
            if name != ANEW:
                whole = compare(self.judged[ANEW], judged, promise=_PROMISE, groups=self.groups, seed=seed)[0]
                found[name] = whole.gains["top1"]
        return found


def backtest(
    files: Sequence[Path],
    *,
    since: date,
    until: date,
    pack: Path | None,
    store: Path,
    seed: int = 0,
    columns: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> Weekly:
    """Read and clean closed orders, and live through the weeks; see `weekly`."""
    cleaned = clean(read_closures(files, columns=columns).rows)
    if pack:
        cleaned = with_known_units(cleaned, load_pack(pack))
    return weekly(
        cleaned.rows, cleaned.groups, since=since, until=until, pack=pack, store=store, seed=seed, progress=progress
    )


def weekly(
    rows: Sequence[Closure],
    groups: Sequence[int],
    *,
    since: date,
    until: date,
    pack: Path | None,
    store: Path,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> Weekly:
    """Live through the weeks from `since` until before `until` with each model; cleaned `rows`, in `groups` alike.

    Parameters
    ----------
    store
        Folder that keeps what weeks were judged: a backtest that was broken off goes on where it stopped.
    """
    ordered = sorted(range(len(rows)), key=lambda at: rows[at].opened_on or date.max)
    timeline, group = [rows[at] for at in ordered], {rows[at].id: groups[at] for at in ordered}
    settings = f"bundle {fingerprint(load_pack(pack)) if pack else ''} {seed}"

    def fit(learned: Sequence[Closure], weights: Weights) -> Triage:
        return _fitted(learned, weights, pack=pack, seed=seed)

    def live(fit: Fit[Model], judge: Judge[Model], settings: str, *, every: timedelta = WEEK) -> Backtest:
        return rolling(
            timeline,
            since=since,
            until=until,
            every=every,
            fit=fit,
            judge=judge,
            settings=settings,
            store=Shelf(store),
            progress=progress,
        )

    anew = live(fit, judged_by, settings)
    judged = {ANEW: anew.judged, KEPT: live(fit, judged_by, settings, every=until - since).judged}
    judged |= {name: live(partial(fit_peer, name), judge_peer, name).judged for name in PEERS}
    return Weekly(weeks=anew.weeks, judged=judged, groups=[group[id_] for id_ in anew.judged.id.tolist()])


def _fitted(rows: Sequence[Closure], weights: Weights, *, pack: Path | None, seed: int) -> Triage:
    counts = {row.id: weight for row, weight in zip(rows, weights.tolist(), strict=True)}
    prepared = prepare_closures(rows, pack=pack, name="city", weights=counts, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        make_bundle(prepared, Path(folder) / "bundle", seed=seed, progress=lambda _: None)
        return load_triage(Path(folder) / "bundle")

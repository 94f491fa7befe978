"""A small listwise network that weighs the features of candidates against each other."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, softmax

_HIDDEN = 32
_MEMBERS = 6  # averaged, since one network depends on its first weights
_PASSES = 20
_FEWEST_STEPS = 400  # after fewer the scores of a few lists are still too flat to be calibrated for others
_BATCH = 128
_STEP = 3e-3
_DECAY = 0.03
_CLIP = 5.0  # standard deviations: a feature beyond what was seen must not decide alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranker:
    """One hidden layer of several networks side by side, their mean as the score.

    Parameters
    ----------
    mean, scale
        Of the features, shape `(features,)`.
    inner, bias
        Shapes `(features, units)` and `(units,)`, for all networks together.
    outer
        Shape `(units,)`.
    """

    mean: Floats
    scale: Floats
    inner: Floats
    bias: Floats
    outer: Floats

    def score(self, features: Floats) -> Floats:
        """Log-odds of candidates against each other, shape `features.shape[:-1]`."""
        flat = features.reshape(-1, features.shape[-1])
        hidden = np.maximum(_standard(flat, self.mean, self.scale) @ self.inner + self.bias, 0)
        scores: Floats = (hidden @ self.outer).reshape(features.shape[:-1])
        return scores

    def integrated(self, before: Floats, after: Floats) -> NDArray[np.float64]:
        """Share out `score(after) - score(before)` among the features, shape `(features,)`, by integrated gradients.

        Between the two each hidden unit is active on one stretch, whose length is its part of the slope.
        """
        start, stop = (_standard(one, self.mean, self.scale).astype(float) for one in (before, after))
        first, last = (one @ self.inner + self.bias for one in (start, stop))
        change = last - first
        crossing = np.clip(-first / np.where(change == 0, 1.0, change), 0, 1)
        active = np.where(first > 0, np.where(last > 0, 1.0, crossing), np.where(last > 0, 1 - crossing, 0.0))
        slope = self.inner @ (self.outer * active)
        worth: NDArray[np.float64] = slope * (stop - start)
        return worth


def fit_ranker(features: Floats, right: NDArray[np.bool_], *, seed: int) -> Ranker:
    """Fit by the cross-entropy of the right candidate among its list; lists without it teach nothing and are left out.

    Parameters
    ----------
    features
        Shape `(lists, candidates, features)`.
    right
        Shape `(lists, candidates)`, true at the candidate that closed the order.
    """
    flat = features.reshape(-1, features.shape[-1])
    mean, scale = flat.mean(axis=0), flat.std(axis=0) + np.float32(1e-6)
    useful = right.any(axis=1)
    inputs, targets = _standard(features[useful], mean, scale), right[useful].astype(np.float32)
    members = [_fit_member(inputs, targets, np.random.default_rng([seed, member])) for member in range(_MEMBERS)]
    inner, bias, outer = (np.concatenate(parts, axis=-1) for parts in zip(*members, strict=True))
    return Ranker(mean=mean, scale=scale, inner=inner, bias=bias, outer=(outer / _MEMBERS).astype(np.float32))


def _standard(features: Floats, mean: Floats, scale: Floats) -> Floats:
    clipped: Floats = np.minimum(np.maximum((features - mean) / scale, -_CLIP), _CLIP)
    return clipped


def _fit_member(inputs: Floats, targets: Floats, random: np.random.Generator) -> list[Floats]:
    """Adam with a cosine step and decoupled weight decay (Loshchilov and Hutter, 2019)."""
    width = inputs.shape[-1]
    first = random.standard_normal((width, _HIDDEN)) * np.sqrt(2 / width)
    last = random.standard_normal(_HIDDEN) / np.sqrt(_HIDDEN)
    weights: list[Floats] = [w.astype(np.float32) for w in (first, np.zeros(_HIDDEN), last)]
    momentum, energy = ([np.zeros_like(w) for w in weights] for _ in range(2))
    for step, (rows, size) in enumerate(_batches(len(inputs), random), start=1):
        for at, slope in enumerate(_slopes(inputs[rows], targets[rows], weights)):
            momentum[at] += np.float32(0.1) * (slope - momentum[at])
            energy[at] += np.float32(0.001) * (slope * slope - energy[at])
            direction = (momentum[at] / (1 - 0.9**step)) / (np.sqrt(energy[at] / (1 - 0.999**step)) + 1e-8)
            weights[at] -= np.float32(size) * (direction + np.float32(_DECAY) * weights[at])
    return weights


def _batches(count: int, random: np.random.Generator) -> Iterator[tuple[NDArray[np.intp], float]]:
    """Rows of each step, and the size of the step."""
    passes = max(_PASSES, -(-_FEWEST_STEPS * _BATCH // max(count, 1)))
    for done in range(passes):
        size = _STEP * 0.5 * (1 + np.cos(np.pi * done / passes))
        order = random.permutation(count)
        yield from ((order[start : start + _BATCH], size) for start in range(0, count, _BATCH))


def _slopes(inputs: Floats, targets: Floats, weights: list[Floats]) -> list[Floats]:
    inner, bias, outer = weights
    hidden = inputs @ inner + bias
    active = np.maximum(hidden, 0)
    error = (softmax(active @ outer) - targets) / np.float32(len(inputs))
    back = (error[..., None] * outer) * (hidden > 0)
    flat, flat_back = inputs.reshape(-1, inputs.shape[-1]), back.reshape(-1, len(outer))
    return [flat.T @ flat_back, flat_back.sum(axis=0), active.reshape(-1, len(outer)).T @ error.reshape(-1)]

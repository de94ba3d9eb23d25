"""Statistics over questions: how sure a figure is, and whether two systems differ.

Every statistic takes the questions' values and ``weights`` of shape ``(resamples, n)``: how often
each question was drawn into each resample. All resamples are then computed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""Weights ``(resamples, n)`` to one value a resample; NaN where it isn't defined."""

RESAMPLES = 1_000
PERMUTATIONS = 10_000
BINS = 10
_BLOCK = 2_000_000
"""Numbers held at once: tens of megabytes."""


# ------------------------------------------------------------------ statistics


def mean(values: Floats, weights: Floats) -> Floats:
    return np.asarray(weights @ values / weights.sum(axis=1), dtype=np.float64)


def auroc(scores: Floats, positive: NDArray[np.bool_], weights: Floats) -> Floats:
    """The chance that a positive scores above a negative, ties counting half: the area under the
    ROC curve (Hanley & McNeil, Radiology 143, 1982). NaN where a class is missing."""
    groups = _Ties(scores)
    positives = groups.sums(weights * positive)
    negatives = groups.sums(weights * ~positive)
    below = np.cumsum(negatives, axis=1) - negatives
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    wins = (positives * (below + negatives / 2)).sum(axis=1)
    undefined = np.full(len(weights), np.nan)
    return np.asarray(np.divide(wins, pairs, out=undefined, where=pairs > 0), dtype=np.float64)


def accuracy_at(
    coverage: float, confidence: Floats, correct: NDArray[np.bool_], weights: Floats
) -> Floats:
    """The share that is correct of the most confident ``coverage`` of the questions.

    Of questions equally confident at the border each is taken in part, so that their order doesn't
    matter. Source: El-Yaniv & Wiener, "On the Foundations of Noise-free Selective
    Classification", JMLR 11, 2010.
    """
    groups = _Ties(-confidence)
    mass, right = groups.sums(weights), groups.sums(weights * correct)
    before = np.cumsum(mass, axis=1) - mass
    room = coverage * mass.sum(axis=1, keepdims=True) - before
    taken = np.clip(room, 0, mass)
    share = np.divide(right, mass, out=np.zeros_like(mass), where=mass > 0)
    return np.asarray((taken * share).sum(axis=1) / taken.sum(axis=1), dtype=np.float64)


def calibration_error(
    confidence: Floats, correct: NDArray[np.bool_], weights: Floats, bins: int = BINS
) -> Floats:
    """The expected calibration error: how far confidence and accuracy are apart, on average over
    ``bins`` bins of equal mass. Source: Naeini et al., AAAI 2015; with equal mass Nguyen &
    O'Connor, EMNLP 2015."""
    mass, confidences, accuracies = _binned(confidence, correct, weights, bins)
    gaps = np.abs(confidences - accuracies).sum(axis=1)  # each still times its bin's mass
    return np.asarray(gaps / mass.sum(axis=1), dtype=np.float64)


def calibration_bins(
    confidence: Floats, correct: NDArray[np.bool_], bins: int = BINS
) -> list[tuple[float, float, float]]:
    """The mean confidence, the accuracy and the number of questions of each bin of equal mass."""
    mass, confidences, accuracies = _binned(
        confidence, correct, np.ones((1, len(confidence))), bins
    )
    rows = zip(mass[0], confidences[0], accuracies[0], strict=True)
    return [(float(c / m), float(a / m), float(m)) for m, c, a in rows if m > 0]


def risk_coverage(
    confidence: Floats, correct: NDArray[np.bool_], points: int = 200
) -> list[tuple[float, float]]:
    """Coverage against risk (the share that is wrong), the most confident questions first; at
    most ``points`` of them. Equally confident questions are one point."""
    groups = _Ties(-confidence)
    one = np.ones((1, len(confidence)))
    mass, right = np.cumsum(groups.sums(one)[0]), np.cumsum(groups.sums(one * correct)[0])
    curve = [(float(m / mass[-1]), float(1 - r / m)) for m, r in zip(mass, right, strict=True)]
    step = -(-len(curve) // points)
    return curve[step - 1 :: step] + ([] if len(curve) % step == 0 else curve[-1:])


def _binned(
    confidence: Floats, correct: NDArray[np.bool_], weights: Floats, bins: int
) -> tuple[Floats, Floats, Floats]:
    """For each resample and bin: mass, and mass times mean confidence and mean accuracy.

    A group of equally confident questions may lie across a border: each side has its part of it.
    """
    groups = _Ties(confidence)
    mass, right = groups.sums(weights), groups.sums(weights * correct)
    share = np.divide(right, mass, out=np.zeros_like(mass), where=mass > 0)
    upto = np.cumsum(mass, axis=1)
    total = upto[:, -1:]
    parts = [
        np.clip(
            np.minimum(upto, total * (number + 1) / bins)
            - np.maximum(upto - mass, total * number / bins),
            0,
            None,
        )
        for number in range(bins)
    ]
    return (
        np.stack([part.sum(axis=1) for part in parts], axis=1),
        np.stack([part @ groups.values for part in parts], axis=1),
        np.stack([(part * share).sum(axis=1) for part in parts], axis=1),
    )


class _Ties:
    """Questions in ascending order of a value, grouped where the value is the same."""

    def __init__(self, values: Floats) -> None:
        self._order = np.argsort(values, kind="stable")
        self.values, self._starts = np.unique(values[self._order], return_index=True)

    def sums(self, weights: Floats) -> Floats:
        """Weights ``(resamples, n)`` summed by group: ``(resamples, groups)``."""
        ordered = weights[:, self._order]
        return np.asarray(np.add.reduceat(ordered, self._starts, axis=1), dtype=np.float64)


# ------------------------------------------------------------------ how sure a figure is


def bootstrap(statistic: Statistic, n: int, seed: int, resamples: int = RESAMPLES) -> Floats:
    """The statistic of resamples of n questions drawn with replacement; NaNs are left out.

    Source: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993.
    """
    random = np.random.default_rng(seed)
    found = [statistic(_counts(random, block, n)) for block in _blocks(resamples, n)]
    values = np.concatenate(found)
    return values[~np.isnan(values)]


def interval(values: Floats, level: float = 0.95) -> tuple[float, float] | None:
    """The percentile interval of bootstrapped values; None where there are none."""
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _counts(random: np.random.Generator, rows: int, n: int) -> Floats:
    drawn = random.integers(n, size=(rows, n)) + np.arange(rows)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def _blocks(rows: int, n: int) -> Iterator[int]:
    size = max(1, _BLOCK // max(n, 1))
    while rows > 0:
        yield min(size, rows)
        rows -= size


# ------------------------------------------------------------------ whether two systems differ


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference of n questions, with its p-value (two-sided)."""

    value: float
    low: float
    high: float
    p: float
    detectable: float
    """The smallest difference that so many questions would show four times out of five."""
    n: int


def paired_difference(differences: Floats, seed: int) -> Difference:
    """The mean of per-question differences, tested by randomisation: if the systems were alike,
    each difference could as well have had the other sign.

    Source: Smucker, Allan & Carterette, "A Comparison of Statistical Significance Tests for
    Information Retrieval Evaluation", CIKM 2007.
    """
    n, observed = len(differences), float(differences.mean())
    random = np.random.default_rng(seed)
    tolerance = 1e-12  # the same sum in another order
    as_large = 0
    for block in _blocks(PERMUTATIONS, n):
        signs = random.integers(2, size=(block, n)) * 2.0 - 1
        as_large += int((np.abs(signs @ differences) / n >= abs(observed) - tolerance).sum())
    drawn = bootstrap(lambda weights: mean(differences, weights), n, seed)
    low, high = interval(drawn) or (observed, observed)
    deviation = float(differences.std(ddof=1)) if n > 1 else 0.0
    p = (as_large + 1) / (PERMUTATIONS + 1)
    return Difference(observed, low, high, p, detectable(deviation / n**0.5), n)


def bootstrapped_difference(statistic: Statistic, n: int, seed: int) -> Difference | None:
    """The difference of a statistic that is no mean over questions, such as AUROC, tested by
    resampling the questions, the same ones for both systems; None where it isn't defined.

    Args:
        statistic: weights to the difference of both systems.
    """
    observed = float(statistic(np.ones((1, n)))[0])
    drawn = bootstrap(statistic, n, seed)
    bounds = interval(drawn)
    if bounds is None or np.isnan(observed):
        return None
    sides = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p = min(1.0, 2 * (sides + 1) / (len(drawn) + 1))
    return Difference(observed, *bounds, p, detectable(float(drawn.std())), n)


def detectable(standard_error: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest true difference that a two-sided test at ``alpha`` finds with that power."""
    normal = NormalDist()
    return (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)) * standard_error


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm, Scandinavian Journal of Statistics 6, 1979)."""
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, (len(p_values) - place) * p_values[index])
        corrected[index] = min(1.0, largest)
    return corrected

"""Chooses a setting's value from a table of per-question scores, and measures the choosing.

Folds hold questions that the choice never saw: what is gained on them over the value in force is
what choosing in this way gains on further questions of the kind (Stone, "Cross-Validatory Choice
and Assessment of Statistical Predictions", Journal of the Royal Statistical Society B 36, 1974).
The folds share most of what they choose on, so that intervals and p-values are a little too sure
(Bengio & Grandvalet, "No Unbiased Estimator of the Variance of K-Fold Cross-Validation", JMLR 5,
2004): they say what is noise, not what holds on other sets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qa.evaluation.statistics import Difference, Floats, paired_difference

SIGNIFICANT = 0.05
_SAME = 1e-12  # the same sum in another order

Outcome = Literal["better", "noise", "trivial", "unchanged"]
Scores = Callable[[int | None], Floats]
"""The scores (questions, values) to be used for a fold; None: for the final choice."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What a metric gains on questions that weren't chosen on."""

    metric: str
    before: float
    """With what is in force."""
    after: float
    difference: Difference

    @classmethod
    def of(cls, metric: str, before: Floats, after: Floats, seed: int) -> Gain:
        difference = paired_difference(after - before, seed)
        return cls(metric, float(before.mean()), float(after.mean()), difference)

    @property
    def is_more_than_noise(self) -> bool:
        return self.difference.p < SIGNIFICANT and self.difference.low > 0

    def to_dict(self) -> dict[str, Any]:
        difference = self.difference
        return {
            "metric": self.metric,
            "before": self.before,
            "after": self.after,
            "gain": difference.value,
            "low": difference.low,
            "high": difference.high,
            "p": difference.p,
            "detectable": difference.detectable,
            "n": difference.n,
        }


@dataclass(frozen=True, slots=True)
class Tuned:
    """One setting: what is in force, what was chosen, and what choosing gains."""

    name: str
    in_force: float
    chosen: float
    """On all questions."""
    by_fold: tuple[float, ...]
    """On the questions outside each fold."""
    gain: Gain
    curve: tuple[tuple[float, float], ...]
    """Each value that could be chosen, with its mean score over all questions."""
    over_floor: Gain | None = None
    """The same against what needs no setting at all, where there is such a thing."""

    @property
    def outcome(self) -> Outcome:
        if self.chosen == self.in_force:
            return "unchanged"
        if not self.gain.is_more_than_noise:
            return "noise"
        is_trivial = self.over_floor and not self.over_floor.is_more_than_noise
        return "trivial" if is_trivial else "better"

    def to_dict(self) -> dict[str, Any]:
        return {
            "in_force": self.in_force,
            "chosen": self.chosen,
            "outcome": self.outcome,
            "by_fold": list(self.by_fold),
            "held_out": self.gain.to_dict(),
            "over_floor": self.over_floor.to_dict() if self.over_floor else None,
            "curve": [{"value": value, "mean": mean} for value, mean in self.curve],
        }


def choose(scores: Floats, values: Sequence[float], in_force: float) -> float:
    """The best value, if it scores better than the one in force by more than one standard error;
    otherwise the one in force. Of equally good values it is the middle one, far from where they
    begin to be worse.

    That is the one-standard-error rule (Breiman, Friedman, Olshen & Stone, "Classification and
    Regression Trees", 1984, 3.4.3) with no change as the simplest model; the error is that of
    paired differences, as the questions are the same.

    Args:
        scores: one row a question, one column a value; a higher score is better.
        values: ascending.
    """
    n = len(scores)
    if n < 2:  # no telling how far one question's score is from the next one's
        return in_force
    current = list(values).index(in_force)
    means = scores.mean(axis=0)
    equals = np.flatnonzero(means >= means.max() - _SAME)
    best = int(equals[(len(equals) - (current < equals[0])) // 2])  # of two the nearer one
    gains = scores[:, best] - scores[:, current]
    error = float(gains.std(ddof=1)) / n**0.5
    return values[best] if gains.mean() > error + _SAME else in_force


def cross_validate(
    name: str,
    metric: str,
    scores: Scores,
    *,
    values: Sequence[float],
    in_force: float,
    folds: NDArray[np.int_],
    count: int,
    can_choose: Callable[[NDArray[np.bool_]], bool] = lambda rows: True,
    floor: Floats | None = None,
    seed: int = 0,
) -> Tuned:
    """Chooses a value for each fold on the other folds, and at last one on all.

    Args:
        metric: what the scores are.
        values: what can be chosen, one a column; the value in force is among them.
        folds: which of the ``count`` folds each question is in.
        can_choose: whether some questions are enough to choose on; if not, the value in force
            stays.
        floor: each question's score without any such setting; a choice must be better than that,
            too.
        seed: of the resampling for interval and test.
    """
    current = list(values).index(in_force)
    before, after = np.zeros(len(folds)), np.zeros(len(folds))
    by_fold = []
    for fold in range(count):
        held, table = folds == fold, scores(fold)
        value = choose(table[~held], values, in_force) if can_choose(~held) else in_force
        by_fold.append(value)
        before[held] = table[held, current]
        after[held] = table[held, list(values).index(value)]
    table = scores(None)
    means = table.mean(axis=0)
    return Tuned(
        name=name,
        in_force=in_force,
        chosen=choose(table, values, in_force),
        by_fold=tuple(by_fold),
        gain=Gain.of(metric, before, after, seed),
        over_floor=None if floor is None else Gain.of(metric, floor, after, seed),
        curve=tuple((value, float(mean)) for value, mean in zip(values, means, strict=True)),
    )

"""Tunes the fusion weight and the threshold of abstention to a dataset, by cross-validation.

``dense_weight`` is chosen by nDCG@10, or Answer@1 where no right documents are known;
``min_confidence``, on the ranking that results, by the share of questions treated rightly:
answered by a first passage that answers, or declined if the documents don't say. A choice is used
only if on held-out folds it gains more than noise over the setting in force, and a threshold only
if it also gains more than noise over declining everything.

The JSON (`Tuning.to_dict`) is a contract, version 1:

``version, qa``   of this form (1) and of the program
``dataset``       name, split, and how many questions and documents there are
``seed, force``   as they were given
``folds``         ``count``; ``by``, see `qa.evaluation.folds`; ``sizes`` in questions
``settings``      by name ``{in_force, chosen, use, outcome, by_fold, held_out, over_floor,
                  curve}``; ``use`` is what is to be in force from now on; ``outcome`` is "better",
                  "noise" (another value was chosen, but may be no better), "trivial" (it is
                  better, but may be no better than declining every question) or "unchanged";
                  ``held_out`` is ``{metric, before, after, gain, low, high, p, detectable, n}``,
                  the mean over the n questions of all folds, its 95 % interval and the p-value of
                  a paired randomisation test; ``over_floor`` is the same with declining every
                  question before, or null; ``curve`` is ``[{value, mean}]`` over all questions
``untuned``       by name the reason why a setting was left alone
``decisions``     like ``held_out``: the questions treated rightly with all that is in force before
                  and after
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qa.errors import UsageError
from qa.evaluation.asker import OnProgress
from qa.evaluation.choosing import Gain, Tuned, cross_validate
from qa.evaluation.datasets import Dataset
from qa.evaluation.evaluate import described, qa_version
from qa.evaluation.folds import Folds, make_folds
from qa.evaluation.results import write_text
from qa.evaluation.statistics import Floats
from qa.evaluation.trials import Trials, run_trials
from qa.service import QA

VERSION: Literal[1] = 1
FOLDS = 5
WEIGHT, THRESHOLD = "dense_weight", "min_confidence"
TREATED_RIGHTLY = "treated rightly"
_WEIGHT_STEPS, _THRESHOLD_STEPS = 10, 100


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was chosen, what it gains, and what of it is to be used."""

    dataset: dict[str, Any]
    folds: Folds
    settings: tuple[Tuned, ...]
    untuned: Mapping[str, str]
    """By name why a setting was left alone."""
    decisions: Gain
    """What all that is used changes in the questions treated rightly, on held-out folds."""
    seed: int
    force: bool
    """Whether choices are used even if they may be no better."""

    def use(self, tuned: Tuned) -> float:
        """The value of a setting from now on: the chosen one, if it gains more than noise."""
        return _use(tuned, self.force)

    @property
    def changes(self) -> dict[str, float]:
        """The settings that are to be changed, by name."""
        return {
            tuned.name: self.use(tuned)
            for tuned in self.settings
            if self.use(tuned) != tuned.in_force
        }

    def to_dict(self) -> dict[str, Any]:
        sizes = Counter(self.folds.of)
        return {
            "version": VERSION,
            "qa": qa_version(),
            "dataset": self.dataset,
            "seed": self.seed,
            "force": self.force,
            "folds": {
                "count": self.folds.count,
                "by": self.folds.by,
                "sizes": [sizes[fold] for fold in range(self.folds.count)],
            },
            "settings": {
                tuned.name: tuned.to_dict() | {"use": self.use(tuned)} for tuned in self.settings
            },
            "untuned": dict(self.untuned),
            "decisions": self.decisions.to_dict(),
        }


def tune(
    bot: QA,
    dataset: Dataset,
    *,
    folds: int = FOLDS,
    seed: int = 0,
    force: bool = False,
    on_progress: OnProgress = lambda done, total: None,
) -> Tuning:
    """The fusion weight and threshold that suit a dataset, and whether they are worth a change.

    The documents of a BEIR set must be in the store already: `qa.evaluation.add_corpus`. Nothing
    is written; the bot's own settings stay as they are. A reranker, where there is one, looks at
    each question once for every weight.

    Args:
        folds: how many, if there are as many groups of questions that can be told apart.
        seed: of the folds and of the resampling.
        force: use what is chosen even if the gain may be noise.

    Raises:
        UsageError: an option is out of range, the dataset doesn't tell right from wrong, or a
            source isn't in the store.
        StoreError: the store is empty, made with another model, or can't be read.
    """
    check_tunable(dataset, folds)
    settings = bot.settings
    weights = _grid(_WEIGHT_STEPS, settings.dense_weight)
    trials = run_trials(bot, dataset, weights, on_progress)
    return tune_trials(
        trials,
        make_folds(trials.documents, folds, seed),
        dense_weight=settings.dense_weight,
        min_confidence=settings.min_confidence,
        seed=seed,
        force=force,
        dataset=described(dataset, bot.documents()),
    )


def check_tunable(dataset: Dataset, folds: int) -> None:
    """Raises UsageError if there is nothing to choose on, or the number of folds makes no sense."""
    if folds < 2:
        raise UsageError(f"The number of folds is {folds}: give at least 2.")
    if dataset.has_conversations:
        raise UsageError(
            f"{dataset.path} holds conversations, whose questions lean on each other: tune on "
            "questions that stand alone."
        )
    if len(dataset.questions) < 2:
        raise UsageError(f"{dataset.path} has one question: tuning takes two, and tells by many.")


def tune_trials(
    trials: Trials,
    folds: Folds,
    *,
    dense_weight: float,
    min_confidence: float,
    dataset: dict[str, Any],
    seed: int = 0,
    force: bool = False,
) -> Tuning:
    """The choice from what questions came to under each weight; see `tune`.

    Args:
        dense_weight, min_confidence: the settings in force.
    """
    of = np.array(folds.of)
    counted = ~np.isnan(trials.values).any(axis=1)
    weight = cross_validate(
        WEIGHT,
        trials.metric,
        lambda fold: trials.values[counted],
        values=trials.weights,
        in_force=dense_weight,
        folds=of[counted],
        count=folds.count,
        seed=seed,
    )
    # The folds' own weights are used, so that a threshold isn't measured on a ranking that was
    # chosen on the same questions; and only if a weight is going to be used at all.
    is_used = _use(weight, force) != dense_weight
    weights = weight.by_fold if is_used else (dense_weight,) * folds.count
    final = weight.chosen if is_used else dense_weight
    settings, untuned = [weight], {}
    threshold: Tuned | None = None
    if reason := _why_no_threshold(trials):
        untuned[THRESHOLD] = reason
    else:
        threshold = _threshold(trials, of, weights, final=final, in_force=min_confidence, seed=seed)
        settings.append(threshold)
    thresholds = (min_confidence,) * folds.count
    if threshold and _use(threshold, force) != min_confidence:
        thresholds = threshold.by_fold
    before = trials.treated_rightly(trials.weights.index(dense_weight), min_confidence)
    after = np.zeros(len(of))
    for fold, pair in enumerate(zip(weights, thresholds, strict=True)):
        column = trials.weights.index(pair[0])
        after[of == fold] = trials.treated_rightly(column, pair[1])[of == fold]
    return Tuning(
        dataset=dataset,
        folds=folds,
        settings=tuple(settings),
        untuned=untuned,
        decisions=Gain.of(TREATED_RIGHTLY, before, after, seed),
        seed=seed,
        force=force,
    )


def write_tuning(tuning: Tuning, path: Path) -> None:
    """Writes the JSON form.

    Raises:
        UsageError: the file can't be written.
    """
    write_text(path, json.dumps(tuning.to_dict(), indent=2, allow_nan=False) + "\n")


def _threshold(
    trials: Trials,
    of: NDArray[np.int_],
    weights: Sequence[float],
    *,
    final: float,
    in_force: float,
    seed: int,
) -> Tuned:
    """Chooses the threshold, on the ranking of each fold's weight and at last of the final one."""
    values = _grid(_THRESHOLD_STEPS, in_force)

    def scores(fold: int | None) -> Floats:
        column = trials.weights.index(final if fold is None else weights[fold])
        return np.stack([trials.treated_rightly(column, value) for value in values], axis=1)

    def can_choose(rows: NDArray[np.bool_]) -> bool:
        kinds = trials.answerable[rows]
        return bool(kinds.any() and not kinds.all())

    return cross_validate(
        THRESHOLD,
        TREATED_RIGHTLY,
        scores,
        values=values,
        in_force=in_force,
        folds=of,
        count=len(weights),
        can_choose=can_choose,
        floor=(~trials.answerable).astype(np.float64),  # declining everything
        seed=seed,
    )


def _why_no_threshold(trials: Trials) -> str | None:
    """A threshold is chosen between two kinds of questions."""
    if trials.answerable.all():
        return "the dataset has no unanswerable questions"
    if not trials.answerable.any():
        return "the dataset has no answerable questions"
    return None


def _use(tuned: Tuned, force: bool) -> float:
    return tuned.chosen if force or tuned.outcome == "better" else tuned.in_force


def _grid(steps: int, in_force: float) -> tuple[float, ...]:
    """0 to 1 in even steps, and the value in force."""
    return tuple(sorted({*(step / steps for step in range(steps + 1)), in_force}))

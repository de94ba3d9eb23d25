"""Choosing a value, against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from qa.evaluation.choosing import choose, cross_validate


def table(*columns: list[float]) -> np.ndarray:
    return np.array(columns, dtype=float).T


@pytest.mark.parametrize(
    ("in_force", "better", "chosen"),
    [
        # One of four wins: mean 1/4, standard deviation 1/2, standard error 1/4: not above it.
        ([0, 0, 0, 0], [1, 0, 0, 0], 0.0),
        # Two of four win: mean 1/2, standard error sqrt(1/3) / 2 = 0.29.
        ([0, 0, 0, 0], [1, 1, 0, 0], 1.0),
        # Three win, one loses: mean 1/2, standard deviation 1, standard error 1/2.
        ([0, 0, 0, 1], [1, 1, 1, 0], 0.0),
        # All win by as much: no error at all.
        ([0.2, 0.4, 0.6, 0.8], [0.3, 0.5, 0.7, 0.9], 1.0),
        ([1, 0, 1, 0], [0, 1, 0, 1], 0.0),
        ([1, 1, 0, 0], [1, 1, 0, 0], 0.0),
    ],
)
def test_a_value_must_be_better_by_more_than_one_standard_error(in_force, better, chosen):
    assert choose(table(in_force, better), (0.0, 1.0), 0.0) == chosen
    assert choose(table(better, in_force), (0.0, 1.0), 1.0) == 1.0 - chosen


def test_of_equally_good_values_the_middle_one_is_chosen():
    worse, good = [0] * 4, [1] * 4
    values = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert choose(table(worse, good, good, good, worse, worse), values, 0.5) == 0.2
    assert choose(table(worse, good, good, good, good, worse), values, 0.0) == 0.2, "the nearer"
    assert choose(table(worse, good, good, good, good, worse), values, 0.5) == 0.3
    assert choose(table(good, good, good, good, good, worse), values, 0.0) == 0.0, "in force"


def test_one_question_changes_nothing():
    assert choose(table([0.0], [1.0]), (0.0, 1.0), 0.0) == 0.0


def test_every_fold_is_measured_with_what_the_others_chose():
    """Questions 0 to 3 like the second value, 4 and 5 the first, which is in force."""
    scores = table([0, 0, 0, 0, 1, 1], [1, 1, 1, 1, 0, 0])
    tuned = cross_validate(
        "x",
        "metric",
        lambda fold: scores,
        values=(0.0, 1.0),
        in_force=0.0,
        folds=np.array([0, 0, 1, 1, 2, 2]),
        count=3,
    )
    # Without fold 0 (or 1): two win, two lose. Without fold 2: four win.
    assert tuned.by_fold == (0.0, 0.0, 1.0)
    # Over all: four win, two lose; mean 1/3, standard deviation 1.03, standard error 0.42.
    assert (tuned.chosen, tuned.outcome) == (0.0, "unchanged")
    assert tuned.curve == ((0.0, 2 / 6), (1.0, 4 / 6))
    assert tuned.gain.before == pytest.approx(2 / 6)
    assert tuned.gain.after == 0, "folds 0 and 1 as before, fold 2 with a value that it dislikes"
    assert tuned.gain.difference.value == pytest.approx(-2 / 6)


def test_a_fold_whose_others_cannot_tell_keeps_what_is_in_force():
    scores = table([0] * 6, [1] * 6)
    tuned = cross_validate(
        "x",
        "metric",
        lambda fold: scores,
        values=(0.0, 1.0),
        in_force=0.0,
        folds=np.array([0, 0, 1, 1, 2, 2]),
        count=3,
        can_choose=lambda rows: bool(rows[0]),
    )
    assert tuned.by_fold == (0.0, 1.0, 1.0)
    assert tuned.gain.after == pytest.approx(4 / 6)

"""Statistics against plain counting, hand-worked numbers, and known cases."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from qa.evaluation import statistics

RANDOM = np.random.default_rng(7)


def once(n: int) -> np.ndarray:
    return np.ones((1, n))


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    scores = np.array([0.9, 0.8, 0.8, 0.4, 0.3, 0.3])
    positive = np.array([True, True, False, True, False, False])
    pairs = [
        1.0 if p > n else 0.5 if p == n else 0.0
        for p, n in itertools.product(scores[positive], scores[~positive])
    ]
    (value,) = statistics.auroc(scores, positive, once(6))
    assert value == pytest.approx(sum(pairs) / len(pairs)) == pytest.approx(7.5 / 9)
    assert np.isnan(statistics.auroc(scores, np.ones(6, dtype=bool), once(6)))[0]


def test_accuracy_at_coverage_counts_the_most_confident():
    confidence = np.array([0.1, 0.9, 0.7, 0.8, 0.2])
    correct = np.array([True, True, False, True, False])

    def at(coverage: float) -> float:
        return float(statistics.accuracy_at(coverage, confidence, correct, once(5))[0])

    assert at(0.2) == 1.0
    assert at(0.6) == pytest.approx(2 / 3)
    assert at(0.8) == pytest.approx(2 / 4)
    assert at(1.0) == pytest.approx(3 / 5)


def test_equally_confident_questions_count_in_part_whatever_their_order():
    for correct in ([True, False, False, False], [False, False, False, True]):
        value = statistics.accuracy_at(0.5, np.full(4, 0.5), np.array(correct), once(4))
        assert value[0] == pytest.approx(0.25)


def test_calibration_error_by_hand():
    confidence = np.array([0.2, 0.4, 0.6, 0.8])
    correct = np.array([False, True, True, True])
    # Two bins: (0.3 against 0.5), (0.7 against 1.0), each half of the questions.
    value = statistics.calibration_error(confidence, correct, once(4), bins=2)
    assert value[0] == pytest.approx(0.5 * 0.2 + 0.5 * 0.3)
    bins = statistics.calibration_bins(confidence, correct, bins=2)
    assert [pytest.approx(b) for b in bins] == [(0.3, 0.5, 2), (0.7, 1.0, 2)]


def test_a_perfectly_calibrated_confidence_has_hardly_an_error():
    confidence = RANDOM.random(20_000)
    correct = RANDOM.random(20_000) < confidence
    good = statistics.calibration_error(confidence, correct, once(20_000))[0]
    bad = statistics.calibration_error(confidence / 2, correct, once(20_000))[0]
    assert good < 0.02
    assert bad > 0.2


@pytest.mark.parametrize("n", [1, 7, 60])
def test_weights_count_as_repeated_questions(n):
    confidence = RANDOM.integers(0, 5, n) / 4  # with ties
    outcome = RANDOM.random(n) < 0.5
    weights = RANDOM.integers(0, 4, (20, n)).astype(float)
    weights[:, 0] += 1
    for compute in (
        statistics.auroc,
        statistics.calibration_error,
        lambda c, o, w: statistics.accuracy_at(0.7, c, o, w),
        lambda c, o, w: statistics.mean(c, w),
    ):
        values = compute(confidence, outcome, weights)
        for row, value in zip(weights.astype(int), values, strict=True):
            repeated = np.repeat(confidence, row), np.repeat(outcome, row)
            (expected,) = compute(*repeated, once(row.sum()))
            assert value == pytest.approx(expected, nan_ok=True)


def test_risk_coverage_ends_with_all_questions():
    confidence = RANDOM.random(1000)
    correct = RANDOM.random(1000) < 0.5
    curve = statistics.risk_coverage(confidence, correct, points=50)
    assert len(curve) <= 51
    assert curve[-1] == (1.0, pytest.approx(1 - correct.mean()))
    assert [c for c, _ in curve] == sorted(c for c, _ in curve)
    assert statistics.risk_coverage(np.full(4, 0.5), np.array([True, False, True, True])) == [
        (1.0, 0.25)
    ]


def test_a_95_percent_interval_holds_the_truth_95_times_of_100():
    held = 0
    for trial in range(300):
        values = (RANDOM.random(120) < 0.6).astype(float)
        drawn = statistics.bootstrap(lambda w, v=values: statistics.mean(v, w), 120, trial, 300)
        low, high = statistics.interval(drawn)
        held += low <= 0.6 <= high
    assert 0.90 <= held / 300 <= 0.99


def test_the_bootstrap_is_seeded_and_spreads_as_theory_says():
    values = RANDOM.normal(size=400)
    drawn = statistics.bootstrap(lambda w: statistics.mean(values, w), 400, 3, 4000)
    again = statistics.bootstrap(lambda w: statistics.mean(values, w), 400, 3, 4000)
    assert (drawn == again).all()
    assert drawn.std() == pytest.approx(values.std() / 400**0.5, rel=0.1)


def test_systems_that_are_alike_do_not_differ():
    difference = statistics.paired_difference(np.zeros(50), seed=0)
    assert (difference.value, difference.p, difference.detectable) == (0, 1, 0)


def test_the_randomisation_test_agrees_with_counting_all_signs():
    differences = np.array([0.5, 0.2, -0.1, 0.4, 0.3, 0.0, 0.6, -0.2])
    signs = np.array(list(itertools.product([-1, 1], repeat=8)))
    exact = (np.abs(signs @ differences) >= abs(differences.sum()) - 1e-12).mean()
    assert statistics.paired_difference(differences, seed=0).p == pytest.approx(exact, abs=0.01)


def test_always_better_is_hardly_chance():
    difference = statistics.paired_difference(np.full(20, 0.1), seed=0)
    assert difference.p < 0.001
    assert (difference.low, difference.high) == (pytest.approx(0.1), pytest.approx(0.1))


def test_no_difference_is_found_significant_5_times_of_100():
    ps = [statistics.paired_difference(RANDOM.normal(size=40), seed).p for seed in range(150)]
    assert np.mean([p < 0.05 for p in ps]) <= 0.11
    assert 0.35 < np.mean(ps) < 0.65


def test_a_detectable_difference_is_detected_four_times_of_five():
    n = 60
    size = statistics.detectable(1 / n**0.5)
    assert size == pytest.approx((1.95996 + 0.84162) / n**0.5, rel=1e-4)
    ps = [statistics.paired_difference(RANDOM.normal(size, 1, n), s).p for s in range(150)]
    assert 0.7 <= np.mean([p < 0.05 for p in ps]) <= 0.9


def test_a_difference_of_auroc_is_tested_by_resampling():
    n = 200
    positive = np.arange(n) < n // 2
    good, bad = positive + RANDOM.normal(size=n) * 0.5, RANDOM.normal(size=n)

    def difference(weights: np.ndarray) -> np.ndarray:
        better = statistics.auroc(good, positive, weights)
        return better - statistics.auroc(bad, positive, weights)

    found = statistics.bootstrapped_difference(difference, n, seed=0)
    assert found.p < 0.01
    assert found.low > 0.2
    alike = statistics.bootstrapped_difference(lambda w: np.zeros(len(w)), n, seed=0)
    assert alike.p == 1


def test_holm_by_hand():
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.6, 0.7]) == [1.0, 1.0]
    assert statistics.holm([]) == []

"""Two results of the same questions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa.errors import UsageError
from qa.evaluation import Result, compare, deciding_metric


def changed(result: Result, name: str, *ids: str, value: float) -> Result:
    """The result with other values of one metric for some questions."""
    queries = [
        replace(query, values=query.values | {name: value}) if query.id in ids else query
        for query in result.queries
    ]
    return replace(result, queries=tuple(queries))


def test_a_result_does_not_differ_from_itself(seed_result):
    found = compare(seed_result, seed_result)
    assert [metric.name for metric in found.metrics] == list(seed_result.metrics)
    assert (found.paired, found.unpaired) == (42, 0)
    for metric in found.metrics:
        assert metric.a == metric.b == pytest.approx(seed_result.metrics[metric.name].value)
        assert (metric.difference.value, metric.difference.p, metric.p_holm) == (0, 1, 1)
        assert (metric.won, metric.lost, metric.is_significant) == ((), (), False)


def test_questions_are_won_and_lost(seed_result):
    seed_result = changed(seed_result, "Answer@1", "cradle", "first-lady", value=0.0)
    right = [query.id for query in seed_result.queries if query.values.get("Answer@1") == 1]
    wrong = [query.id for query in seed_result.queries if query.values.get("Answer@1") == 0]
    better = changed(seed_result, "Answer@1", *wrong, value=1.0)
    other = changed(better, "Answer@1", right[0], value=0.0)
    deciding = deciding_metric(compare(seed_result, other))
    assert (deciding.name, deciding.won, deciding.lost) == ("Answer@1", tuple(wrong), (right[0],))
    assert deciding.difference.value == pytest.approx((len(wrong) - 1) / 27)
    assert deciding.b - deciding.a == pytest.approx(deciding.difference.value)


def test_a_real_difference_is_significant_after_correction(seed_result):
    ids = [query.id for query in seed_result.queries]
    worse = changed(seed_result, "Answer@1", *ids[:27], value=0.0)
    (metric,) = [m for m in compare(seed_result, worse).metrics if m.name == "Answer@1"]
    assert metric.is_significant
    assert not metric.is_gain
    assert metric.difference.p <= metric.p_holm < 0.05
    assert metric.difference.high < 0


def test_lower_is_better_for_brier(seed_result):
    better = changed(seed_result, "Brier", "cradle", value=0.0)
    (metric,) = [m for m in compare(seed_result, better).metrics if m.name == "Brier"]
    assert metric.difference.value < 0
    assert metric.is_gain
    assert metric.won == ("cradle",)


def test_a_better_confidence_shows_in_auroc(seed_result):
    unsure = [replace(q, confidence=0.5) for q in seed_result.queries]
    sure = [replace(q, confidence=0.9 if q.answerable else 0.1) for q in seed_result.queries]
    found = compare(*(replace(seed_result, queries=tuple(each)) for each in (unsure, sure)))
    (metric,) = [metric for metric in found.metrics if metric.name == "AUROC"]
    assert (metric.a, metric.b) == (0.5, 1)
    assert metric.difference.low > 0
    assert metric.difference.p < 0.01


def test_only_questions_of_both_are_compared(seed_result):
    fewer = replace(seed_result, queries=seed_result.queries[5:])
    reworded = replace(fewer.queries[0], question="Something else?")
    found = compare(seed_result, replace(fewer, queries=(reworded, *fewer.queries[1:])))
    assert (found.paired, found.unpaired) == (36, 6)
    assert {metric.difference.n for metric in found.metrics if metric.name == "AUROC"} == {36}


def test_other_questions_cannot_be_compared(seed_result, beir_result):
    with pytest.raises(UsageError, match="no question in common"):
        compare(seed_result, beir_result)


def test_the_deciding_metric_may_be_chosen(seed_result):
    found = compare(seed_result, seed_result)
    assert deciding_metric(found, "Declined").name == "Declined"
    for name in ("AUROC", "nothing"):
        with pytest.raises(UsageError, match="can't be compared by"):
            deciding_metric(found, name)


def test_the_json_has_it_all(seed_result):
    value = compare(seed_result, seed_result).to_dict()
    assert list(value) == ["version", "paired", "unpaired", "metrics", "questions"]
    assert list(value["metrics"]["AUROC"]) == [
        "a", "b", "difference", "low", "high", "p", "p_holm", "detectable", "n", "won", "lost"
    ]  # fmt: skip
    assert value["questions"]["cradle"].startswith("Which city")

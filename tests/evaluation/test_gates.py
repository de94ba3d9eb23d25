"""An evaluation as a gate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa.errors import UsageError
from qa.evaluation import Estimate, Gate, load_dataset, parse_gates, shortfalls
from tests.evaluation.sets import SEED_QUESTIONS


def parsed(*texts: str) -> list[Gate]:
    return parse_gates(texts, load_dataset(SEED_QUESTIONS), coverage=0.8, negatives=False)


def test_gates_are_read():
    assert parsed("nDCG@10=0.85", "Accuracy@0.8 = .5") == [
        Gate("nDCG@10", 0.85), Gate("Accuracy@0.8", 0.5)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nDCG@10", "no bound"),
        ("nDCG@10=high", "no bound"),
        ("nDCG@10=nan", "no bound"),
        ("=0.5", "no bound"),
        ("ndcg=0.5", "no metric 'ndcg': there are nDCG@10"),
        ("Accuracy@0.9=0.5", "no metric"),
        ("AUROC(other)=0.5", "nothing that AUROC"),
    ],
)
def test_a_wrong_gate_is_an_error(text, words):
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert words in str(caught.value)


def test_what_falls_short_is_named(seed_result):
    metrics = seed_result.metrics | {
        "nDCG@10": Estimate(0.8, 0.7, 0.9, 26),
        "ECE": Estimate(0.2, 0.1, 0.3, 40),
    }
    del metrics["AUROC"]
    result = replace(seed_result, metrics=metrics)
    assert shortfalls(result, parsed("nDCG@10=0.8", "ECE=0.2")) == []
    assert shortfalls(result, parsed("nDCG@10=0.81", "ECE=0.1", "AUROC=0.5")) == [
        "nDCG@10 is 0.8000, below 0.81",
        "ECE is 0.2000, above 0.1",
        "AUROC is not defined",
    ]

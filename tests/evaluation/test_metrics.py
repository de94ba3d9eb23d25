"""Figures against arithmetic done by hand, and against trec_eval's own on the written run."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval

from qa.evaluation import metrics, write_run
from qa.evaluation.datasets import Dataset, Question, Source
from qa.evaluation.results import run_id
from tests.evaluation.sets import QRELS


def test_metrics_of_documents_by_hand():
    rankings = {
        "one": ["x", "b", "y", "a", *(f"n{i}" for i in range(20)), "c"],
        "two": [f"n{i}" for i in range(10)] + ["a"],
        "none": [],
    }
    grades = {
        "one": {"a": 3, "b": 1, "c": 2, "y": 0},
        "two": {"a": 1},
        "none": {"a": 1},
    }
    values = metrics.document_values(rankings, grades, metrics.DOCUMENT_METRICS)
    gained = 1 / log2(3) + 3 / log2(5)  # ranks 2 and 4; c at rank 25 is too deep
    ideal = 3 / log2(2) + 2 / log2(3) + 1 / log2(4)
    one = {
        "nDCG@10": gained / ideal,
        "R@5": 2 / 3,
        "R@20": 2 / 3,
        "RR@10": 1 / 2,
        "Success@1": 0.0,
    }
    assert values["one"] == pytest.approx(one)
    assert values["two"] == {"nDCG@10": 0, "R@5": 0, "R@20": 1, "RR@10": 0, "Success@1": 0}
    assert values["none"] == dict.fromkeys(metrics.DOCUMENT_METRICS, 0)


def test_trec_eval_computes_the_same_from_the_run(beir_result, tmp_path):
    write_run(beir_result, tmp_path / "small.run")
    with (tmp_path / "small.run").open() as lines:
        run = pytrec_eval.parse_run(lines)
    qrels: dict[str, dict[str, int]] = {}
    for query, document, grade in QRELS:
        qrels.setdefault(run_id(query), {})[run_id(document)] = grade
    measures = {"ndcg_cut.10", "recall.5,20", "recip_rank", "success.1"}
    values = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    names = {
        "ndcg_cut_10": "nDCG@10",
        "recall_5": "R@5",
        "recall_20": "R@20",
        "recip_rank": "RR@10",  # all that is relevant comes before rank 10 or not at all
        "success_1": "Success@1",
    }
    assert len(values) == 5
    for theirs, ours in names.items():
        mean = sum(value[theirs] for value in values.values()) / len(values)
        assert beir_result.metrics[ours].value == pytest.approx(mean)
        assert beir_result.metrics[ours].n == 5


def test_what_is_not_in_the_corpus_counts_as_missed(beir_result):
    (query,) = [query for query in beir_result.queries if query.id == "q4"]
    assert query.values["R@20"] == 0.5
    assert query.gold == ("doc 4", "not-in-the-corpus")


def test_means_are_of_the_questions_that_count(seed_result):
    queries = seed_result.queries
    for name in ("Answer@1", "Answer@5", "Sentence@1", "Passage@1", "Answered", "Declined"):
        values = [query.values[name] for query in queries if name in query.values]
        estimate = seed_result.metrics[name]
        assert estimate.value == pytest.approx(np.mean(values))
        assert estimate.low <= estimate.value <= estimate.high
        expected = 15 if name == "Declined" else 27
        assert estimate.n == len(values) == expected


def test_metrics_of_confidence_by_plain_counting(seed_result):
    # Other confidences, no two the same: then there is one order to count in; and as many
    # questions as can be cut at four fifths.
    queries = [
        replace(query, confidence=place * 7 % 40 / 40)
        for place, query in enumerate(seed_result.queries[:40])
    ]
    found = metrics.estimates(queries, seed_result.negatives, 0.8, seed=0)
    pairs = [
        (p.confidence > n.confidence) + (p.confidence == n.confidence) / 2
        for p in queries
        for n in queries
        if p.answerable and not n.answerable
    ]
    assert found["AUROC"].value == pytest.approx(np.mean(pairs))
    surest = sorted(queries, key=lambda query: -query.confidence)[: round(0.8 * len(queries))]
    right = np.mean([query.answerable and query.values["Answer@1"] for query in surest])
    assert found["Accuracy@0.8"].value == pytest.approx(right)
    errors = [(query.confidence - query.correct) ** 2 for query in seed_result.queries]
    brier = np.mean(errors)
    assert seed_result.metrics["Brier"].value == pytest.approx(brier)
    others = [
        (p.confidence > n.confidence) + (p.confidence == n.confidence) / 2
        for p in queries
        for n in seed_result.negatives
        if p.answerable
    ]
    assert found["AUROC(other)"].value == pytest.approx(np.mean(others))
    assert found["AUROC(other)"].n == 27 + len(seed_result.negatives)


def dataset(*questions: Question) -> Dataset:
    return Dataset("d", Path("d.jsonl"), questions)


ANSWERED = Question("a", "Who?", answers=("Ann",))
SOURCED = Question("b", "Who?", sources=(Source("x"),))
QUOTED = Question("c", "Who?", answers=("Ann",), sources=(Source("x", quote="Ann did"),))
UNANSWERABLE = Question("d", "Who?", answerable=False)


@pytest.mark.parametrize(
    ("questions", "there", "not_there"),
    [
        ([ANSWERED], {"Answer@1", "Answered", "ECE"}, {"nDCG@10", "Passage@1", "AUROC"}),
        ([SOURCED], {"nDCG@10", "Brier"}, {"Answer@1", "Sentence@1", "Passage@1", "Declined"}),
        ([QUOTED, UNANSWERABLE], {"Passage@1", "AUROC", "Accuracy@0.5"}, {"AUROC(other)"}),
        ([UNANSWERABLE], {"Declined"}, {"Answered", "AUROC", "Answer@1"}),
    ],
)  # fmt: skip
def test_what_does_not_apply_is_left_out(questions, there, not_there):
    names = set(metrics.applicable(dataset(*questions), 0.5, negatives=False))
    assert there <= names
    assert not names & not_there


def test_what_is_said_to_apply_is_what_is_found(seed_result, beir_result, beir):
    from qa.evaluation import load_dataset
    from tests.evaluation.sets import SEED_QUESTIONS

    seed = load_dataset(SEED_QUESTIONS)
    assert list(seed_result.metrics) == metrics.applicable(seed, 0.8, negatives=True)
    assert list(beir_result.metrics) == metrics.applicable(beir, 0.8, negatives=False)
    assert "Passage@1" not in beir_result.metrics

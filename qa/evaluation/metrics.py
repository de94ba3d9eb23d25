"""The metrics: their names, which apply to a dataset, and how each is computed.

Of documents (ir-measures, which calls trec_eval): ``nDCG@10``, ``R@5``, ``R@20``, ``RR@10``,
``Success@1``, over the questions with sources.
Of passages: ``Answer@1``, ``Answer@5``: an accepted string stands in the first k passages;
``Sentence@1``: it stands in the first passage's highlighted sentence; ``Passage@1``: the first
passage holds at least half of what the source quotes.
Of the decision to answer: ``Answered`` (of what can be answered), ``Declined`` (of what can't),
``AUROC`` of the confidence, answerable against not, ``Accuracy@0.8``: how many of the 80 % most
confident are answered by the first passage; ``ECE`` and ``Brier``: confidence against whether the
first passage answers. ``(other)``: with the questions of another set as those not answerable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from qa.evaluation import statistics
from qa.evaluation.datasets import Dataset
from qa.evaluation.results import Estimate, NegativeResult, QueryResult
from qa.evaluation.statistics import Floats, Statistic

DOCUMENT_METRICS = ("nDCG@10", "R@5", "R@20", "RR@10", "Success@1")
ANSWER_METRICS = ("Answer@1", "Answer@5", "Sentence@1")
PER_QUERY = (
    *DOCUMENT_METRICS,
    *ANSWER_METRICS,
    "Passage@1",
    "Answered",
    "Declined",
    "Declined(other)",
    "Brier",
)
COVERAGE = 0.8
"""The share of the questions that ``Accuracy@…`` is of, unless another is asked for."""
LOWER_IS_BETTER = ("Brier", "ECE")
CUTOFFS = (1, 2, 3, 5, 10, 20, 50, 100)
"""The k of the curves of recall and answers by k."""


def known(coverage: float) -> list[str]:
    """The names of all metrics, in the order they are shown in."""
    decisions = [accuracy_name(coverage), "ECE", "Brier"]
    ranking = ["AUROC", "AUROC(other)"]
    return [*(name for name in PER_QUERY if name != "Brier"), *ranking, *decisions]


def accuracy_name(coverage: float) -> str:
    return f"Accuracy@{coverage:g}"


def applicable(dataset: Dataset, coverage: float, negatives: bool) -> list[str]:
    """The names of the metrics that a dataset has a say on."""
    questions = dataset.questions
    missing: set[str] = set()
    if not any(question.sources for question in questions):
        missing |= set(DOCUMENT_METRICS)
    if not any(question.answers for question in questions):
        missing |= set(ANSWER_METRICS)
    if not any(s.quote or s.end is not None for q in questions for s in q.sources):
        missing |= {"Passage@1"}
    if not dataset.answerable:
        missing |= {"Answered", "AUROC", "AUROC(other)"}
    if not dataset.unanswerable:
        missing |= {"Declined", "AUROC"}
    if not negatives:
        missing |= {"Declined(other)", "AUROC(other)"}
    return [name for name in known(coverage) if name not in missing]


def document_values(
    rankings: Mapping[str, Sequence[str]],
    grades: Mapping[str, Mapping[str, int]],
    names: Sequence[str],
) -> dict[str, dict[str, float]]:
    """For each judged query its value in each metric of documents.

    Args:
        rankings: by query the names of the documents, best first.
        grades: by query the judged documents with their relevance.
        names: as ir-measures writes them.
    """
    import ir_measures

    run = [
        ir_measures.ScoredDoc(query, document, -float(rank))
        for query in grades
        for rank, document in enumerate(rankings[query])
    ]
    qrels = [
        ir_measures.Qrel(query, document, grade)
        for query, judged in grades.items()
        for document, grade in judged.items()
    ]
    values: dict[str, dict[str, float]] = {query: dict.fromkeys(names, 0.0) for query in grades}
    measures = [ir_measures.parse_measure(name) for name in names]
    if qrels:
        for metric in ir_measures.iter_calc(measures, qrels, run):
            values[metric.query_id][str(metric.measure)] = float(metric.value)
    return values


# ------------------------------------------------------------------ over the whole set


@dataclass(frozen=True, slots=True)
class Sample:
    """The questions a metric of the whole set is computed from."""

    ids: tuple[tuple[str, str], ...]
    """Of this set ("", id), of the other ("other", id)."""
    confidence: Floats
    outcome: NDArray[np.bool_]
    compute: Callable[[Floats, NDArray[np.bool_], Floats], Floats]
    """Confidence, outcome and weights to one value a resample."""

    def statistic(self, weights: Floats) -> Floats:
        return self.compute(self.confidence, self.outcome, weights)


def samples(
    queries: Sequence[QueryResult], negatives: Sequence[NegativeResult], coverage: float
) -> dict[str, Sample]:
    """By name the metrics that are no means over questions, as far as they are defined."""
    if not queries:
        return {}
    positives = [query for query in queries if query.answerable]
    right = [query.correct for query in queries]
    accuracy = accuracy_name(coverage)

    def accurate(confidence: Floats, correct: NDArray[np.bool_], weights: Floats) -> Floats:
        return statistics.accuracy_at(coverage, confidence, correct, weights)

    found = {
        accuracy: _sample(queries, (), right, accurate),
        "ECE": _sample(queries, (), right, statistics.calibration_error),
    }
    if positives and len(positives) < len(queries):
        answerable = [query.answerable for query in queries]
        found["AUROC"] = _sample(queries, (), answerable, statistics.auroc)
    if positives and negatives:
        outcome = [True] * len(positives) + [False] * len(negatives)
        found["AUROC(other)"] = _sample(positives, negatives, outcome, statistics.auroc)
    return found


def _sample(
    queries: Sequence[QueryResult],
    negatives: Sequence[NegativeResult],
    outcome: Sequence[bool],
    compute: Callable[[Floats, NDArray[np.bool_], Floats], Floats],
) -> Sample:
    asked: list[QueryResult | NegativeResult] = [*queries, *negatives]
    return Sample(
        ids=(*(("", query.id) for query in queries), *(("other", query.id) for query in negatives)),
        confidence=np.array([query.confidence or 0.0 for query in asked]),
        outcome=np.array(outcome, dtype=bool),
        compute=compute,
    )


def per_query(
    queries: Sequence[QueryResult], negatives: Sequence[NegativeResult]
) -> dict[str, dict[str, float]]:
    """By name the metrics that are means over questions: each question's value, by its id."""
    values: dict[str, dict[str, float]] = defaultdict(dict)
    for query in queries:
        for name, value in query.values.items():
            values[name][query.id] = value
    for negative in negatives:
        values["Declined(other)"][negative.id] = float(not negative.answered)
    return values


def estimates(
    queries: Sequence[QueryResult],
    negatives: Sequence[NegativeResult],
    coverage: float,
    seed: int,
) -> dict[str, Estimate]:
    """Every metric that is defined, with its interval, in the order they are shown in."""
    found: dict[str, Estimate | None] = {}
    for name, by_query in per_query(queries, negatives).items():
        values = np.array(list(by_query.values()))
        found[name] = _estimate(partial(statistics.mean, values), len(values), seed)
    for name, sample in samples(queries, negatives, coverage).items():
        found[name] = _estimate(sample.statistic, len(sample.ids), seed)
    return {name: each for name in known(coverage) if (each := found.get(name))}


def _estimate(statistic: Statistic, n: int, seed: int) -> Estimate | None:
    value = float(statistic(np.ones((1, n)))[0])
    bounds = statistics.interval(statistics.bootstrap(statistic, n, seed))
    return None if bounds is None or np.isnan(value) else Estimate(value, *bounds, n)

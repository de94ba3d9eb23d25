"""Every question of a dataset under every dense weight: the table that tuning chooses from.

Retrieval doesn't depend on the weight: each question is retrieved once and ranked once a weight,
by the service's own code; each ranking is judged as `qa.evaluation.evaluate` judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.errors import UsageError
from qa.evaluation import metrics
from qa.evaluation.asker import OnProgress
from qa.evaluation.datasets import Dataset, Question
from qa.evaluation.gold import Gold, Names, locate
from qa.evaluation.judging import judge
from qa.evaluation.results import QueryResult
from qa.evaluation.statistics import Floats
from qa.retrieval import Weights, compose_answer
from qa.retrieval.candidates import POOL
from qa.service import MAX_QUESTION, QA
from qa.types import DocumentInfo

DEPTH = POOL
"""Passages ranked for a question: those that are retrieved for it in any case when it is asked."""
_KEPT = 10
"""Documents of a ranking that are kept: nDCG@10 looks at no more."""


@dataclass(frozen=True, slots=True)
class Trials:
    """What came of each question (rows) under each dense weight (columns)."""

    metric: str
    """What a ranking is measured by: nDCG@10, or Answer@1."""
    weights: tuple[float, ...]
    values: Floats
    """The metric; NaN for a question that it doesn't count."""
    correct: NDArray[np.bool_]
    """Whether the first passage answers."""
    confidence: Floats
    """Below 0 where there is nothing to answer with, however low the threshold."""
    answerable: NDArray[np.bool_]
    """One a question."""
    documents: tuple[tuple[str, ...], ...]
    """The documents that each question is about, the most relevant first: its gold; where it has
    none, the document of the passage that is first with the weight in force."""

    def treated_rightly(self, column: int, threshold: float) -> Floats:
        """For each question 1 or 0: whether it is answered by a first passage that does answer,
        or declined if it can't be answered."""
        answered = self.confidence[:, column] >= threshold
        right = np.where(self.answerable, answered & self.correct[:, column], ~answered)
        return right.astype(np.float64)


def run_trials(
    bot: QA,
    dataset: Dataset,
    weights: Sequence[float],
    on_progress: OnProgress = lambda done, total: None,
) -> Trials:
    """Asks a dataset's questions under each of some dense weights, the one in force among them.

    Raises:
        UsageError: the dataset has neither sources nor answers, or a source isn't in the store.
        StoreError: see `QA.ask`.
    """
    infos = bot.documents()
    metric = ranking_metric(dataset, infos)
    gold = locate(bot, dataset, infos)
    names = Names.of(infos, dataset)
    in_force = list(weights).index(bot.settings.dense_weight)
    rows, about = [], []
    for done, question in enumerate(dataset.questions, start=1):
        row = [
            _Trial.of(query, metric)
            for query in _judged(bot, question, gold[question.id], names, weights)
        ]
        rows.append(row)
        about.append(_about(gold[question.id], row[in_force]))
        on_progress(done, len(dataset.questions))
    if metric in metrics.DOCUMENT_METRICS:
        grades = [gold[question.id].grades for question in dataset.questions]
        values = _document_values(metric, rows, grades)
    else:
        values = _table(rows, lambda trial: trial.value)
    return Trials(
        metric=metric,
        weights=tuple(weights),
        values=values,
        correct=_table(rows, lambda trial: trial.correct).astype(bool),
        confidence=_table(rows, lambda trial: trial.confidence),
        answerable=np.array([question.answerable for question in dataset.questions]),
        documents=tuple(about),
    )


def ranking_metric(dataset: Dataset, infos: Sequence[DocumentInfo]) -> str:
    """nDCG@10 where right documents are known and there is more than one document to rank, as
    otherwise every ranking of documents is alike; else Answer@1.

    Raises:
        UsageError: neither right documents nor answers are known.
    """
    has_sources = any(q.answerable and q.sources for q in dataset.questions)
    has_answers = any(q.answers for q in dataset.questions)
    if has_sources and (len(infos) > 1 or not has_answers):
        return "nDCG@10"
    if has_answers:
        return "Answer@1"
    raise UsageError(
        f"{dataset.path} has no question with a right answer or document: nothing tells which "
        "ranking is better."
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    """What is kept of one question under one weight."""

    documents: tuple[str, ...]
    value: float
    correct: bool
    confidence: float

    @classmethod
    def of(cls, query: QueryResult, metric: str) -> _Trial:
        sure = query.confidence if query.answered else None  # judged with a threshold of 0
        return cls(
            documents=tuple(document.id for document in query.documents[:_KEPT]),
            value=query.values.get(metric, np.nan),
            correct=query.correct,
            confidence=-1.0 if sure is None else sure,
        )


def _judged(
    bot: QA, question: Question, gold: Gold, names: Names, weights: Sequence[float]
) -> Iterator[QueryResult]:
    """One question under each weight, as if the threshold were 0; why it failed isn't asked."""
    text = question.text[:MAX_QUESTION]
    sentence = bot.settings.sentence_weight
    for ranking in bot.rankings(text, DEPTH, [Weights(weight, sentence) for weight in weights]):
        answer = compose_answer(text, text, ranking, min_confidence=0, timings_ms={})
        yield judge(
            question,
            gold,
            answer,
            names=names.of_id,
            document=lambda name: None,
            latency_ms=0,
        )


def _about(gold: Gold, trial: _Trial) -> tuple[str, ...]:
    if gold.relevant:
        return tuple(sorted(gold.relevant, key=lambda name: -gold.grades[name]))
    return trial.documents[:1]


def _document_values(
    metric: str, rows: Sequence[Sequence[_Trial]], grades: Sequence[Mapping[str, int]]
) -> Floats:
    judged = {str(number): own for number, own in enumerate(grades) if own}
    columns = []
    for column in zip(*rows, strict=True):
        rankings = {str(number): trial.documents for number, trial in enumerate(column)}
        values = metrics.document_values(rankings, judged, [metric])
        columns.append([values.get(number, {}).get(metric, np.nan) for number in rankings])
    return np.array(columns, dtype=np.float64).T


def _table(rows: Sequence[Sequence[_Trial]], value: Callable[[_Trial], float]) -> Floats:
    return np.array([[value(trial) for trial in row] for row in rows], dtype=np.float64)

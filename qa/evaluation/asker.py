"""Asks a store the questions of a dataset, in whichever words, and judges what comes of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from qa.errors import NotFoundError
from qa.evaluation import metrics
from qa.evaluation.datasets import Dataset, Question
from qa.evaluation.gold import Gold, Names, locate
from qa.evaluation.judging import judge
from qa.evaluation.results import NegativeResult, QueryResult
from qa.service import MAX_QUESTION, QA
from qa.types import Answer, Ask, Document, DocumentInfo, Passage

OnProgress = Callable[[int, int], None]
"""How many questions are asked, of how many."""


class Counter:
    """Counts questions asked."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self._done, self._total, self._on_progress = 0, total, on_progress

    def count(self) -> None:
        self._done += 1
        self._on_progress(self._done, self._total)


class Asker:
    """A bot, a dataset whose documents it has, and where right answers stand in them (``gold``).

    Raises:
        UsageError: a source isn't in the store.
    """

    def __init__(
        self, bot: QA, dataset: Dataset, infos: Sequence[DocumentInfo], depth: int, counter: Counter
    ) -> None:
        names = Names.of(infos, dataset)
        self.gold = locate(bot, dataset, infos)
        self._bot = bot
        self._depth = depth
        self._counter = counter
        self._names = names.of_id
        self._store = _Documents(bot, names.to_id)

    def ask(self, ask: Ask) -> Answer:
        """The answer of `QA.ask_many`, which asks no language model, to one question by itself, so
        that its time is its own.

        Raises:
            StoreError: the store is empty, made with another model, or can't be read.
        """
        # Whole essays are queries of some BEIR sets; models read only their beginning anyway.
        short = replace(ask, question=ask.question[:MAX_QUESTION], top_k=self._depth)
        (answer,) = self._bot.ask_many([short])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def judged(self, question: Question, ask: Ask) -> tuple[QueryResult, Answer]:
        """How a question went, asked like that, and the answer; see `judge`."""
        start = time.perf_counter()
        answer = self.ask(ask)
        latency = (time.perf_counter() - start) * 1000
        query = judge(
            question,
            self.gold[question.id],
            answer,
            names=self._names,
            document=self._store.get,
            latency_ms=latency,
        )
        self._counter.count()
        return query, answer

    def line(self, asks: Sequence[tuple[Question, Ask]]) -> list[QueryResult]:
        """How each of some questions went, with its values in the metrics of documents."""
        queries = [self.judged(question, ask)[0] for question, ask in asks]
        return with_document_metrics(queries, self.gold)[0]

    def negative(self, question: Question) -> NegativeResult:
        """What a question of another set came to."""
        answer = self.ask(in_context(question))
        self._counter.count()
        return NegativeResult(question.id, question.text, answer.confidence, answer.answered)


def in_context(question: Question) -> Ask:
    """The question as it was asked, after what came before."""
    return Ask(question.text, history=question.history)


def with_document_metrics(
    queries: Sequence[QueryResult], gold: Mapping[str, Gold]
) -> tuple[list[QueryResult], dict[int, float]]:
    """The queries with their values in the metrics of documents; and the mean recall by k."""
    grades = {query.id: gold[query.id].grades for query in queries if gold[query.id].grades}
    rankings = {query.id: [document.id for document in query.documents] for query in queries}
    recalls = {k: f"R@{k}" for k in metrics.CUTOFFS}
    names = list(dict.fromkeys((*metrics.DOCUMENT_METRICS, *recalls.values())))
    values = metrics.document_values(rankings, grades, names)
    complete = []
    for query in queries:
        own = values.get(query.id)
        shown = {name: own[name] for name in metrics.DOCUMENT_METRICS} if own else {}
        complete.append(replace(query, values=shown | query.values))
    means = {
        k: sum(value[name] for value in values.values()) / len(values)
        for k, name in recalls.items()
        if values
    }
    return complete, means


class _Documents:
    """Documents with their passages; failures come back to the same few."""

    def __init__(self, bot: QA, ids: Mapping[str, str]) -> None:
        self._bot = bot
        self._ids = ids
        self._found: dict[str, tuple[Document, list[Passage]] | None] = {}

    def get(self, name: str) -> tuple[Document, list[Passage]] | None:
        if name not in self._found:
            try:
                id_ = self._ids.get(name)
                self._found[name] = self._bot.document(id_) if id_ else None
            except NotFoundError:  # it was taken out meanwhile
                self._found[name] = None
        return self._found[name]

"""Asking a store: from questions to answers, alone or many together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from qa.errors import QAError, UsageError
from qa.filters import Filter, parse_filter
from qa.models import Models
from qa.retrieval import (
    POOL,
    Context,
    Nearest,
    Ranking,
    Searcher,
    Spoken,
    Weights,
    compose_answer,
    make_query,
)
from qa.settings import MAX_TOP_K, Settings
from qa.store import OutdatedError, Snapshot, Store
from qa.types import Answer, Ask, Turn

if TYPE_CHECKING:
    from qa.embedding.base import Vectors

MAX_QUESTION = 4000
"""Characters; models read far fewer."""

_LONGEST_MEMORY = 50
"""Turns of a conversation that are looked at."""

Result = TypeVar("Result")


class Asking:
    """Questions to one store. Safe to use from several threads."""

    def __init__(self, store: Store, settings: Settings, models: Models) -> None:
        self._store = store
        self._settings = settings
        self._models = models
        self.searcher = Searcher(
            _weights(settings),
            dense=settings.retriever != "lexical",
            lexical=settings.retriever != "dense",
            reranking=models.load_reranking,
        )

    def ask_many(self, asks: Sequence[Ask]) -> Iterator[Answer | Exception]:
        """The answer to each question, in order and as soon as it is there, or why there is none.

        Together they take a fraction of the time: the model runs once for all of them, and the
        vectors are read once.
        """
        questions = [self._checked(ask) for ask in asks]
        begun = iter(self._begin([q for q in questions if isinstance(q, _Question)]))
        for question in questions:
            if isinstance(question, Exception):
                yield question
                continue
            try:
                yield self._answer(question, next(begun))
            except Exception as error:  # one's failure is not the others'
                yield error

    def rankings(self, question: str, top_k: int, weights: Sequence[Weights]) -> list[Ranking]:
        """How each of some weights ranks what is retrieved for a question: retrieved once, and
        otherwise as `ask` does it.

        Raises:
            UsageError, StoreError: see `ask`.
        """
        question, k = checked_question(question), _checked_top_k(top_k)
        embedding = self._models.embedder.embed_queries([question])

        def rank(snapshot: Snapshot) -> list[Ranking]:
            query = make_query(question, embedding, snapshot)
            pool = self.searcher.retrieve(snapshot, query, k)
            return [self.searcher.rank(pool, k, each) for each in weights]

        return self._at_one_generation(rank)

    def _checked(self, ask: Ask) -> _Question | QAError:
        """What to search for, or what is wrong with the question."""
        try:
            return _Question(
                text=checked_question(ask.question),
                history=tuple(ask.history)[-_LONGEST_MEMORY:],
                top_k=_checked_top_k(self._settings.top_k if ask.top_k is None else ask.top_k),
                filter=parse_filter(ask.where),
                clock=_Clock(),
            )
        except QAError as error:
            return error

    def _begin(self, questions: Sequence[_Question]) -> list[_Begun | Exception]:
        """For each question what is known before it is searched for: see `_Begun`."""
        if not questions:
            return []
        try:
            if not self._models.is_loaded:  # another model is refused before it is loaded
                with self._store.snapshot() as snapshot:
                    self._models.check(snapshot)
            embedder = self._models.embedder
            for question in questions:
                question.clock.lap("load")
            abouts = self._abouts(questions)
            texts = [question.text for question in questions]
            vectors = embedder.embed_queries([*texts, *filter(None, abouts)])
            contexts = iter(vectors[len(texts) :, None])
            nearest = self._nearest(vectors[: len(texts)])
            for question in questions:
                question.clock.lap("embed")
        except Exception as error:
            return [error] * len(questions)
        return [
            _Begun(vectors[row : row + 1], nearest[row], about, next(contexts) if about else None)
            for row, about in enumerate(abouts)
        ]

    def _abouts(self, questions: Sequence[_Question]) -> list[str]:
        """For each question what the conversation before it is about; "" if there was none."""
        if not any(question.history for question in questions):
            return [""] * len(questions)
        return self._at_one_generation(
            lambda snapshot: [
                Context(question.history).about(question.text, snapshot) if question.history else ""
                for question in questions
            ]
        )

    def _nearest(self, vectors: Vectors) -> Sequence[Nearest | None]:
        """What is nearest to each of several questions; a single one is searched for later."""
        if len(vectors) < 2 or self._settings.retriever == "lexical":
            return [None] * len(vectors)
        return self._at_one_generation(
            lambda snapshot: [
                Nearest(snapshot.version, POOL, hits)
                for hits in snapshot.search_dense(vectors, POOL)
            ]
        )

    def _answer(self, question: _Question, begun: _Begun | Exception) -> Answer:
        if isinstance(begun, Exception):
            raise begun
        clock = question.clock
        clock.lap("wait")

        def search(snapshot: Snapshot) -> Ranking:
            within = None
            if question.filter:
                within = snapshot.catalog.keys_where(question.filter)
                clock.lap("filter")
            query = make_query(question.text, begun.embedding, snapshot, within, begun.nearest)
            if begun.context is None:
                return self.searcher.search(snapshot, query, question.top_k, clock.lap)
            about = make_query(begun.about, begun.context, snapshot, within)
            spoken = Spoken(about, Context(question.history).has_shown)
            return self.searcher.search_in_context(
                snapshot, query, spoken, question.top_k, clock.lap
            )

        ranking = self._at_one_generation(search)
        searched_for = f"{question.text} ({ranking.about})" if ranking.about else question.text
        threshold = self._settings.min_confidence
        return compose_answer(question.text, searched_for, ranking, threshold, clock.timings())

    def _at_one_generation(self, work: Callable[[Snapshot], Result]) -> Result:
        """What some work on the store's present generation returns.

        Where another thread takes the indexes on to a later generation meanwhile, the work begins
        anew with that one: to take them back and on again would cost both far more.
        """
        while True:
            with suppress(OutdatedError), self._store.snapshot(rewinds=False) as snapshot:
                self._models.check(snapshot)
                return work(snapshot)


def _weights(settings: Settings) -> Weights:
    """One side alone is also ranked by alone."""
    if settings.retriever == "hybrid":
        return Weights(settings.dense_weight, settings.sentence_weight)
    only = 1.0 if settings.retriever == "dense" else 0.0
    return Weights(only, settings.sentence_weight, adapts=False)


@dataclass(frozen=True, slots=True)
class _Question:
    """A question that makes sense."""

    text: str
    history: tuple[Turn, ...]
    top_k: int
    filter: Filter
    clock: _Clock


@dataclass(frozen=True, slots=True)
class _Begun:
    """What is known of a question before it is searched for."""

    embedding: Vectors
    """Shape ``(1, dimension)``."""
    nearest: Nearest | None
    about: str
    """What the conversation before it is about; "" if there was none."""
    context: Vectors | None
    """The embedding of that, shape ``(1, dimension)``."""


class _Clock:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._laps[stage] = round((now - self._last) * 1000, 3)
        self._last = now

    def timings(self) -> dict[str, float]:
        return {**self._laps, "total": round((time.perf_counter() - self._start) * 1000, 3)}


def checked_question(question: str) -> str:
    """The question as it can be asked. Raises UsageError if it is empty or too long."""
    question = _plain(question).strip()
    if not question:
        raise UsageError('The question is empty: ask something, as in qa ask "Who met whom?".')
    if len(question) > MAX_QUESTION:
        raise UsageError(
            f"The question has {len(question):,} characters: ask it in at most {MAX_QUESTION:,}."
        )
    return question


def _plain(text: str) -> str:
    """Without lone surrogates (from a command line that isn't UTF-8), which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode()


def _checked_top_k(top_k: int) -> int:
    if not 1 <= top_k <= MAX_TOP_K:
        raise UsageError(f"top_k is {top_k}: give a number from 1 to {MAX_TOP_K:,}.")
    return top_k

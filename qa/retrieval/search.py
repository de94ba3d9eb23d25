"""A search, from the query to ranked passages and a confidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from qa.retrieval.base import Candidate, Found, Query
from qa.retrieval.candidates import POOL, complete, gather
from qa.retrieval.confidence import confidence
from qa.retrieval.coverage import Coverage
from qa.retrieval.duplicates import collapse
from qa.retrieval.followups import dependence
from qa.retrieval.ranking import CONTEXT, Ranker, Side, Stored, Weights
from qa.retrieval.rerank import Reranking
from qa.retrieval.weighing import Weighed, bounded, joined, meeting
from qa.store import Snapshot

LEANS = 0.8
"""The probability of leaning on the conversation from which on a question is searched with it: to
drag an old subject along is worse than to leave one out."""

Lap = Callable[[str], None]
"""Told the name of each stage when it is done."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Passages, best first, and how sure it is that the first one answers."""

    found: Sequence[Found]
    confidence: float | None
    about: str = ""
    """What of a conversation was searched too."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A conversation, made ready for a search; see `qa.retrieval.context`."""

    about: Query
    has_shown: Callable[[str], bool]
    """Whether a passage's text was shown in it."""


@dataclass(frozen=True, slots=True)
class Pool:
    """What was retrieved for a query, not yet ranked: no weight has a say in it."""

    query: Query
    candidates: Sequence[Candidate]
    stored: Stored
    coverage: Coverage


class Searcher:
    """Retrieves, ranks, and tells how sure it is."""

    def __init__(
        self,
        weights: Weights,
        *,
        dense: bool = True,
        lexical: bool = True,
        reranking: Callable[[], Reranking | None] = lambda: None,
    ) -> None:
        """
        Args:
            dense: whether to retrieve by meaning.
            lexical: whether to retrieve by words.
            reranking: gives the reranker, if there is one; called at the first search.
        """
        self._reranking = cache(reranking)
        self._ranker = Ranker(weights)
        self._sides = {"dense": dense, "lexical": lexical}

    def search(
        self, snapshot: Snapshot, query: Query, top_k: int, lap: Lap = lambda stage: None
    ) -> Ranking:
        """The best ``top_k`` passages of a snapshot for a query."""
        pool = self.retrieve(snapshot, query, top_k)
        lap("retrieve")
        return self.rank(pool, top_k, lap=lap)

    def search_in_context(
        self,
        snapshot: Snapshot,
        query: Query,
        spoken: Spoken,
        top_k: int,
        lap: Lap = lambda stage: None,
    ) -> Ranking:
        """The best ``top_k`` passages for a question that is asked in a conversation.

        If it leans on the conversation, what that is about is searched too; if not, the question
        alone.
        """
        pool = self.retrieve(snapshot, query, top_k)
        lap("retrieve")
        alone = self.rank(pool, top_k)
        best = max((found.score for found in alone.found), default=0.0)
        leaning = partial(dependence, query.text, best, languages=snapshot.analyses())
        if leaning(1.0) >= LEANS:
            beside = self.beside(snapshot, pool, spoken, top_k)
            share = leaning(meeting(beside))
            if share >= LEANS:
                lap("rank")
                ranking = joined(beside, CONTEXT * share)
                about = spoken.about.text
                text = f"{query.text} ({about})"
                return replace(self._judged(query, text, ranking, top_k, lap), about=about)
        lap("rank")
        return alone

    def beside(self, snapshot: Snapshot, pool: Pool, spoken: Spoken, top_k: int) -> list[Weighed]:
        """What was retrieved for a question and what is retrieved for the conversation, weighed."""
        other = self.retrieve(snapshot, spoken.about, top_k)
        keys = list(dict.fromkeys(c.key for c in (*pool.candidates, *other.candidates)))
        question, conversation = (
            Side(each.query, complete(snapshot, each.query, each.candidates, keys), each.coverage)
            for each in (pool, other)
        )
        weighed = self._ranker.weigh(question, conversation, pool.stored, self._depth(top_k))
        return bounded(
            [
                Weighed(found, context, spoken.has_shown(found.passage.text))
                for found, context in weighed
            ]
        )

    def retrieve(self, snapshot: Snapshot, query: Query, top_k: int) -> Pool:
        """What is to be ranked when ``top_k`` passages are wanted."""
        candidates = gather(snapshot, query, max(top_k, POOL), **self._sides)
        return Pool(query, candidates, snapshot.passages, Coverage(snapshot, query))

    def rank(
        self,
        pool: Pool,
        top_k: int,
        weights: Weights | None = None,
        lap: Lap = lambda stage: None,
    ) -> Ranking:
        """The best ``top_k`` passages of a pool, by other weights than the searcher's own if
        some are given."""
        ranker = Ranker(weights) if weights else self._ranker
        ranking = ranker.rank(
            pool.query, pool.candidates, pool.stored, pool.coverage, self._depth(top_k)
        )
        lap("rank")
        return self._judged(pool.query, pool.query.text, ranking, top_k, lap)

    def _depth(self, top_k: int) -> int:
        """How many passages are ranked for so many: near duplicates will share a place, and a
        reranker has its own depth."""
        reranking = self._reranking()
        return max(2 * top_k, reranking.top_n if reranking else 0)

    def _judged(
        self, query: Query, text: str, ranking: list[Found], top_k: int, lap: Lap
    ) -> Ranking:
        """The first of a ranking, after a second look where there is a reranker, and how sure."""
        reranking = self._reranking()
        if reranking:
            ranking = reranking.rerank(text, ranking)
            lap("rerank")
        ranking = collapse(ranking, top_k)
        sure = confidence(query, ranking)
        lap("judge")
        return Ranking(ranking, sure)

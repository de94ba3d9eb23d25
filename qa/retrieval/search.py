"""A search, from the query to ranked passages and a confidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from qa.retrieval.base import Candidate, Found, Query
from qa.retrieval.candidates import POOL, gather
from qa.retrieval.confidence import confidence
from qa.retrieval.coverage import Coverage
from qa.retrieval.duplicates import collapse
from qa.retrieval.ranking import Ranker, Stored, Weights
from qa.retrieval.rerank import Reranking
from qa.store import Snapshot

Lap = Callable[[str], None]
"""Told the name of each stage when it is done."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Passages, best first, and how sure it is that the first one answers."""

    found: Sequence[Found]
    confidence: float | None


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
        reranking = self._reranking()
        # Near duplicates will share a place, and a reranker has its own depth.
        depth = max(2 * top_k, reranking.top_n if reranking else 0)
        ranking = ranker.rank(pool.query, pool.candidates, pool.stored, pool.coverage, depth)
        lap("rank")
        if reranking:
            ranking = reranking.rerank(pool.query.text, ranking)
            lap("rerank")
        ranking = collapse(ranking, top_k)
        sure = confidence(pool.query, ranking)
        lap("judge")
        return Ranking(ranking, sure)

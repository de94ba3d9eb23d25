"""A search, from the query to ranked passages and a confidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from qa.retrieval.base import Found, Query
from qa.retrieval.candidates import POOL, gather
from qa.retrieval.confidence import confidence
from qa.retrieval.coverage import Coverage
from qa.retrieval.duplicates import collapse
from qa.retrieval.ranking import Ranker, Weights
from qa.retrieval.rerank import Reranking
from qa.store import Snapshot

Lap = Callable[[str], None]
"""Told the name of each stage when it is done."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Passages, best first, and how sure it is that the first one answers."""

    found: Sequence[Found]
    confidence: float | None


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
        candidates = gather(snapshot, query, max(top_k, POOL), **self._sides)
        stored = snapshot.passages([candidate.key for candidate in candidates])
        lap("retrieve")
        coverage = Coverage(snapshot, query)
        ranking = self._ranker.rank(query, candidates, stored, coverage)
        lap("rank")
        if reranking := self._reranking():
            ranking = reranking.rerank(query.text, ranking)
            lap("rerank")
        ranking = collapse(ranking, top_k)
        sure = confidence(query, ranking, coverage)
        lap("judge")
        return Ranking(ranking, sure)

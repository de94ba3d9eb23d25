"""Lexical retrieval: the passages that hold the question's words, the rare ones above all."""

from __future__ import annotations

from collections.abc import Sequence

from qa.retrieval.base import Query
from qa.store import Hits, Snapshot


class LexicalRetriever:
    """Scores are shares of the highest BM25 possible, 0 to 1; see `qa.store.lexical_index`."""

    def search(self, snapshot: Snapshot, query: Query, k: int) -> Hits:
        return snapshot.search_lexical(query.terms, k, query.within)

    def scores(self, snapshot: Snapshot, query: Query, keys: Sequence[int]) -> dict[int, float]:
        return snapshot.search_lexical_beside(query.terms, 0, keys)[1]

    def search_beside(
        self, snapshot: Snapshot, query: Query, k: int, keys: Sequence[int]
    ) -> tuple[Hits, dict[int, float]]:
        """What `search` finds and what `scores` says of ``keys``, for little more than the one."""
        return snapshot.search_lexical_beside(query.terms, k, keys, query.within)

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
        import numpy as np

        hits = snapshot.search_lexical(query.terms, len(keys), np.array(keys, dtype=np.int64))
        return dict.fromkeys(keys, 0.0) | dict(hits)

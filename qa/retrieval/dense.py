"""Dense retrieval: the passages whose embeddings are nearest to the question's."""

from __future__ import annotations

from collections.abc import Sequence

from qa.retrieval.base import Query
from qa.store import Hits, Snapshot


class DenseRetriever:
    """Scores are cosines, -1 to 1."""

    def search(self, snapshot: Snapshot, query: Query, k: int) -> Hits:
        known = query.nearest
        if known and query.within is None and known.version == snapshot.version and known.k >= k:
            return known.hits[:k]
        return snapshot.search_dense(query.embedding, k, query.within)[0]

    def scores(self, snapshot: Snapshot, query: Query, keys: Sequence[int]) -> dict[int, float]:
        vectors = snapshot.vectors(keys)
        return {key: float(vectors[key][0] @ query.embedding[0]) for key in keys}

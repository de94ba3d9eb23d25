"""Dense retrieval: the passages whose embeddings are nearest to the question's."""

from __future__ import annotations

from qa.retrieval.base import Query
from qa.store import Snapshot


class DenseRetriever:
    """Scores are cosines, -1 to 1."""

    def retrieve(self, snapshot: Snapshot, query: Query, k: int) -> list[tuple[int, float]]:
        return snapshot.search(query.embedding, k)[0]

"""The vector index, derived from the catalog's embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from qa.store.index import Index

if TYPE_CHECKING:
    from qa.store.index import Ids, Scores, Vectors


class VectorIndex(Index, Protocol):
    """Nearest neighbours by inner product among vectors of unit length."""

    def add(self, ids: Ids, data: Vectors) -> None:
        """Adds vectors, shape ``(len(ids), dimension)``, under ids that aren't there yet."""

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors under ids that are there, shape ``(len(ids), dimension)``."""

    def search(self, queries: Vectors, k: int, within: Ids | None = None) -> tuple[Scores, Ids]:
        """The k best for each query, best first: scores and ids, shape ``(queries, <=k)``.

        Args:
            within: look among these only.
        """


def new_vector_index(kind: str, dimension: int) -> VectorIndex:
    """An empty index of a kind: "faiss", or "numpy" where faiss can't be had."""
    if kind == "numpy":
        from qa.store.numpy_index import NumpyIndex

        return NumpyIndex(dimension)
    from qa.store.faiss_index import FaissIndex

    return FaissIndex(dimension)

"""The vector index: derived from the catalog's embeddings, and replaceable by them at any time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Ids = NDArray[np.int64]
    Scores = NDArray[np.float32]


class VectorIndex(Protocol):
    """Nearest neighbours by inner product among vectors of unit length, each under an id.

    Not safe for a change while another thread searches.
    """

    @property
    def suffix(self) -> str:
        """The ending of the files this kind of index writes."""

    def ids(self) -> Ids:
        """The ids in the index, shape ``(n,)``, in no particular order."""

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Adds vectors, shape ``(len(ids), dimension)``, under ids that aren't there yet."""

    def remove(self, ids: Ids) -> None:
        """Removes the vectors with these ids."""

    def search(self, queries: Vectors, k: int) -> tuple[Scores, Ids]:
        """The k best for each query, best first: scores and ids, shape ``(queries, <=k)``."""

    def write(self, path: Path) -> None:
        """Writes the index to a file."""

    def read(self, path: Path) -> None:
        """Replaces the contents by a written file's. Raises any Exception if it is damaged."""


def new_index(kind: str, dimension: int) -> VectorIndex:
    """An empty index of a kind: "faiss", or "numpy" where faiss can't be had."""
    if kind == "numpy":
        from qa.store.numpy_index import NumpyIndex

        return NumpyIndex(dimension)
    from qa.store.faiss_index import FaissIndex

    return FaissIndex(dimension)

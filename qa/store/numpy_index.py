"""Exact search with NumPy alone: the reference for other indexes, and free of a start-up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from qa.store.index import Ids, Scores, Vectors


class NumpyIndex:
    """All vectors in one array; a search is one matrix product."""

    suffix = ".npz"

    def __init__(self, dimension: int) -> None:
        self._ids: Ids = np.empty(0, np.int64)
        self._vectors: Vectors = np.empty((0, dimension), np.float32)

    def ids(self) -> Ids:
        return self._ids

    def add(self, ids: Ids, data: Vectors) -> None:
        self._ids = np.concatenate([self._ids, ids])
        self._vectors = np.concatenate([self._vectors, data.astype(np.float32, copy=False)])

    def remove(self, ids: Ids) -> None:
        kept = ~np.isin(self._ids, ids)
        self._ids, self._vectors = self._ids[kept], self._vectors[kept]

    def vectors(self, ids: Ids) -> Vectors:
        order = np.argsort(self._ids)
        return self._vectors[order[np.searchsorted(self._ids, ids, sorter=order)]]

    def search(self, queries: Vectors, k: int, within: Ids | None = None) -> tuple[Scores, Ids]:
        ids, vectors = self._ids, self._vectors
        if within is not None:
            wanted = np.isin(ids, within)
            ids, vectors = ids[wanted], vectors[wanted]
        k = min(k, len(ids))
        similarities = queries @ vectors.T
        best = np.argpartition(-similarities, max(k - 1, 0), axis=1)[:, :k] if k else None
        if best is None:
            return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
        scores = np.take_along_axis(similarities, best, axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")
        best = np.take_along_axis(best, order, axis=1)
        return np.take_along_axis(similarities, best, axis=1), ids[best]

    def settle(self) -> None:
        pass  # a change is done at once

    def write(self, path: Path) -> None:
        with path.open("wb") as stream:  # given a name, numpy would add an ending of its own
            np.savez(stream, ids=self._ids, vectors=self._vectors)

    def read(self, path: Path) -> None:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            ids, vectors = arrays["ids"], arrays["vectors"]
        if ids.shape != (len(vectors),) or vectors.shape[1:] != self._vectors.shape[1:]:
            raise ValueError(f"{path.name} is another kind of index")
        self._ids, self._vectors = ids, vectors

"""Exact search with FAISS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import faiss
import numpy as np

if TYPE_CHECKING:
    from qa.store.index import Ids, Scores, Vectors

_MANY = 64
_BLAS, _NO_BLAS = 1, 1_000_000_000


class FaissIndex:
    """A flat inner-product index with the catalog's own ids."""

    suffix = ".faiss"

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def ids(self) -> Ids:
        ids: Ids = faiss.vector_to_array(self._index.id_map).astype(np.int64)
        return ids

    def add(self, ids: Ids, data: Vectors) -> None:
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(data, dtype=np.float32), ids)

    def remove(self, ids: Ids) -> None:
        if len(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(np.ascontiguousarray(ids, dtype=np.int64)))

    def vectors(self, ids: Ids) -> Vectors:
        vectors: Vectors = self._index.reconstruct_batch(np.ascontiguousarray(ids, dtype=np.int64))
        return vectors

    def search(self, queries: Vectors, k: int, within: Ids | None = None) -> tuple[Scores, Ids]:
        parameters = None
        size = self._index.ntotal
        if within is not None:
            within = np.intersect1d(within, self.ids())
            size = len(within)
            parameters = faiss.SearchParameters()
            selector = faiss.IDSelectorBatch(within)  # which has to outlive the search
            parameters.sel = selector
        k = min(k, size)
        if k == 0:
            return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        # A few queries are one thread's work; more threads would only wait for each other.
        faiss.omp_set_num_threads(1 if len(queries) < _MANY else os.cpu_count() or 1)
        # From three on one pass over the vectors serves all, by BLAS: a fifth of the time.
        faiss.cvar.distance_compute_blas_threshold = _BLAS if len(queries) > 2 else _NO_BLAS
        scores, ids = self._index.search(queries, k, params=parameters)
        return scores, ids

    def settle(self) -> None:
        pass  # a change is done at once

    def write(self, path: Path) -> None:
        faiss.write_index(self._index, str(path))

    def read(self, path: Path) -> None:
        index = faiss.read_index(str(path))
        if not isinstance(index, faiss.IndexIDMap2) or index.d != self._dimension:
            raise ValueError(f"{path.name} is another kind of index")
        self._index = index

"""The index files, held against the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.doctor.findings import Finding, Kind
from qa.store import Catalog
from qa.store.derived import Derived, dense, lexical
from qa.store.vector_index import VectorIndex

if TYPE_CHECKING:
    from qa.store.index import Ids

_BY_SUFFIX = {".faiss": "faiss", ".npz": "numpy", ".tantivy": "tantivy", ".json": "memory"}
_BATCH = 10_000
_CLOSE = 1e-5


def check_indexes(folder: Path, catalog: Catalog, dimension: int) -> Iterator[Finding]:
    """Index files that are missing, damaged, or not in step with the catalog."""
    for name in ("dense", "lexical"):
        meta = catalog.meta(f"{name}_index")
        suffix = Path(meta["file"]).suffix if isinstance(meta, dict) and "file" in meta else ""
        if suffix not in _BY_SUFFIX:
            yield _finding(name, "isn't there: the first question has to make it")
            continue
        kind = _BY_SUFFIX[suffix]
        derived = dense(kind, dimension) if name == "dense" else lexical(kind)
        yield from _check(derived, folder, catalog, dimension)


def _finding(name: str, what: str) -> Finding:
    return Finding(Kind.INDEX, f"The {name} index {what}")


def _check(
    derived: Derived[Any], folder: Path, catalog: Catalog, dimension: int
) -> Iterator[Finding]:
    import numpy as np

    recorded = derived.recorded(catalog)
    generation = catalog.meta("generation")
    if recorded is None or recorded.generation != generation:
        if not catalog.meta("ingesting"):  # it is written less often in the midst of an ingest
            yield _finding(derived.name, f"isn't that of generation {generation}")
        return
    if recorded.version != derived.version:
        message = f"The {derived.name} index is of another qa, and is made again when it is needed"
        yield Finding(Kind.NOTE, message)
        return
    if not (folder / recorded.file).exists():
        yield _finding(derived.name, f"is gone ({recorded.file})")
        return
    index, loaded = derived.load(folder, catalog)
    if loaded is None:
        yield _finding(derived.name, f"is damaged ({recorded.file})")
        return
    held, wanted = np.sort(index.ids()), np.sort(catalog.passage_keys())
    if not np.array_equal(held, wanted):
        lacking, more = len(np.setdiff1d(wanted, held)), len(np.setdiff1d(held, wanted))
        yield _finding(derived.name, f"lacks {lacking:,} passages, and has {more:,} that are gone")
    elif derived.name == "dense" and not _has_vectors(index, catalog, wanted, dimension):
        yield _finding(derived.name, "has other vectors than the catalog")


def _has_vectors(index: VectorIndex, catalog: Catalog, keys: Ids, dimension: int) -> bool:
    import numpy as np

    return all(
        np.allclose(index.vectors(found), vectors, atol=_CLOSE)
        for start in range(0, len(keys), _BATCH)
        for found, vectors in catalog.embeddings(keys[start : start + _BATCH], dimension)
    )

"""The index file: loading, bringing into step with the catalog, and writing it whole or not at all.

One mechanism serves an index that is stale, damaged or missing: compare the keys it holds with
the catalog's, remove what is gone and add what is new. From an empty index that is a rebuild.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from qa.store.catalog import Catalog
from qa.store.index import VectorIndex, new_index

_META = "index"
_OWN_FILE = re.compile(r"dense-\d+\.(faiss|npz)(\.tmp)?")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexFile:
    """The catalog's record of the index file that was written for a generation."""

    file: str
    generation: int
    sha256: str

    @classmethod
    def recorded(cls, catalog: Catalog) -> IndexFile | None:
        fields = catalog.meta(_META)
        return cls(**fields) if isinstance(fields, dict) else None

    def record(self, catalog: Catalog) -> None:
        catalog.set_meta(_META, asdict(self))


def load(
    folder: Path, catalog: Catalog, kind: str, dimension: int
) -> tuple[VectorIndex, IndexFile | None]:
    """The recorded index, and the record; or an empty one and None.

    It is empty if there is no such file, if it is damaged, or if it is of another kind.
    """
    index = new_index(kind, dimension)
    recorded = IndexFile.recorded(catalog)
    if recorded is None or not recorded.file.endswith(index.suffix):
        return index, None
    path = folder / recorded.file
    try:
        if _sha256(path) != recorded.sha256:
            raise ValueError("its sha256 is not the one recorded")
        index.read(path)
    except Exception as error:  # whatever a library makes of a damaged file
        logger.warning(
            "The index %s can't be used (%s): it is made again from the stored embeddings.",
            path,
            error,
        )
        return new_index(kind, dimension), None
    return index, recorded


def sync(index: VectorIndex, catalog: Catalog, dimension: int) -> int:
    """Brings the index into step with the catalog; returns how many vectors changed."""
    import numpy as np

    held, wanted = index.ids(), catalog.passage_keys()
    gone = np.setdiff1d(held, wanted)
    new = np.setdiff1d(wanted, held)
    index.remove(gone)
    for keys, vectors in catalog.embeddings(new, dimension):
        index.add(keys, vectors)
    return len(gone) + len(new)


def write(folder: Path, index: VectorIndex, generation: int) -> IndexFile:
    """Writes the index to a new file, makes sure it is on the disk, and renames it into place."""
    path = folder / f"dense-{generation}{index.suffix}"
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        index.write(temporary)
        _flush_to_disk(temporary)
        sha256 = _sha256(temporary)
        temporary.replace(path)
        if os.name != "nt":  # Windows has no handles on folders
            _flush_to_disk(folder)
    except RuntimeError as error:  # FAISS's own, when the disk is full
        raise OSError(f"the index can't be written: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return IndexFile(path.name, generation, sha256)


def remove_others(folder: Path, catalog: Catalog) -> None:
    """Deletes index files that belong to no committed generation or to an earlier one."""
    recorded = IndexFile.recorded(catalog)
    for path in folder.glob("dense-*"):
        own = _OWN_FILE.fullmatch(path.name)  # a store may lie among a person's files
        if own and (recorded is None or path.name != recorded.file):
            with suppress(OSError):  # the commit is done; the next one tries again
                path.unlink()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

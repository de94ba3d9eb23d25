"""Index files: loading, bringing into step with the catalog, and writing them whole or not at all.

One mechanism serves every kind of index, and one that is stale, damaged or missing: compare the
keys it holds with the catalog's, remove what is gone and add what is new. From an empty index that
is a rebuild.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from qa.analysis import VERSION, analyse, analysis_of
from qa.store.catalog import Catalog
from qa.store.index import Index
from qa.store.lexical_index import LexicalEntry, LexicalIndex, new_lexical_index
from qa.store.vector_index import VectorIndex, new_vector_index

if TYPE_CHECKING:
    from qa.store.index import Ids

# (In a store of format 1 without the random digits.)
_OWN_FILE = re.compile(r"(dense|lexical)-\d+(-[0-9a-f]{8})?\.(faiss|npz|tantivy|json)(\.tmp)?")

logger = logging.getLogger(__name__)

_LEXICAL_REMADE_FROM = 20_000
_LEXICAL_BACKLOG = 2000
"""A reader who finds the index stale has to analyse what is missing, which takes longer than to
read vectors."""

AnyIndex = TypeVar("AnyIndex", bound=Index)


@dataclass(frozen=True, slots=True)
class IndexFile:
    """The catalog's record of the index file or folder that was written for a generation."""

    file: str
    generation: int
    sha256: str
    version: int = 0
    """Of what the index is made by, beside the catalog."""
    whole: int = 0
    """Entries that it was made of in one go, before those that joined by and by."""


@dataclass(frozen=True)
class Derived(Generic[AnyIndex]):
    """One index of a store: how it is made from the catalog, and where it is kept."""

    name: str
    new: Callable[[], AnyIndex]
    feed: Callable[[Catalog, Ids], Iterator[tuple[Ids, Any]]]
    """What the index is to know of some passages, in batches."""
    version: int = 0
    """Of how ``feed`` makes that; an index of another version is as good as none."""
    backlog: int | None = None
    """Passages after which it is written even in the midst of an ingest, if that is not to wait
    until the store has grown by a quarter."""
    remade_from: int | None = None
    """Passages from which on it is made anew when the store has doubled. An index that grows by and
    by is in parts, and each part costs a search time."""

    def recorded(self, catalog: Catalog) -> IndexFile | None:
        fields = catalog.meta(f"{self.name}_index")
        return IndexFile(**fields) if isinstance(fields, dict) else None

    def load(self, folder: Path, catalog: Catalog) -> tuple[AnyIndex, IndexFile | None]:
        """The recorded index, and the record; or an empty one and None.

        It is empty if there is no such file, if it is damaged, or if it is of another kind.
        """
        index = self.new()
        recorded = self.recorded(catalog)
        if recorded is None or not recorded.file.endswith(index.suffix):
            return index, None
        if recorded.version != self.version:
            return index, None
        path = folder / recorded.file
        try:
            if _sha256(path) != recorded.sha256:
                raise ValueError("its sha256 is not the one recorded")
            index.read(path)
        except Exception as error:  # whatever a library makes of a damaged file
            logger.warning(
                "The index %s can't be used (%s): it is made again from the catalog.", path, error
            )
            return self.new(), None
        return index, recorded

    def is_due_anew(self, catalog: Catalog) -> bool:
        """Whether it pays to make the index anew."""
        if self.remade_from is None:
            return False
        recorded = self.recorded(catalog)
        whole = recorded.whole if recorded else 0
        return catalog.count("passages") >= max(self.remade_from, 2 * whole)

    def sync(self, index: AnyIndex, catalog: Catalog) -> int:
        """Brings the index into step with the catalog; returns how many passages changed."""
        import numpy as np

        held, wanted = index.ids(), catalog.passage_keys()
        gone = np.setdiff1d(held, wanted)
        new = np.setdiff1d(wanted, held)
        index.remove(gone)
        for keys, data in self.feed(catalog, new):
            index.add(keys, data)
        return len(gone) + len(new)

    def follow(self, index: AnyIndex, catalog: Catalog) -> None:
        """Brings an index that was in step with an earlier generation into step with this one.

        Keys only grow, so that what is new can be told by them; where nothing is gone, the keys
        that were there need no look.
        """
        held = index.ids()
        new = catalog.passage_keys_after(int(held.max()) if len(held) else 0)
        if len(held) + len(new) == catalog.count("passages"):
            for keys, data in self.feed(catalog, new):
                index.add(keys, data)
        else:
            self.sync(index, catalog)

    def write(
        self,
        folder: Path,
        index: AnyIndex,
        generation: int,
        catalog: Catalog,
        *,
        anew: bool = False,
    ) -> None:
        """Writes the index under a new name, makes sure it is on the disk, and records it.

        Args:
            anew: it was made in one go.
        """
        recorded = self.recorded(catalog)
        whole = len(index.ids()) if anew else recorded.whole if recorded else 0
        # The name is never given twice, so that nobody who reads an older one is disturbed.
        path = folder / f"{self.name}-{generation}-{uuid.uuid4().hex[:8]}{index.suffix}"
        temporary = path.with_name(f"{path.name}.tmp")
        try:
            index.write(temporary)
            _flush_to_disk(temporary)
            sha256 = _sha256(temporary)
            temporary.replace(path)
            flush(folder)
        except (RuntimeError, ValueError) as error:  # FAISS's and tantivy's, on a full disk
            raise OSError(f"the index can't be written: {error}") from error
        finally:
            _remove(temporary)
        # Somebody may be opening a folder, file by file; links make it cheap to keep.
        before = catalog.meta(f"{self.name}_index") if path.is_dir() else None
        catalog.set_meta(f"{self.name}_index_before", before)
        record = IndexFile(path.name, generation, sha256, self.version, whole)
        catalog.set_meta(f"{self.name}_index", asdict(record))


def dense(kind: str, dimension: int) -> Derived[VectorIndex]:
    """The vector index of a store, of a kind that `new_vector_index` knows."""
    return Derived(
        "dense",
        lambda: new_vector_index(kind, dimension),
        lambda catalog, keys: catalog.embeddings(keys, dimension),
    )


def lexical(kind: str) -> Derived[LexicalIndex]:
    """The lexical index of a store, of a kind that `new_lexical_index` knows."""
    new = partial(new_lexical_index, kind)
    return Derived(
        "lexical", new, _lexical_entries, VERSION, _LEXICAL_BACKLOG, _LEXICAL_REMADE_FROM
    )


def _lexical_entries(catalog: Catalog, keys: Ids) -> Iterator[tuple[Ids, list[LexicalEntry]]]:
    """Each passage with its title, headings and the passages beside it under the same heading.

    A question's words are often spread over neighbours; measured, that is worth more than the
    sharper picture of a passage alone, which the ranking by sentences gives back.
    """
    for found, texts in catalog.contexts(keys):
        entries = []
        for language, text in texts:
            analysis = analysis_of(language)
            entries.append(LexicalEntry(analysis, analyse(text, analysis)))
        yield found, entries


def is_index(name: str) -> bool:
    """Whether a file or folder of this name in a store's folder is an index; much else may lie
    there."""
    return bool(_OWN_FILE.fullmatch(name))


def remove_unrecorded(folder: Path, catalog: Catalog) -> None:
    """Deletes index files that belong to no committed generation, or to one too long ago."""
    for path in unrecorded(folder, catalog):
        _remove(path)


def unrecorded(folder: Path, catalog: Catalog) -> Iterator[Path]:
    """Index files that belong to no committed generation, or to one too long ago."""
    kept = {file for name in ("dense", "lexical") for file in _recorded_files(catalog, name)}
    for path in [*folder.glob("dense-*"), *folder.glob("lexical-*")]:
        if is_index(path.name) and path.name not in kept:
            yield path


def _recorded_files(catalog: Catalog, name: str) -> list[str]:
    records = (catalog.meta(f"{name}_index"), catalog.meta(f"{name}_index_before"))
    return [record["file"] for record in records if isinstance(record, dict)]


def _remove(path: Path) -> None:
    with suppress(OSError):  # the commit is done; the next one tries again
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    """Of a file, or of all files in a folder with their names."""
    if not path.is_dir():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    # A reader of tantivy's leaves lock files behind.
    names = sorted(file.name for file in path.iterdir() if file.suffix != ".lock")
    hashes = "\n".join(f"{_sha256(path / name)} {name}" for name in names)
    return hashlib.sha256(hashes.encode()).hexdigest()


def _flush_to_disk(path: Path) -> None:
    for file in path.iterdir() if path.is_dir() else ():
        flush(file)
    flush(path)


def flush(path: Path) -> None:
    """Makes sure that a file, or a folder's list of files, is on the disk."""
    if os.name == "nt" and path.is_dir():  # Windows has no handles on folders
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

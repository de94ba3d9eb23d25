"""A store: a folder with a catalog and the index derived from it.

::

    vectors/catalog.sqlite        documents, passages, embeddings: the truth
    vectors/dense-12.faiss        the index that belongs to generation 12
    vectors/writer.lock           held by the one process that writes

A generation is a committed state of the catalog. A writer puts the index file of its new
generation in place before it commits, and the commit names the file and its sha256; so a reader,
who looks at one generation in a read transaction, finds the file that belongs to it. If it finds
none, or a damaged one, it makes the index from the embeddings instead, and repairs the file if
nobody is writing.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qa.errors import (
    QAError,
    StoreBusyError,
    StoreDamagedError,
    StoreEmptyError,
    StoreMismatchError,
    StorePathError,
)
from qa.store import derived
from qa.store.catalog import SCHEMA, Catalog, connect, is_damage, storage_errors
from qa.store.derived import IndexFile
from qa.store.identity import FORMAT, Identity
from qa.store.index import VectorIndex
from qa.types import Document, DocumentInfo, Passage

if TYPE_CHECKING:
    from qa.store.index import Vectors

CATALOG = "catalog.sqlite"
LOCK = "writer.lock"

Version = tuple[str, int]
"""A catalog's own id and a generation of it: generations and keys begin anew with a new catalog."""

logger = logging.getLogger(__name__)


class Store:
    """One folder of documents, passages and vectors. Safe to use from several threads."""

    def __init__(self, folder: Path, index_kind: str = "faiss") -> None:
        """
        Args:
            folder: where the store is, or will be at the first write.
            index_kind: which `VectorIndex` to derive, "faiss" or "numpy".

        Raises:
            StorePathError: there is something else than a folder at ``folder``.
        """
        try:
            is_file = folder.exists() and not folder.is_dir()
        except OSError as error:
            raise StorePathError(
                f"The store {folder} can't be looked at ({error.strerror}): give another --store."
            ) from error
        if is_file:
            raise StorePathError(f"{folder} is a file, not a store: give a folder with --store.")
        self.folder = folder
        self.index_kind = index_kind
        self._index: VectorIndex | None = None
        self._index_version: Version | None = None
        self._index_lock = threading.Lock()

    @property
    def catalog_path(self) -> Path:
        return self.folder / CATALOG

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever committed here."""
        try:
            with self.snapshot():
                return False
        except StoreEmptyError:
            return True

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One generation, the one that is current now, for as long as the context lasts.

        Raises:
            StoreEmptyError: nothing was ever ingested.
            StoreError: the catalog can't be read.
        """
        if not self.catalog_path.exists():
            raise StoreEmptyError(
                f"There is no store in {self.folder} yet: run `qa ingest PATH` to make one."
            )
        with storage_errors(self.catalog_path):
            connection = connect(self.catalog_path)
            try:
                connection.execute("BEGIN")
                catalog = Catalog(connection)
                if catalog.is_created():
                    _check_format(catalog, self.catalog_path)
                if not catalog.is_created() or not catalog.meta("generation"):
                    raise StoreEmptyError(  # no writer ever came to its first commit
                        f"The store in {self.folder} is empty: run `qa ingest PATH` to fill it."
                    )
                yield Snapshot(self, catalog)
            finally:
                connection.close()

    @contextmanager
    def writer(
        self, identity: Identity, *, rebuild: bool = False, wait: float = 0
    ) -> Iterator[Writer]:
        """The one writer; whatever it hasn't committed when the context ends is undone.

        Args:
            identity: what the vectors to be written are made with.
            rebuild: take on the identity instead of requiring it, and set a damaged catalog aside.
            wait: how many seconds to wait for another writer to finish.

        Raises:
            StoreBusyError: another process or thread is writing, and went on to.
            StoreMismatchError: the store was made with something else.
            StoreError: the folder or catalog can't be written.
        """
        with storage_errors(self.catalog_path):
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(self.folder, wait), _opened(self.catalog_path, rebuild) as connection:
                catalog = Catalog(connection)
                _create_or_check(catalog, self.catalog_path, identity, rebuild)
                yield Writer(self, catalog, identity)

    def search(self, snapshot: Snapshot, queries: Vectors, k: int) -> list[list[tuple[int, float]]]:
        """For each query the k nearest passages of the snapshot, as (key, cosine), best first."""
        with self._index_lock:
            scores, keys = self._index_at(snapshot).search(queries, k)
        return [
            [(int(key), float(score)) for key, score in zip(*row, strict=True) if key >= 0]
            for row in zip(keys, scores, strict=True)
        ]

    def _index_at(self, snapshot: Snapshot) -> VectorIndex:
        if self._index is not None and self._index_version == snapshot.version:
            return self._index
        index, self._index = self._index, None  # half changed by an error, it must not be kept
        same_catalog = self._index_version and self._index_version[0] == snapshot.version[0]
        if index is not None and same_catalog:
            derived.sync(index, snapshot.catalog, snapshot.identity.dimension)
        else:
            index, loaded = derived.load(
                self.folder, snapshot.catalog, self.index_kind, snapshot.identity.dimension
            )
            if loaded is None or loaded.generation != snapshot.generation:
                derived.sync(index, snapshot.catalog, snapshot.identity.dimension)
                self._repair(snapshot, index)
        self._index, self._index_version = index, snapshot.version
        return index

    def _repair(self, snapshot: Snapshot, index: VectorIndex) -> None:
        """Writes the index file of the snapshot's generation, if nobody else is writing."""
        try:
            with (
                storage_errors(self.catalog_path),
                _locked(self.folder),
                _opened(self.catalog_path, rebuild=False) as connection,
            ):
                catalog = Catalog(connection)
                connection.execute("BEGIN IMMEDIATE")
                if _version(catalog) == snapshot.version:
                    derived.write(self.folder, index, snapshot.generation).record(catalog)
                    connection.execute("COMMIT")
                    derived.remove_others(self.folder, catalog)
        except QAError as error:  # it answers all the same
            logger.debug("The index file could not be repaired: %s", error)


class Snapshot:
    """A store at one generation, whatever is written meanwhile."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self.catalog = catalog
        self.version = _version(catalog)
        self.identity = Identity(**catalog.meta("identity"))

    @property
    def generation(self) -> int:
        """The number of commits there were."""
        return self.version[1]

    @property
    def is_complete(self) -> bool:
        """False if the last ingest was ended before it was through, or is still running."""
        return not self.catalog.meta("ingesting")

    def search(self, queries: Vectors, k: int) -> list[list[tuple[int, float]]]:
        """See `Store.search`."""
        return self._store.search(self, queries, k)

    def passages(self, keys: Sequence[int]) -> dict[int, tuple[Passage, DocumentInfo]]:
        """The passages with these keys, each with its document."""
        return self.catalog.passages(keys)

    @property
    def index_file(self) -> Path | None:
        """The index file of this generation, if there is one."""
        recorded = IndexFile.recorded(self.catalog)
        if recorded is None or recorded.generation != self.generation:
            return None
        path = self._store.folder / recorded.file
        return path if path.is_file() else None


class Writer:
    """Changes a store; nothing of a change is seen by anyone before `commit`."""

    def __init__(self, store: Store, catalog: Catalog, identity: Identity) -> None:
        self._store = store
        self._identity = identity
        self._index: VectorIndex | None = None
        self._changed = 0
        self._dirty = False
        self._displaced: set[int] = set()
        """Keys of documents that lost a path, and may have none left."""
        self.catalog = catalog

    def add(self, document: Document, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Adds a document that isn't in the store, at its paths."""
        self._begin()
        self.catalog.add_document(document)
        for path in document.paths:
            self.set_path(path, document.id)
        self.catalog.add_passages(document.id, passages, vectors)
        self._changed += len(passages)

    def replace_passages(
        self, document: Document, passages: Sequence[Passage], vectors: Vectors
    ) -> None:
        """Replaces the passages of a document that is in the store."""
        self._begin()
        self.catalog.remove_passages(document.id)
        self.catalog.add_passages(document.id, passages, vectors)
        self._changed += len(passages)

    def set_path(self, path: str, document_id: str) -> None:
        """Says which document of the store is at ``path``."""
        self._begin()
        self._displace(self.catalog.set_path(path, document_id))

    def remove_path(self, path: str) -> None:
        """Forgets a path; a document without any is removed by the next commit."""
        self._begin()
        self._displace(self.catalog.remove_path(path))

    def commit(self, *, final: bool = True) -> None:
        """Makes all changes visible at once, as a new generation.

        With ``final`` false more is to come: the index file is then written only after the store
        has grown by a quarter, so that a long ingest doesn't write it over and over.
        """
        interrupted = final and self.catalog.meta("ingesting")
        if not self._dirty and not interrupted:
            return
        self._begin()
        self.catalog.remove_without_path(self._displaced)
        self._displaced.clear()
        generation = self.catalog.meta("generation") + 1
        self.catalog.set_meta("generation", generation)
        self.catalog.set_meta("identity", self._identity.to_dict())
        self.catalog.set_meta("ingesting", not final)
        if final or self._changed * 4 >= self.catalog.count("passages"):
            self._write_index(generation)
        self.catalog.execute("COMMIT")
        self._dirty = False
        derived.remove_others(self._store.folder, self.catalog)

    def _displace(self, key: int | None) -> None:
        if key is not None:
            self._displaced.add(key)

    def _begin(self) -> None:
        if not self._dirty:
            self.catalog.execute("BEGIN IMMEDIATE")
            self._dirty = True

    def _write_index(self, generation: int) -> None:
        dimension = self._identity.dimension
        if self._index is None:
            self._index, _ = derived.load(
                self._store.folder, self.catalog, self._store.index_kind, dimension
            )
        derived.sync(self._index, self.catalog, dimension)
        derived.write(self._store.folder, self._index, generation).record(self.catalog)
        self._changed = 0


@contextmanager
def _locked(folder: Path, wait: float = 0) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK, timeout=wait)
    try:
        lock.acquire()
    except Timeout:
        raise StoreBusyError(
            f"Another process is writing to the store {folder}: wait until it has finished and "
            "try again."
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _opened(path: Path, rebuild: bool) -> Iterator[sqlite3.Connection]:
    if rebuild and path.exists() and not _is_sound(path):
        _set_aside(path)
    connection = connect(path, create=True, write=True)
    try:
        yield connection
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.close()


def _is_sound(path: Path) -> bool:
    """Whether all of a catalog can be read, as far as SQLite can tell."""
    try:
        with closing(connect(path)) as connection:
            catalog = Catalog(connection)
            if catalog.is_created():
                _check_format(catalog, path)
                catalog.infos()
                for _ in catalog.documents():
                    pass  # it can be read: that is all that is asked
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.OperationalError as error:
        if is_damage(error):
            return False
        raise  # it may be sound: that it can't be opened now is no reason to set it aside
    except (sqlite3.DatabaseError, StoreDamagedError, ValueError, TypeError, KeyError):
        return False


def _set_aside(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.replace(file.with_name(f"{file.name}.damaged"))
    logger.warning("The damaged catalog was kept as %s.damaged.", path)


def _create_or_check(catalog: Catalog, path: Path, identity: Identity, rebuild: bool) -> None:
    if not catalog.is_created():
        catalog.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA.split(";"):
            catalog.execute(statement)
        catalog.set_meta("format", FORMAT)
        catalog.set_meta("uid", uuid.uuid4().hex)
        catalog.set_meta("generation", 0)
        catalog.set_meta("identity", identity.to_dict())
        catalog.execute("COMMIT")
        return
    _check_format(catalog, path)
    if not rebuild and catalog.meta("generation") > 0:
        Identity(**catalog.meta("identity")).check(identity)


def _version(catalog: Catalog) -> Version:
    return catalog.meta("uid"), catalog.meta("generation")


def _check_format(catalog: Catalog, path: Path) -> None:
    format_, generation = catalog.meta("format"), catalog.meta("generation")
    identity = catalog.meta("identity")
    whole = isinstance(format_, int) and isinstance(generation, int) and isinstance(identity, dict)
    if not whole:
        raise StoreDamagedError(
            f"The catalog {path} is damaged (its format, generation or model is missing): run "
            "`qa ingest --rebuild` to set it aside and ingest anew."
        )
    if format_ != FORMAT:
        raise StoreMismatchError(
            f"The store {path.parent} has format {format_}, this qa reads format {FORMAT}: "
            "upgrade qa, or make a new store with `qa ingest --store DIR`."
        )

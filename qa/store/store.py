"""A store: a folder with a catalog and the indexes derived from it.

::

    vectors/catalog.sqlite              documents, passages, embeddings: the truth
    vectors/dense-12-0a1b2c3d.faiss     the vector index that belongs to generation 12
    vectors/lexical-12-4e5f6a7b.tantivy the lexical one, a folder
    vectors/writer.lock                 held by the one process that writes

A generation is a committed state of the catalog. A writer puts the index files of its new
generation in place before it commits, and the commit names each file and its sha256; so a reader,
who looks at one generation in a read transaction, finds the files that belong to it. Where it
finds none, or a damaged one, it makes the index from the catalog instead, and repairs the file if
nobody is writing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.analysis import Terms, analysis_of
from qa.errors import StoreEmptyError, StorePathError
from qa.store import derived
from qa.store.catalog import Catalog
from qa.store.connections import Connections
from qa.store.derived import Derived
from qa.store.identity import Identity
from qa.store.live import Live
from qa.store.opening import (
    Version,
    check_format,
    create_or_check,
    locked,
    needs_migration,
    opened,
    upgrade,
    version_of,
)
from qa.store.schema import storage_errors
from qa.store.writer import Writer
from qa.types import DocumentInfo, Passage

if TYPE_CHECKING:
    from qa.store.catalog import PassageVectors
    from qa.store.index import Ids, Vectors

CATALOG = "catalog.sqlite"
PRIVATE = frozenset({"keys.json", "feedback.jsonl", "feedback-review.jsonl"})
"""What others keep in a store's folder, and no document is, even where documents lie there, too."""

Hits = list[tuple[int, float]]
"""Keys of passages with their scores, best first."""


class Store:
    """One folder of documents, passages and vectors. Safe to use from several threads."""

    def __init__(
        self, folder: Path, index_kind: str = "faiss", lexical_kind: str = "tantivy"
    ) -> None:
        """
        Args:
            folder: where the store is, or will be at the first write.
            index_kind: which `VectorIndex` to derive, "faiss" or "numpy".
            lexical_kind: which `LexicalIndex` to derive, "tantivy" or "memory".

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
        self.lexical_kind = lexical_kind
        self._connections = Connections(self.catalog_path)
        self._dense: Live[Any] = Live(self)
        self._lexical: Live[Any] = Live(self)
        self._analyses: tuple[Version | None, list[str]] = (None, [])
        self._is_upgraded = False

    @property
    def catalog_path(self) -> Path:
        return self.folder / CATALOG

    def is_own(self, path: Path) -> bool:
        """Whether a file (absolute path) is one of the store's: documents may lie in its folder,
        too."""
        folder = self.folder.absolute()
        first = path.relative_to(folder).parts[0] if folder in path.parents else ""
        return first in PRIVATE or derived.is_index(first)

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever committed here."""
        try:
            with self.snapshot():
                return False
        except StoreEmptyError:
            return True

    @contextmanager
    def snapshot(self, *, for_rebuild: bool = False, rewinds: bool = True) -> Iterator[Snapshot]:
        """One generation, the one that is current now, for as long as the context lasts.

        Args:
            rewinds: whether its searches take an index back that others have taken on to a later
                generation meanwhile; they raise OutdatedError otherwise.
            for_rebuild: even if a rebuild has to bring it up to date first; of its catalog
                only the paths can be read then.

        Raises:
            StoreEmptyError: nothing was ever ingested.
            StoreError: the catalog can't be read.
        """
        if not self.catalog_path.exists():
            raise StoreEmptyError(
                f"There is no store in {self.folder} yet: run `qa ingest PATH` to make one."
            )
        with storage_errors(self.catalog_path):
            self._upgrade()
        with storage_errors(self.catalog_path), self._connections.reading() as connection:
            catalog = Catalog(connection)
            if catalog.is_created():
                catalog.keep_meta()
                check = needs_migration if for_rebuild else check_format
                check(catalog, self.catalog_path)
            if not catalog.is_created() or not catalog.meta("generation"):
                raise StoreEmptyError(  # no writer ever came to its first commit
                    f"The store in {self.folder} is empty: run `qa ingest PATH` to fill it."
                )
            yield Snapshot(self, catalog, rewinds)

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
            with locked(self.folder, wait), opened(self.catalog_path, rebuild) as connection:
                catalog = Catalog(connection)
                create_or_check(catalog, self.catalog_path, identity, rebuild)
                kinds = [self._dense_kind(identity), self._lexical_kind]
                writer = Writer(self.folder, catalog, identity, kinds)
                if rebuild and needs_migration(catalog, self.catalog_path):
                    writer.migrate()
                yield writer

    def search_dense(
        self, snapshot: Snapshot, queries: Vectors, k: int, within: Ids | None = None
    ) -> list[Hits]:
        """For each query the k nearest passages of the snapshot, as (key, cosine), best first."""
        with self._dense.at(snapshot, self._dense_kind(snapshot.identity)) as index:
            scores, keys = index.search(queries, k, within)
        return [
            [(int(key), float(score)) for key, score in zip(*row, strict=True) if key >= 0]
            for row in zip(keys, scores, strict=True)
        ]

    def search_lexical(
        self, snapshot: Snapshot, question: Mapping[str, Terms], k: int, within: Ids | None = None
    ) -> Hits:
        """The k best passages of the snapshot by BM25, as (key, score), best first."""
        with self._lexical.at(snapshot, self._lexical_kind) as index:
            scores, keys = index.search(question, k, within)
        return [(int(key), float(score)) for key, score in zip(keys, scores, strict=True)]

    def search_lexical_beside(
        self,
        snapshot: Snapshot,
        question: Mapping[str, Terms],
        k: int,
        others: Sequence[int],
        within: Ids | None = None,
    ) -> tuple[Hits, dict[int, float]]:
        """The best passages, and the scores of others; see `LexicalIndex.search_beside`."""
        import numpy as np

        keys = np.array(others, dtype=np.int64)
        with self._lexical.at(snapshot, self._lexical_kind) as index:
            scores, ids, beside = index.search_beside(question, k, keys, within)
        hits = list(zip(ids.tolist(), scores.tolist(), strict=True))
        return hits, dict(zip(others, beside.tolist(), strict=True))

    def idfs(self, snapshot: Snapshot, terms: Terms) -> tuple[dict[str, float], dict[str, float]]:
        """The idf of each distinct stem and 4-gram."""
        with self._lexical.at(snapshot, self._lexical_kind) as index:
            found: tuple[dict[str, float], dict[str, float]] = index.idfs(terms)
            return found

    def size(self, snapshot: Snapshot) -> int:
        """How many passages the snapshot has; the index knows without counting."""
        with self._lexical.at(snapshot, self._lexical_kind) as index:
            return len(index.ids())

    def analyses(self, snapshot: Snapshot) -> list[str]:
        """The analyses that a snapshot's texts have got, the most frequent first."""
        version, found = self._analyses
        if version != snapshot.version:
            found = list(dict.fromkeys(map(analysis_of, snapshot.catalog.languages())))
            self._analyses = snapshot.version, found
        return found

    def _upgrade(self) -> None:
        if not self._is_upgraded:
            upgrade(self.folder, self.catalog_path)
            self._is_upgraded = True

    def _dense_kind(self, identity: Identity) -> Derived[Any]:
        return derived.dense(self.index_kind, identity.dimension)

    @property
    def _lexical_kind(self) -> Derived[Any]:
        return derived.lexical(self.lexical_kind)


class Snapshot:
    """A store at one generation, whatever is written meanwhile."""

    def __init__(self, store: Store, catalog: Catalog, rewinds: bool) -> None:
        self._store = store
        self.catalog = catalog
        self.rewinds = rewinds
        self.version = version_of(catalog)
        self.identity = Identity(**catalog.meta("identity"))
        self._vectors: dict[int, PassageVectors] = {}
        self._passages: dict[int, tuple[Passage, DocumentInfo]] = {}

    @property
    def generation(self) -> int:
        """The number of commits there were."""
        return self.version[1]

    @property
    def is_complete(self) -> bool:
        """False if the last ingest was ended before it was through, or is still running."""
        return not self.catalog.meta("ingesting")

    def search_dense(self, queries: Vectors, k: int, within: Ids | None = None) -> list[Hits]:
        """See `Store.search_dense`."""
        return self._store.search_dense(self, queries, k, within)

    def search_lexical(
        self, question: Mapping[str, Terms], k: int, within: Ids | None = None
    ) -> Hits:
        """See `Store.search_lexical`."""
        return self._store.search_lexical(self, question, k, within)

    def search_lexical_beside(
        self,
        question: Mapping[str, Terms],
        k: int,
        others: Sequence[int],
        within: Ids | None = None,
    ) -> tuple[Hits, dict[int, float]]:
        """See `Store.search_lexical_beside`."""
        return self._store.search_lexical_beside(self, question, k, others, within)

    def idfs(self, terms: Terms) -> tuple[dict[str, float], dict[str, float]]:
        """See `Store.idfs`."""
        return self._store.idfs(self, terms)

    @property
    def size(self) -> int:
        """How many passages there are."""
        return self._store.size(self)

    def analyses(self) -> list[str]:
        """The analyses that the store's texts have got, the most frequent first."""
        return self._store.analyses(self)

    def vectors(self, keys: Sequence[int]) -> dict[int, PassageVectors]:
        """For each key the passage's vector, its sentences' vectors, and its fit; read once."""
        new = [key for key in keys if key not in self._vectors]
        self._vectors |= self.catalog.sentence_embeddings(new, self.identity.dimension)
        return {key: self._vectors[key] for key in keys if key in self._vectors}

    def passages(self, keys: Sequence[int]) -> dict[int, tuple[Passage, DocumentInfo]]:
        """The passages with these keys, each with its document; read once."""
        new = [key for key in keys if key not in self._passages]
        self._passages |= self.catalog.passages(new)
        return {key: self._passages[key] for key in keys if key in self._passages}

    @property
    def index_files(self) -> dict[str, Path | None]:
        """The index files of this generation, by name ("dense", "lexical"), if there are any."""
        folder = self._store.folder
        kinds = derived.dense("", 0), derived.lexical("")
        files: dict[str, Path | None] = {}
        for kind in kinds:
            recorded = kind.recorded(self.catalog)
            current = recorded is not None and recorded.generation == self.generation
            path = folder / recorded.file if recorded and current else None
            files[kind.name] = path if path and path.exists() else None
        return files

"""The one who changes a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from qa.store.catalog import Catalog
from qa.store.copying import forget_indexes, replace_all
from qa.store.derived import Derived, remove_unrecorded
from qa.store.identity import Identity
from qa.store.index import Index
from qa.store.migrations import migrate
from qa.store.places import FileRecord
from qa.types import Document, Passage

if TYPE_CHECKING:
    from qa.store.index import Vectors

    class Embedded(Protocol):
        """The vectors of some passages; `qa.embedding.Embedded` is one."""

        @property
        def passages(self) -> Vectors: ...

        @property
        def sentences(self) -> Sequence[Vectors]: ...

        @property
        def fits(self) -> Sequence[float]: ...


class Writer:
    """Changes a store; nothing of a change is seen by anyone before `commit`."""

    def __init__(
        self, folder: Path, catalog: Catalog, identity: Identity, derived: Sequence[Derived[Any]]
    ) -> None:
        """
        Args:
            derived: the store's indexes, for vectors of the identity's dimension.
        """
        self._folder = folder
        self._identity = identity
        self._indexes = [_Pending(kind) for kind in derived]
        self._dirty = False
        self._displaced: set[int] = set()
        """Keys of documents that lost a path, and may have none left."""
        self.catalog = catalog

    def migrate(self) -> None:
        """Brings the catalog to the present format; every passage has to be made anew then."""
        self._begin()
        migrate(self.catalog)

    def take_over(self, source: Catalog, moved: Callable[[str], str]) -> None:
        """Puts what another catalog of the present format holds in the place of all there is.

        Args:
            source: whole, and of the writer's identity.
            moved: where what the other has at a path is.
        """
        self._begin()
        replace_all(self.catalog, source, moved)
        self.remake_indexes()

    def remake_indexes(self) -> None:
        """Has the next commit make the indexes from nothing but the catalog."""
        self._begin()
        forget_indexes(self.catalog)
        for index in self._indexes:
            index.changed = self.catalog.count("passages")

    def change(self) -> Catalog:
        """The catalog, for changes that this class has no word for; `commit` makes them visible."""
        self._begin()
        return self.catalog

    def add(
        self,
        document: Document,
        passages: Sequence[Passage],
        embedded: Embedded,
        file: str | None = None,
    ) -> None:
        """Adds a document that isn't in the store, at its paths.

        Args:
            file: the file that it lies in, where its paths lead into one.
        """
        self._begin()
        self.catalog.add_document(document)
        for path in document.paths:
            self.set_path(path, document.id, file)
        self._add_passages(document, passages, embedded)

    def replace(self, document: Document, passages: Sequence[Passage], embedded: Embedded) -> None:
        """Makes a document of the store what it is now, but for its paths."""
        self.update(document)
        self.catalog.remove_passages(document.id)
        self._add_passages(document, passages, embedded)

    def update(self, document: Document) -> None:
        """Takes over what a document of the store says of itself; its passages stay."""
        self._begin()
        self.catalog.update_document(document)

    def retitle(self, id: str, before: str, now: str) -> None:  # noqa: A002
        """Gives a document another title that it has from its file's name, and doesn't state."""
        self._begin()
        self.catalog.retitle(id, before, now)

    def set_path(self, path: str, document_id: str, file: str | None = None) -> None:
        """Says which document of the store is at ``path``, and in which file if not that one."""
        if self.catalog.places.is_at(document_id, path, file or path):
            return
        self._begin()
        self._displace(self.catalog.places.set(path, document_id, file))

    def remove_path(self, path: str, file: str | None = None) -> None:
        """Forgets a path; a document without any is removed by the next commit.

        Args:
            file: only if it leads into this file.
        """
        self._begin()
        self._displace(self.catalog.places.remove(path, file))

    def set_file(self, record: FileRecord) -> None:
        """Says that a file was read."""
        self._begin()
        self.catalog.places.set_file(record)

    def remove_file(self, path: str) -> None:
        """Forgets that a file was read: the next ingest reads it again."""
        self._begin()
        self.catalog.places.remove_file(path)

    def commit(self, *, final: bool = True) -> None:
        """Makes all changes visible at once, as a new generation.

        With ``final`` false more is to come: an index is then written only after the store has
        grown by a quarter, so that a long ingest doesn't write it over and over.
        """
        interrupted = final and self.catalog.meta("ingesting")
        if not self._dirty and not interrupted:
            return
        self._begin()
        self.catalog.places.remove_homeless(self._displaced)
        self._displaced.clear()
        generation = self.catalog.meta("generation") + 1
        self.catalog.set_meta("generation", generation)
        self.catalog.set_meta("identity", self._identity.to_dict())
        self.catalog.set_meta("ingesting", not final)
        size = self.catalog.count("passages")
        for index in self._indexes:
            if final or index.is_due(size):
                index.write(self._folder, self.catalog, generation, final)
        self.catalog.execute("COMMIT")
        self._dirty = False
        remove_unrecorded(self._folder, self.catalog)

    def _add_passages(
        self, document: Document, passages: Sequence[Passage], embedded: Embedded
    ) -> None:
        self.catalog.add_passages(
            document.id, passages, embedded.passages, embedded.sentences, embedded.fits
        )
        for index in self._indexes:
            index.changed += len(passages)

    def _displace(self, key: int | None) -> None:
        if key is not None:
            self._displaced.add(key)

    def _begin(self) -> None:
        if not self._dirty:
            self.catalog.execute("BEGIN IMMEDIATE")
            self._dirty = True


class _Pending:
    """An index with the changes that it has still to be told."""

    def __init__(self, derived: Derived[Any]) -> None:
        self._derived = derived
        self._index: Index | None = None
        self.changed = 0

    def is_due(self, size: int) -> bool:
        backlog = self._derived.backlog
        return self.changed * 4 >= size or (backlog is not None and self.changed >= backlog)

    def write(self, folder: Path, catalog: Catalog, generation: int, final: bool) -> None:
        anew = final and self._derived.is_due_anew(catalog)
        if anew:
            self._index = self._derived.new()
        elif self._index is None:
            self._index, _ = self._derived.load(folder, catalog)
        self._derived.sync(self._index, catalog)
        self._derived.write(folder, self._index, generation, catalog, anew=anew)
        self.changed = 0

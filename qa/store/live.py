"""Indexes in memory, kept in step with what is asked for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic

from qa.errors import QAError
from qa.store.catalog import Catalog
from qa.store.derived import AnyIndex, Derived, remove_unrecorded
from qa.store.opening import Version, locked, opened, version_of
from qa.store.schema import storage_errors

if TYPE_CHECKING:
    from qa.store.store import Snapshot, Store

logger = logging.getLogger(__name__)


class OutdatedError(Exception):
    """Others have taken an index on to a later generation than a snapshot's: take a new one."""


class Live(Generic[AnyIndex]):
    """An index in memory, brought to the generation that is asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._state = threading.Condition()
        self._searching = 0
        self._index: AnyIndex | None = None
        self._made: tuple[Version, int] | None = None
        """The version the index is at, and the dimension of the store's vectors."""

    @contextmanager
    def at(self, snapshot: Snapshot, kind: Derived[AnyIndex]) -> Iterator[AnyIndex]:
        """The index at a snapshot; it doesn't change as long as the context lasts.

        Several may search it at once; who needs it at another generation waits for them.

        Raises:
            OutdatedError: it is at a later generation, and the snapshot mustn't take it back.
        """
        wanted = (snapshot.version, snapshot.identity.dimension)
        with self._state:
            while self._index is None or self._made != wanted:
                if not snapshot.rewinds and self._made and _is_later(wanted, self._made):
                    raise OutdatedError
                if not self._searching:
                    self._move(snapshot, kind)
                else:
                    self._state.wait()
            index = self._index
            self._searching += 1
        try:
            yield index
        finally:
            with self._state:
                self._searching -= 1
                if not self._searching:
                    self._state.notify_all()

    def _move(self, snapshot: Snapshot, kind: Derived[AnyIndex]) -> None:
        """Brings the index to a snapshot's generation."""
        wanted = (snapshot.version, snapshot.identity.dimension)
        index, self._index = self._index, None  # half changed by an error, it must not be kept
        if index is not None and self._made and _is_of_same_catalog(self._made, wanted):
            try:
                bring = kind.sync if _is_later(wanted, self._made) else kind.follow
                bring(index, snapshot.catalog)
            except OSError:  # it fell behind by more generations than are kept: its files are gone
                index = None
        else:
            index = None
        if index is None:
            index, loaded = kind.load(self._store.folder, snapshot.catalog)
            if loaded is None or loaded.generation != snapshot.generation:
                kind.sync(index, snapshot.catalog)
                self._repair(snapshot, kind, index)
        index.settle()
        self._index, self._made = index, wanted

    def _repair(self, snapshot: Snapshot, kind: Derived[AnyIndex], index: AnyIndex) -> None:
        """Writes the index file of the snapshot's generation, if nobody else is writing."""
        folder, path = self._store.folder, self._store.catalog_path
        try:
            with (
                storage_errors(path),
                locked(folder),
                opened(path, rebuild=False) as connection,
            ):
                catalog = Catalog(connection)
                connection.execute("BEGIN IMMEDIATE")
                if version_of(catalog) == snapshot.version:
                    kind.write(folder, index, snapshot.generation, catalog)
                    connection.execute("COMMIT")
                    remove_unrecorded(folder, catalog)
        except QAError as error:  # it answers all the same
            logger.debug("The index file could not be repaired: %s", error)


def _is_of_same_catalog(made: tuple[Version, int], wanted: tuple[Version, int]) -> bool:
    """Whether an index can be brought to what is wanted: the same catalog and dimension."""
    return made[0][0] == wanted[0][0] and made[1] == wanted[1]


def _is_later(snapshot: tuple[Version, int], made: tuple[Version, int]) -> bool:
    """Whether an index was made at a later generation than a snapshot's."""
    return _is_of_same_catalog(made, snapshot) and made[0][1] > snapshot[0][1]

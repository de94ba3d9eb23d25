"""`salvage`: a new catalog from what can be read of a damaged one."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from qa.doctor.documents import facts_fault, structure_fault
from qa.errors import StoreDamagedError
from qa.ingest import Ingester
from qa.store import FileRecord, Store
from qa.store.opening import locked, set_aside
from qa.store.schema import connect, storage_errors
from qa.types import Document, Section

logger = logging.getLogger(__name__)

_Place = tuple[str, str, str]
"""A path, the id of the document there, and the file that it lies in."""


def salvage(store: Store, ingester: Ingester, *, wait: float = 0) -> None:
    """Makes a new catalog of the documents that can be read of a damaged one, which is kept.

    Passages and embeddings are made again. What can't be read comes back by the next ingest of its
    files.

    Raises:
        StoreDamagedError: no document can be read.
        StoreError: the store is busy or can't be written.
    """
    folder, path = store.folder, store.catalog_path
    with storage_errors(path), locked(folder, wait):
        new = Store(Path(tempfile.mkdtemp(prefix=".qa-repair-", dir=folder)))
        try:
            with closing(connect(path)) as connection:
                count = _fill(new, ingester, Salvaged(connection))
            if not count:
                raise StoreDamagedError(
                    f"Nothing can be read of the catalog {path}: run `qa ingest --rebuild` to set "
                    "it aside and ingest anew, or `qa import` a backup with --replace."
                )
            set_aside(path)
            new.catalog_path.replace(path)
            logger.warning("%d documents could be read.", count)
        finally:
            shutil.rmtree(new.folder, ignore_errors=True)


def _fill(new: Store, ingester: Ingester, old: Salvaged) -> int:
    with new.writer(ingester.identity) as writer:
        places = {path: (id_, file) for path, id_, file in old.places()}
        ingester.put(writer, old.documents(places))
        catalog = writer.change()
        for path, (id_, file) in places.items():
            if catalog.has_document(id_):
                catalog.places.set(path, id_, file)
        known = {file for _, file in places.values()}
        for record in old.files():
            if record.path not in known:  # the others are read again: all of it may not be there
                writer.set_file(record)
        count = catalog.count("documents")
        writer.commit()
    return count


class Salvaged:
    """What can be read of a damaged catalog, row by row."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def places(self) -> Iterator[_Place]:
        rows = self._rows(
            "SELECT path, id, file FROM paths CROSS JOIN documents ON documents.key = document_key"
        )
        yield from (tuple(row) for row in rows if all(isinstance(value, str) for value in row))

    def files(self) -> Iterator[FileRecord]:
        for row in self._rows("SELECT * FROM files"):
            try:
                failures = tuple((path, reason) for path, reason in json.loads(row["failures"]))
            except (ValueError, TypeError):
                continue
            yield FileRecord(row["path"], row["sha256"], row["read_with"], failures)

    def documents(self, places: dict[str, tuple[str, str]]) -> Iterator[Document]:
        """Those that are whole, at the paths that are known of them."""
        paths: dict[str, list[str]] = {}
        for path, (id_, _) in sorted(places.items()):
            paths.setdefault(id_, []).append(path)
        for key in self._keys():
            rows = self._rows("SELECT * FROM documents WHERE key = ?", key)
            row = next(rows, None)
            if row is None or not isinstance(row["id"], str) or not isinstance(row["text"], str):
                continue
            document = _document(row)
            if document and document.id in paths:
                yield replace(document, paths=tuple(paths[document.id]))

    def _keys(self) -> list[int]:
        """From whichever of its trees can be read; where one ends early, another may go on."""
        keys: set[int] = set()
        for query in (
            "SELECT key FROM documents NOT INDEXED",
            "SELECT key FROM documents NOT INDEXED ORDER BY key DESC",
            "SELECT key FROM documents INDEXED BY documents_by_language",
            "SELECT document_key FROM paths",
        ):
            keys |= {row[0] for row in self._rows(query) if isinstance(row[0], int)}
        return sorted(keys)

    def _rows(self, query: str, *parameters: Any) -> Iterator[sqlite3.Row]:
        """The rows up to the first that can't be read."""
        try:
            yield from self._connection.execute(query, parameters)
        except (sqlite3.DatabaseError, UnicodeError, OverflowError) as error:
            logger.debug("%s: %s", query, error)


def _document(row: sqlite3.Row) -> Document | None:
    try:
        structure = ((0, 0, len(row["text"]), (), None),)
        if not structure_fault(row):
            structure = json.loads(row["structure"])
        is_sound = not facts_fault(row)
        day = row["published"] if is_sound else None
        return Document(
            id=row["id"],
            paths=(),
            title=str(row["title"]),
            published=date.fromisoformat(day) if day else None,
            media_type=str(row["media_type"]),
            sha256=str(row["sha256"]),
            text=row["text"],
            structure=tuple(Section(a, b, c, tuple(d), e) for a, b, c, d, e in structure),
            title_stated=bool(row["title_stated"]),
            language=row["language"] if isinstance(row["language"], str) else None,
            metadata=json.loads(row["metadata"]) if is_sound else {},
        )
    except (ValueError, TypeError):
        return None

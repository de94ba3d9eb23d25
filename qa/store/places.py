"""Which files were read, and where documents are: the catalog's tables `files` and `paths`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that was read."""

    path: str
    sha256: str
    """Of its bytes."""
    read_with: str
    """What it was read with: another reading may find something else in the same bytes."""
    failures: tuple[tuple[str, str], ...] = ()
    """What could not be had of it: paths, and why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is."""

    document_id: str
    file: str
    """The file that it is, or lies in."""


class Places:
    """Queries and changes, on a connection whose transactions the caller begins and ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def files(self) -> Iterator[FileRecord]:
        """All files that were read."""
        for row in self._execute("SELECT path, sha256, read_with, failures FROM files"):
            failures = tuple((path, reason) for path, reason in json.loads(row["failures"]))
            yield FileRecord(row["path"], row["sha256"], row["read_with"], failures)

    def paths(self) -> list[str]:
        """Every path that a document is at; of an earlier format's catalog, too."""
        return [row["path"] for row in self._execute("SELECT path FROM paths")]

    def all(self) -> dict[str, Place]:
        """Every path that a document is at."""
        rows = self._execute(
            "SELECT path, id, file FROM paths JOIN documents ON documents.key = paths.document_key"
        )
        return {row["path"]: Place(row["id"], row["file"]) for row in rows}

    def files_of(self, id: str) -> list[str]:  # noqa: A002
        """The files that a document is or lies in."""
        rows = self._execute(
            "SELECT DISTINCT file FROM paths JOIN documents ON documents.key = paths.document_key "
            "WHERE id = ? ORDER BY file",
            (id,),
        )
        return [row["file"] for row in rows]

    def originals(self) -> dict[str, str]:
        """The files that documents are or lie in, each with the sha256 of its bytes, if known."""
        rows = self._execute(
            "SELECT file, "
            "max(coalesce(files.sha256, iif(file = paths.path, documents.sha256, ''))) FROM paths "
            "JOIN documents ON documents.key = document_key "
            "LEFT JOIN files ON files.path = file GROUP BY file ORDER BY file"
        )
        return {row[0]: row[1] for row in rows}

    def is_at(self, id: str, path: str, file: str) -> bool:  # noqa: A002
        """Whether the document with this id is at ``path``, which leads into ``file``."""
        row = self._execute(
            "SELECT 1 FROM paths JOIN documents ON documents.key = paths.document_key "
            "WHERE path = ? AND id = ? AND file = ?",
            (path, id, file),
        ).fetchone()
        return row is not None

    def set_file(self, record: FileRecord) -> None:
        self._execute(
            "INSERT OR REPLACE INTO files (path, sha256, read_with, failures) VALUES (?, ?, ?, ?)",
            (record.path, record.sha256, record.read_with, json.dumps(record.failures)),
        )

    def remove_file(self, path: str) -> None:
        """Forgets that a file was read: the next ingest reads it again."""
        self._execute("DELETE FROM files WHERE path = ?", (path,))

    def set(self, path: str, id: str, file: str | None = None) -> int | None:  # noqa: A002
        """Says that the document with this id, and no other, is at ``path``.

        Args:
            file: the file that it lies in, where the path leads into one.

        Returns the key of the document that was there, if there was one.
        """
        before = self._document_at(path)
        cursor = self._execute(
            "INSERT OR REPLACE INTO paths (path, document_key, file) "
            "SELECT ?, key, ? FROM documents WHERE id = ?",
            (path, file or path, id),
        )
        if not cursor.rowcount:
            raise LookupError(f"There is no document {id}, which is to be at {path}.")
        return before

    def remove(self, path: str, file: str | None = None) -> int | None:
        """Forgets a path; returns the key of the document that was there, if there was one.

        Args:
            file: only if it leads into this file.
        """
        before = self._document_at(path)
        self._execute("DELETE FROM paths WHERE path = ? AND file = coalesce(?, file)", (path, file))
        return before

    def remove_homeless(self, keys: Iterable[int]) -> None:
        """Removes those of some documents that are at no path any more."""
        for key in keys:
            self._execute(
                "DELETE FROM documents WHERE key = ? "
                "AND NOT EXISTS (SELECT 1 FROM paths WHERE document_key = documents.key)",
                (key,),
            )

    def _document_at(self, path: str) -> int | None:
        row = self._execute("SELECT document_key FROM paths WHERE path = ?", (path,)).fetchone()
        return row["document_key"] if row else None

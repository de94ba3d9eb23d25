"""The catalog's tables, how earlier ones are brought up to date, and how the file is opened."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.errors import StoreDamagedError, StoreError

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    title_stated INTEGER NOT NULL,
    published TEXT,
    media_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    characters INTEGER NOT NULL,
    ingested_at TEXT NOT NULL,
    structure TEXT NOT NULL,
    text TEXT NOT NULL,
    language TEXT,
    metadata TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX documents_by_language ON documents(language);
CREATE INDEX documents_by_facts ON documents(published, language, title, metadata);
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    read_with TEXT NOT NULL DEFAULT '',
    failures TEXT NOT NULL DEFAULT '[]'
) WITHOUT ROWID;
CREATE TABLE paths (
    path TEXT PRIMARY KEY,
    document_key INTEGER NOT NULL REFERENCES documents(key) ON DELETE CASCADE,
    file TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX paths_by_document ON paths(document_key);
CREATE INDEX paths_by_file ON paths(file);
CREATE TABLE passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    document_key INTEGER NOT NULL REFERENCES documents(key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    page INTEGER,
    heading TEXT NOT NULL,
    sentences TEXT NOT NULL,
    text TEXT NOT NULL,
    prefix TEXT NOT NULL DEFAULT '',
    suffix TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX passages_by_document ON passages(document_key, number);
CREATE TABLE embeddings (
    passage_key INTEGER PRIMARY KEY REFERENCES passages(key) ON DELETE CASCADE,
    vector BLOB NOT NULL,
    sentences BLOB NOT NULL DEFAULT x'',
    fit REAL NOT NULL DEFAULT 4
);
"""
# documents_by_facts: what filters ask for, where it can be read without the texts.
# files: what was read, with what (parsers, settings, sidecar), and what could not be had of it.
# paths.file: the file that a document is or lies in; prefix, suffix: the text around a passage.
# vector: float32. sentences: float16, a row for each of the passage's sentences.


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns SQLite's and the disk's errors into ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise StoreDamagedError(
                f"The catalog {path} is damaged ({error}): run `qa ingest --rebuild` to set it "
                "aside and ingest anew."
            ) from error
        raise StoreError(
            f"The catalog {path} can't be used ({error}): check the disk's free space and the "
            "folder's permissions; what had been stored before is unharmed."
        ) from error
    except OSError as error:
        raise StoreError(
            f"The store {path.parent} can't be used ({error.strerror or error}): check the disk's "
            "free space and the folder's permissions."
        ) from error


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether an error of SQLite's means that the file is spoilt, not that it can't be had now."""
    operational = isinstance(error, sqlite3.OperationalError)
    return not operational or str(error).startswith("no such ")


def connect(path: Path, *, create: bool = False, write: bool = False) -> sqlite3.Connection:
    """A connection to the catalog file, in autocommit mode: transactions are explicit."""
    if create:
        mode = "mode=rwc"
    elif os.access(path.parent, os.W_OK):
        mode = "mode=rw"  # readers too: a crashed writer's log has to be taken up
    elif _is_read_only(path.parent):
        mode = "mode=ro&immutable=1"
    else:  # somebody else may be writing
        mode = "mode=ro"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        timeout=30,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    try:
        if write:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        else:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_read_only(folder: Path) -> bool:
    """Whether nobody can write there: a read-only file system."""
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)

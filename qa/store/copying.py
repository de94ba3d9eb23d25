"""A catalog as a whole: into a file, and from another one."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from qa.store.catalog import Catalog

TABLES = ("meta", "documents", "files", "paths", "passages", "embeddings")
"""Each behind those that its rows belong to."""


def copy(catalog: Catalog, path: Path) -> None:
    """Writes all of a catalog, as it is in the transaction that the caller is in, to a new file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as target:
        catalog.connection.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # one file, whole by itself


def replace_all(catalog: Catalog, other: Catalog, moved: Callable[[str], str]) -> None:
    """Gives a catalog all rows of another one; it isn't the same catalog any more then.

    Args:
        moved: where what the other has at a path is.
    """
    for table in reversed(TABLES):  # what refers to others goes first
        catalog.execute(f"DELETE FROM {table}")
    for table in TABLES:
        columns = other.execute(f"SELECT * FROM {table} LIMIT 0").description
        marks = ",".join("?" * len(columns))
        names = ", ".join(f'"{column[0]}"' for column in columns)
        rows = other.execute(f"SELECT * FROM {table}")
        catalog.connection.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",
            (_at_new_place(table, row, moved) for row in rows),
        )
    forget_indexes(catalog)  # whose files belong to the other
    catalog.set_meta("uid", uuid.uuid4().hex)


def forget_indexes(catalog: Catalog) -> None:
    for name in ("dense_index", "lexical_index"):
        catalog.execute("DELETE FROM meta WHERE key IN (?, ?)", (name, f"{name}_before"))


def _at_new_place(table: str, row: sqlite3.Row, moved: Callable[[str], str]) -> tuple[Any, ...]:
    if table == "paths":
        return moved(row["path"]), row["document_key"], moved(row["file"])
    if table == "files":
        failures = [(moved(path), reason) for path, reason in json.loads(row["failures"])]
        return moved(row["path"]), row["sha256"], row["read_with"], json.dumps(failures)
    return tuple(row)

"""What tables a catalog has, down to every column. One from elsewhere may be anything."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import Any

from qa.store.schema import SCHEMA

Shape = dict[str, tuple[Any, ...]]
"""By name of table or index, all that SQLite knows of it."""

# What is run when a table is used: checks, computed columns, partial indexes, modules.
_ACTS = re.compile(r"\b(AS|CHECK|COLLATE|GENERATED|VIRTUAL|WHERE)\b", re.IGNORECASE)


def is_plain(connection: sqlite3.Connection) -> bool:
    """Whether a database holds tables and indexes only, with nothing in them that is ever run.

    Raises:
        sqlite3.DatabaseError: it can't be read, or isn't one.
    """
    rows = connection.execute("SELECT type, sql FROM sqlite_schema").fetchall()
    return all(
        type_ in ("table", "index") and not (sql and _ACTS.search(sql)) for type_, sql in rows
    )


def shape_of(connection: sqlite3.Connection) -> Shape:
    """The shape of a database; of one that comes from elsewhere ask `is_plain` before.

    Raises:
        sqlite3.DatabaseError: it can't be read, or isn't one.
    """
    kinds = {
        row[0]: tuple(row)[1:]
        for row in connection.execute(
            "SELECT name, type, ncol, wr, strict FROM pragma_table_list WHERE schema = 'main'"
        )
    }
    rows = connection.execute("SELECT name, type, tbl_name FROM sqlite_schema").fetchall()
    return {
        name: (type_, table, kinds.get(name), _parts(connection, type_, name))
        for name, type_, table in rows
    }


def own_shape() -> Shape:
    """The shape of a catalog of the present format."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        return shape_of(connection)


def _parts(connection: sqlite3.Connection, type_: str, name: str) -> tuple[Any, ...]:
    columns = {
        "table": ("* FROM pragma_table_xinfo", "* FROM pragma_foreign_key_list",
                  'name, "unique", origin, partial FROM pragma_index_list'),
        "index": ("* FROM pragma_index_xinfo",),
    }  # fmt: skip
    return tuple(
        tuple(sorted(map(tuple, connection.execute(f"SELECT {which}(?)", (name,)))))
        for which in columns.get(type_, ())
    )

"""A filter as a condition of SQL on documents."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from functools import lru_cache

from qa.filters import Condition, Filter

_COLUMNS = {"date": "d.published", "title": "d.title", "language": "d.language"}


def where(connection: sqlite3.Connection, filter_: Filter) -> str:
    """What has to hold of ``documents AS d``, for statements on this connection.

    SQL only says what goes with what; values are compared by the conditions' own code, which SQLite
    calls, so that it can't judge otherwise than `Filter.matches`. Nothing that a person wrote
    becomes SQL. What is read lies in the index ``documents_by_facts``: no text is touched.
    """
    terms = (
        _term(connection, condition, f"condition_{number}")
        for number, condition in enumerate(filter_.conditions)
    )
    return " AND ".join(terms) or "TRUE"


def _term(connection: sqlite3.Connection, condition: Condition, name: str) -> str:
    def define(function: Callable[[str | None], bool]) -> None:
        # Many documents share an author or a day.
        connection.create_function(name, 1, lru_cache(1000)(function), deterministic=True)

    if condition.field == "path":  # there may be several
        define(lambda path: path is not None and condition.fits(path))
        negation = "NOT " if condition.is_negative else ""
        return f"d.key {negation}IN (SELECT document_key FROM paths WHERE {name}(path))"
    if column := _COLUMNS.get(condition.field):
        define(lambda value: condition.holds(() if value is None else (value,)))
        return f"{name}({column})"
    # Not by SQLite's own JSON functions: they differ on names and values with escapes.
    key = json.dumps(condition.field)

    def holds(metadata: str | None) -> bool:
        metadata = metadata or "{}"
        value = json.loads(metadata).get(condition.field) if key in metadata else None
        return condition.holds(() if value is None else (value,))

    define(holds)
    return f"{name}(d.metadata)"

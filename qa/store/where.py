"""A filter as a condition of SQL on documents."""

from __future__ import annotations

import json
import re
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
        _term(connection, condition, f"fits_{number}")
        for number, condition in enumerate(filter_.conditions)
    )
    return " AND ".join(terms) or "TRUE"


def _term(connection: sqlite3.Connection, condition: Condition, fits: str) -> str:
    negation = "NOT " if condition.is_negative else ""
    connection.create_function(fits, 1, _test(condition), deterministic=True)
    if condition.field == "path":  # a document may have several
        # "+": the keys are rather looked up while an index is read than rows fetched by key.
        return f"+d.key {negation}IN (SELECT document_key FROM paths WHERE {fits}(path))"
    return f"{negation}{fits}({_COLUMNS.get(condition.field, 'd.metadata')})"


def _test(condition: Condition) -> Callable[[str | None], bool]:
    """Whether what is stored, as SQLite hands it over, has a value that a condition names."""
    if condition.field in ("path", "title"):
        fits = condition.fits
    else:
        fits = lru_cache(1000)(condition.fits)  # many documents share a day or an author
    if condition.field == "path" or condition.field in _COLUMNS:
        return lambda value: value is not None and fits(value)
    value_in = _value_in(condition.field)
    return lambda metadata: (value := value_in(metadata or "")) is not None and fits(value)


def _value_in(name: str) -> Callable[[str], str | None]:
    """Finds what is kept under a name in an object of strings, as `json.dumps` writes one.

    That is read as it is, since to parse all of the object takes several times as long; a quote
    after "{" or ", " begins a string, for within one it would stand behind a backslash. (SQLite's
    own functions for JSON differ on names and values with escapes.)
    """
    search = re.compile(
        rf'(?:^{{|, ){re.escape(json.dumps(name))}: ("[^"\\]*(?:\\.[^"\\]*)*")'
    ).search

    def find(metadata: str) -> str | None:
        found = search(metadata)
        if not found:
            return None
        literal = found[1]
        return str(json.loads(literal)) if "\\" in literal else literal[1:-1]

    return find

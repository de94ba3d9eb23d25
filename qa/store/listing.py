"""In which order documents are listed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from qa.filters import Filter
from qa.store.where import where
from qa.types import Sort

# Walks the paths in order and stops at the page wanted: a document counts at its first path.
_BY_PATH = """
SELECT p.document_key FROM paths AS p
WHERE NOT EXISTS
    (SELECT 1 FROM paths AS q WHERE q.document_key = p.document_key AND q.path < p.path)
"""

_FIRST_PATH = "(SELECT min(path) FROM paths WHERE document_key = d.key)"

# What lies behind a document's text would have to be read past it, overflow pages and all; so title
# and language come from an index, and the others lie before the text.
_VALUES: Mapping[Sort, str] = {
    "title": "folded(d.title)",
    "date": "d.published",
    "ingested": "d.ingested_at",
    "size": "d.characters",
    "passages": "(SELECT count(*) FROM passages WHERE document_key = d.key)",
    "language": "d.language",
}


def keys_in_order(
    connection: sqlite3.Connection,
    filter_: Filter | None,
    sort: Sort,
    *,
    is_reverse: bool,
    offset: int,
    limit: int,
) -> list[int]:
    """The keys of the documents that a filter matches, or of all.

    Those without the value stand last either way, and those with the same one by path.

    Args:
        limit: how many at most, from ``offset`` on; -1 for all.
    """
    matching = where(connection, filter_ or Filter())
    direction = "DESC" if is_reverse else "ASC"
    if sort == "path":
        within = f"AND p.document_key IN (SELECT d.key FROM documents AS d WHERE {matching})"
        statement = f"{_BY_PATH} {within if filter_ else ''} ORDER BY p.path {direction}"
    else:
        connection.create_function("folded", 1, str.casefold, deterministic=True)
        value = _VALUES[sort]
        statement = (
            f"SELECT d.key FROM documents AS d WHERE {matching} "
            f"ORDER BY {value} IS NULL, {value} {direction}, {_FIRST_PATH}"
        )
    rows = connection.execute(f"{statement} LIMIT ? OFFSET ?", (limit, offset))
    return [row[0] for row in rows]

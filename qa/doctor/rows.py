"""The catalog's rows, as SQLite sees them: pages, tables, types, and what refers to what."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePath

from qa.doctor.findings import Finding, Kind
from qa.parsing import is_container
from qa.store import Catalog
from qa.store.identity import FORMAT, Identity
from qa.store.schema import SCHEMA
from qa.store.shape import is_plain, own_shape, shape_of


@dataclass(frozen=True, slots=True)
class Orphans:
    """Rows that belong to nothing."""

    table: str
    condition: str
    """Of such a row, in SQL."""
    meaning: str
    """What they are, behind their number."""


# In the order in which they are deleted: one leads to the next.
ORPHANS = (
    Orphans(
        "paths",
        "document_key NOT IN (SELECT key FROM documents)",
        "paths lead to no document: the next ingest reads those files again",
    ),
    Orphans(
        "documents",
        "key NOT IN (SELECT document_key FROM paths)",
        "documents are at no path: nothing can ever update or remove them",
    ),
    Orphans(
        "passages",
        "document_key NOT IN (SELECT key FROM documents)",
        "passages belong to no document: a search may come upon them, and fail",
    ),
    Orphans(
        "embeddings",
        "passage_key NOT IN (SELECT key FROM passages)",
        "embeddings belong to no passage",
    ),
)


def check_pages(connection: sqlite3.Connection) -> Iterator[Finding]:
    """What SQLite says of the file, and of the tables in it. What is found forbids going on.

    Raises:
        sqlite3.DatabaseError: it can't be read at all.
    """
    answers = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    if answers != ["ok"]:
        what = "; ".join(" ".join(answer.split()) for answer in answers)
        yield Finding(Kind.DAMAGE, f"The catalog's pages are damaged: {what}")
    elif not is_plain(connection) or shape_of(connection) != own_shape():
        yield Finding(Kind.DAMAGE, "The catalog's tables aren't those of a catalog")
    else:
        yield from _check_meta(Catalog(connection))
        yield from _check_types(connection)
        yield from _check_failures(Catalog(connection))


def check_orphans(catalog: Catalog) -> Iterator[Finding]:
    """Rows that belong to nothing, and files that count as read without anything to show."""
    for orphans in ORPHANS:
        query = f"SELECT count(*) FROM {orphans.table} WHERE {orphans.condition}"
        count = catalog.execute(query).fetchone()[0]
        if count:
            yield Finding(Kind.ROWS, f"{count:,} {orphans.meaning}")
    for path in unfounded_files(catalog):
        yield Finding(
            Kind.ROWS,
            f"{path} counts as read, but no document is there: an ingest would pass it over",
            path=path,
        )


def unfounded_files(catalog: Catalog) -> list[str]:
    """Files that count as read, of which there is neither a document nor a failure.

    Containers may hold nothing that has a parser.
    """
    rows = catalog.execute(
        "SELECT path FROM files WHERE failures = '[]' AND path NOT IN (SELECT file FROM paths)"
    )
    return [row["path"] for row in rows if not is_container(PurePath(row["path"]))]


def _check_meta(catalog: Catalog) -> Iterator[Finding]:
    try:
        format_, generation = catalog.meta("format"), catalog.meta("generation")
        identity = Identity(**catalog.meta("identity"))
        is_whole = (
            format_ == FORMAT
            and isinstance(generation, int)
            and isinstance(catalog.meta("uid"), str)
            and isinstance(identity.model, str)
            and isinstance(identity.fingerprint, str)
            and isinstance(identity.dimension, int)
            and isinstance(identity.passage_tokens, int)
            and identity.dimension > 0
        )
    except (TypeError, ValueError):
        is_whole = False
    if not is_whole:
        yield Finding(Kind.DAMAGE, "The catalog's format, generation or model is missing")


def _check_failures(catalog: Catalog) -> Iterator[Finding]:
    try:
        for record in catalog.places.files():
            if not all(isinstance(text, str) for pair in record.failures for text in pair):
                raise ValueError(record.path)
    except (ValueError, TypeError, RecursionError):
        yield Finding(Kind.DAMAGE, "The catalog's record of what couldn't be read is damaged")


def _check_types(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Values of another type than their column's, which SQLite lets pass."""
    with closing(sqlite3.connect(":memory:")) as own:
        own.executescript(SCHEMA)
        tables = own.execute(
            'SELECT t.name, c.name, c.type, c."notnull" OR c.pk FROM sqlite_schema AS t '
            "JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table' AND c.type != ''"
        ).fetchall()
    for table, column, type_, is_needed in tables:
        wrong = f"typeof(\"{column}\") != '{type_.lower()}'"
        if not is_needed:
            wrong += f' AND "{column}" IS NOT NULL'
        count = connection.execute(f"SELECT count(*) FROM {table} WHERE {wrong}").fetchone()[0]
        if count:
            yield Finding(
                Kind.DAMAGE, f"{count:,} values of {table}.{column} aren't of the type {type_}"
            )

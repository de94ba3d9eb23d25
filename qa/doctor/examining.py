"""`examine`: all that is wrong with a store, without changing anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from qa.doctor.documents import check_documents
from qa.doctor.files import check_leftovers, check_uploads
from qa.doctor.findings import Finding, Kind
from qa.doctor.indexes import check_indexes
from qa.doctor.rows import check_orphans, check_pages
from qa.errors import StoreDamagedError
from qa.store import Catalog, Store
from qa.store.schema import is_damage


def examine(store: Store) -> list[Finding]:
    """All that is wrong with a store, at the generation that is current now.

    Raises:
        StoreEmptyError: there is nothing to look at.
        StoreMismatchError: it is of another format, and has to be brought up to date first.
        StoreError: it can't be read now.
    """
    try:
        with store.snapshot() as snapshot:
            return list(_examine(snapshot.catalog, store.folder))
    except StoreDamagedError as error:
        return [Finding(Kind.DAMAGE, f"The catalog can't be read ({error.__cause__ or error})")]


def fault_of_catalog(connection: sqlite3.Connection) -> str | None:
    """The first thing that is wrong with a catalog, short of its files; None if nothing is."""
    return next((f.message for f in _examine_catalog(connection) if f.is_fault), None)


def _examine(catalog: Catalog, folder: Path) -> Iterator[Finding]:
    found = []
    for finding in _examine_catalog(catalog.connection):
        found.append(finding)
        yield finding
    if any(finding.kind is Kind.DAMAGE for finding in found):
        return
    dimension = catalog.meta("identity")["dimension"]
    if not any(finding.kind is Kind.PASSAGES for finding in found):
        yield from check_indexes(folder, catalog, dimension)
    yield from check_uploads(folder, catalog)
    yield from check_leftovers(folder, catalog)


def _examine_catalog(connection: sqlite3.Connection) -> Iterator[Finding]:
    catalog = Catalog(connection)
    try:
        is_readable = True
        for finding in check_pages(connection):
            is_readable = False
            yield finding
        if is_readable:
            yield from check_orphans(catalog)
            yield from check_documents(catalog, catalog.meta("identity")["dimension"])
            if catalog.meta("ingesting"):
                yield Finding(Kind.NOTE, "The last ingest isn't through: `qa ingest` goes on")
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        yield Finding(Kind.DAMAGE, f"The catalog can't be read ({error})")

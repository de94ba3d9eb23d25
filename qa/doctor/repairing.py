"""`repair`: what can be made again, is; in one transaction, which is undone if it fails."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from qa.doctor.documents import facts_fault, structure_fault
from qa.doctor.examining import examine
from qa.doctor.files import leftovers
from qa.doctor.findings import Finding, Kind
from qa.doctor.rows import ORPHANS, check_pages, unfounded_files
from qa.doctor.salvage import salvage
from qa.ingest import Ingester
from qa.store import Catalog, Store, Writer
from qa.store.migrations import fill_surroundings
from qa.store.opening import locked, opened
from qa.store.schema import storage_errors

logger = logging.getLogger(__name__)


def repair(
    store: Store,
    findings: Sequence[Finding],
    ingester: Callable[[], Ingester],
    *,
    wait: float = 0,
) -> list[Finding]:
    """Repairs what `examine` found, and returns what is wrong afterwards.

    Args:
        ingester: makes what cuts and embeds anew; its model must be the store's, unless the catalog
            is damaged: a new one takes what the settings say.
        wait: how many seconds to wait for another writer to finish.

    Raises:
        StoreError: the store is busy, can't be written, or nothing in it can be read.
    """
    kinds = {finding.kind for finding in findings if finding.is_repairable}
    if Kind.DAMAGE in kinds:
        if not _reindexed(store, wait):
            salvage(store, ingester(), wait=wait)
        findings = examine(store)
        kinds = {finding.kind for finding in findings if finding.is_repairable}
    if kinds:
        _repair(store, findings, ingester, wait)
        return examine(store)
    return list(findings)


def _reindexed(store: Store, wait: float) -> bool:
    """Whether making SQLite's own indexes again made the catalog whole."""
    path = store.catalog_path
    with storage_errors(path), locked(store.folder, wait):
        try:
            with opened(path, rebuild=False) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("REINDEX")
                is_whole = not list(check_pages(connection))
                connection.execute("COMMIT" if is_whole else "ROLLBACK")
                return is_whole
        except sqlite3.DatabaseError as error:
            logger.debug("Its indexes can't be made again: %s", error)
            return False


def _repair(
    store: Store, findings: Sequence[Finding], ingester: Callable[[], Ingester], wait: float
) -> None:
    with store.snapshot() as snapshot:
        identity = snapshot.identity
    by_kind: dict[Kind, list[Finding]] = {kind: [] for kind in Kind}
    for finding in findings:
        by_kind[finding.kind].append(finding)
    broken = _ids(by_kind[Kind.PASSAGES])
    maker = ingester() if broken else None
    with store.writer(maker.identity if maker else identity, wait=wait) as writer:
        catalog = writer.catalog
        if by_kind[Kind.ROWS]:
            _delete_orphans(writer.change())
        if maker:
            _remake(writer, maker, [id_ for id_ in broken if catalog.has_document(id_)])
        for id_ in _ids(by_kind[Kind.FACTS]):
            _reckon(writer.change(), id_)
        if by_kind[Kind.INDEX] or by_kind[Kind.ROWS] or maker:
            writer.remake_indexes()
        writer.commit(final=not catalog.meta("ingesting"))
        for path in list(leftovers(store.folder, catalog)):
            with suppress(OSError):  # it is found again
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _ids(findings: Iterable[Finding]) -> list[str]:
    return [finding.document_id for finding in findings if finding.document_id]


def _delete_orphans(catalog: Catalog) -> None:
    catalog.execute(  # what lay in them is read again
        "DELETE FROM files WHERE path IN (SELECT file FROM paths "
        "WHERE document_key NOT IN (SELECT key FROM documents))"
    )
    for orphans in ORPHANS:
        catalog.execute(f"DELETE FROM {orphans.table} WHERE {orphans.condition}")
    for path in unfounded_files(catalog):
        catalog.places.remove_file(path)


def _remake(writer: Writer, ingester: Ingester, ids: Sequence[str]) -> None:
    """Makes documents' passages from their texts. Their files are read again by the next ingest:
    what else may be wrong in the text, only they can tell."""
    catalog = writer.change()
    for id_ in ids:
        for file in catalog.places.files_of(id_):
            catalog.places.remove_file(file)
        row = catalog.execute("SELECT * FROM documents WHERE id = ?", (id_,)).fetchone()
        if structure_fault(row):
            whole = json.dumps([[0, 0, len(row["text"]), [], None]])
            catalog.execute("UPDATE documents SET structure = ? WHERE id = ?", (whole, id_))
        if facts_fault(row):
            catalog.execute(
                "UPDATE documents SET metadata = '{}', published = NULL WHERE id = ?", (id_,)
            )
    ingester.put(writer, (catalog.document(id_) for id_ in ids), replaces=True)


def _reckon(catalog: Catalog, id_: str) -> None:
    """Makes again what follows from a document's text."""
    row = catalog.execute("SELECT key, text FROM documents WHERE id = ?", (id_,)).fetchone()
    if row is not None:
        length = len(row["text"])
        catalog.execute("UPDATE documents SET characters = ? WHERE id = ?", (length, id_))
        fill_surroundings(catalog, row["key"])

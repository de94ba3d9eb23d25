"""Taking the lock of a store, and opening or making its catalog."""

from __future__ import annotations

import logging
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from qa.errors import StoreBusyError, StoreDamagedError, StoreMismatchError
from qa.store.catalog import Catalog
from qa.store.identity import FORMAT, Identity
from qa.store.migrations import MIGRATIONS, migrate, needs_rebuild
from qa.store.schema import SCHEMA, connect, is_damage

LOCK = "writer.lock"
_UPGRADE_WAIT = 600.0
"""Seconds; somebody else who upgrades the store is as good."""

Version = tuple[str, int]
"""A catalog's own id and a generation of it: generations and keys begin anew with a new catalog."""

logger = logging.getLogger(__name__)


@contextmanager
def locked(folder: Path, wait: float = 0, name: str = LOCK) -> Iterator[None]:
    """One process or thread at a time; raises StoreBusyError after ``wait`` seconds."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / name, timeout=wait)
    try:
        lock.acquire()
    except Timeout:
        raise StoreBusyError(
            f"Another process is writing to the store {folder}: wait until it has finished and "
            "try again."
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def opened(path: Path, rebuild: bool) -> Iterator[sqlite3.Connection]:
    if rebuild and path.exists() and not _is_sound(path):
        set_aside(path)
    connection = connect(path, create=True, write=True)
    try:
        yield connection
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.close()


def _is_sound(path: Path) -> bool:
    """Whether all of a catalog can be read, as far as SQLite can tell."""
    try:
        with closing(connect(path)) as connection:
            catalog = Catalog(connection)
            if catalog.is_created() and not needs_migration(catalog, path):
                catalog.infos()
                for _ in catalog.documents():
                    pass  # it can be read: that is all that is asked
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.OperationalError as error:
        if is_damage(error):
            return False
        raise  # it may be sound: that it can't be opened now is no reason to set it aside
    except (sqlite3.DatabaseError, StoreDamagedError, ValueError, TypeError, KeyError):
        return False


def set_aside(path: Path) -> None:
    """Puts a damaged catalog where it is in nobody's way."""
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.replace(file.with_name(f"{file.name}.damaged"))
    logger.warning("The damaged catalog was kept as %s.damaged.", path)


def create_or_check(catalog: Catalog, path: Path, identity: Identity, rebuild: bool) -> None:
    if not catalog.is_created():
        catalog.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA.split(";"):
            catalog.execute(statement)
        catalog.set_meta("format", FORMAT)
        catalog.set_meta("uid", uuid.uuid4().hex)
        catalog.set_meta("generation", 0)
        catalog.set_meta("identity", identity.to_dict())
        catalog.execute("COMMIT")
        return
    bring_up_to_date(catalog)
    if rebuild:
        needs_migration(catalog, path)  # raises if not even a rebuild can use it
        return
    check_format(catalog, path)
    if catalog.meta("generation") > 0:
        Identity(**catalog.meta("identity")).check(identity)


def upgrade(folder: Path, path: Path) -> None:
    """Brings a catalog of an earlier format up to date where that takes no rebuild and one may.

    Raises:
        StoreBusyError: somebody was writing all the while.
        sqlite3.Error, OSError: it can't be read or written.
    """
    if not os.access(folder, os.W_OK):
        return
    with closing(connect(path)) as connection:
        is_due = _is_due(Catalog(connection))
    if is_due:
        with locked(folder, _UPGRADE_WAIT), opened(path, rebuild=False) as connection:
            bring_up_to_date(Catalog(connection))


def _is_due(catalog: Catalog) -> bool:
    format_ = catalog.meta("format") if catalog.is_created() else None
    return format_ in MIGRATIONS and not needs_rebuild(format_)


def bring_up_to_date(catalog: Catalog) -> bool:
    """Upgrades a catalog that is due for it and takes no rebuild; whether it was."""
    is_due = _is_due(catalog)
    if is_due:
        catalog.execute("BEGIN IMMEDIATE")
        migrate(catalog)
        catalog.execute("COMMIT")
    return is_due


def needs_migration(catalog: Catalog, path: Path) -> bool:
    """Whether a catalog is of an earlier format; raises what `check_format` does for others."""
    if catalog.meta("format") in MIGRATIONS:
        return True
    check_format(catalog, path)
    return False


def version_of(catalog: Catalog) -> Version:
    return catalog.meta("uid"), catalog.meta("generation")


def check_format(catalog: Catalog, path: Path) -> None:
    format_, generation = catalog.meta("format"), catalog.meta("generation")
    identity = catalog.meta("identity")
    whole = isinstance(format_, int) and isinstance(generation, int) and isinstance(identity, dict)
    if not whole:
        raise StoreDamagedError(
            f"The catalog {path} is damaged (its format, generation or model is missing): run "
            "`qa ingest --rebuild` to set it aside and ingest anew."
        )
    if format_ in MIGRATIONS:
        remedy = "`qa ingest --rebuild` once to bring it up to date"
        if not needs_rebuild(format_):
            remedy = "`qa status` once as somebody who may write there"
        raise StoreMismatchError(
            f"The store {path.parent} was made by an earlier qa (format {format_}): run {remedy}; "
            "its documents stay."
        )
    if format_ != FORMAT:
        raise StoreMismatchError(
            f"The store {path.parent} has format {format_}, this qa reads format {FORMAT}: "
            "upgrade qa, or make a new store with `qa ingest --store DIR`."
        )

"""Where documents, passages and vectors are kept: one folder, a catalog, and what is derived."""

from qa.store.catalog import Catalog
from qa.store.identity import Identity
from qa.store.live import OutdatedError
from qa.store.opening import Version
from qa.store.places import FileRecord, Place
from qa.store.store import Hits, Snapshot, Store
from qa.store.writer import Writer

__all__ = [
    "Catalog",
    "FileRecord",
    "Hits",
    "Identity",
    "OutdatedError",
    "Place",
    "Snapshot",
    "Store",
    "Version",
    "Writer",
]

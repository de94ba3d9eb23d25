"""Where documents, passages and vectors are kept: one folder, a catalog, and what is derived."""

from qa.store.identity import Identity
from qa.store.live import OutdatedError
from qa.store.opening import Version
from qa.store.store import Hits, Snapshot, Store
from qa.store.writer import Writer

__all__ = ["Hits", "Identity", "OutdatedError", "Snapshot", "Store", "Version", "Writer"]

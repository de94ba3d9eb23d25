"""Where documents, passages and vectors are kept: one folder, a catalog, and what is derived."""

from qa.store.identity import Identity
from qa.store.store import Snapshot, Store, Writer

__all__ = ["Identity", "Snapshot", "Store", "Writer"]

"""A store in one file, and a store from it.

::

    manifest.json             what is in it: counts, and of each part size and sha256
    catalog.sqlite            the catalog at one generation: documents, passages, embeddings
    feedback*.jsonl           verdicts on answers
    uploads/ID/NAME           the originals that lie in the store's folder
    originals/PATH            others, if they are asked for and are still what was ingested

API keys are never in it: they are secrets of one machine. Indexes aren't either: they are made from
the catalog, and a program that reads them trusts them. Settings aren't a store's.
"""

from qa.backup.exporting import Exported, export_store
from qa.backup.importing import Imported, import_store

__all__ = ["Exported", "Imported", "export_store", "import_store"]

"""Bringing a store into step with files: what is new goes in, what changed is replaced, what
vanished goes out, and what is the same costs nothing.

Files are compared by the sha256 of their bytes, and read by worker processes. Work is committed in
batches, so that an ingest that is ended by force loses at most the batch it was at.
"""

from qa.ingest.ingester import Ingester, preview
from qa.ingest.report import Failure, IngestReport, OnProgress, OnStage, Progress, Skip

__all__ = [
    "Failure",
    "IngestReport",
    "Ingester",
    "OnProgress",
    "OnStage",
    "Progress",
    "Skip",
    "preview",
]

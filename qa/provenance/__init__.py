"""Whether what the store says still stands: originals as they were, citations word for word."""

from qa.provenance.citations import CitationState, check_citations
from qa.provenance.originals import DocumentState, PathState, State, check_originals

__all__ = [
    "CitationState",
    "DocumentState",
    "PathState",
    "State",
    "check_citations",
    "check_originals",
]

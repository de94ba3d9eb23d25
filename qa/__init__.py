"""Ask your own documents: passages with exact sources, best first, on one computer.

>>> from qa import QA
>>> bot = QA.open("vectors")
>>> bot.ask("What was chosen as the 2024 Cultural Capital?").passages[0].source
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qa.errors import QAError
from qa.types import Answer, Citation, Document, DocumentInfo, Passage, ScoredPassage, Span, Turn

if TYPE_CHECKING:
    from qa.service import QA

__all__ = [
    "QA",
    "Answer",
    "Citation",
    "Document",
    "DocumentInfo",
    "Passage",
    "QAError",
    "ScoredPassage",
    "Span",
    "Turn",
]


def __getattr__(name: str) -> Any:
    if name == "QA":  # late: `qa --help` imports this package and needs none of the service
        from qa.service import QA

        return QA
    if name == "__version__":
        from importlib.metadata import version

        return version("qa")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

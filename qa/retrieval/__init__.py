"""Questions to ranked passages with the sentences that answer."""

from qa.retrieval.answering import CANDIDATES, Found, compose_answer
from qa.retrieval.base import Query, Retriever
from qa.retrieval.dense import DenseRetriever
from qa.retrieval.highlight import Highlighter

__all__ = [
    "CANDIDATES",
    "DenseRetriever",
    "Found",
    "Highlighter",
    "Query",
    "Retriever",
    "compose_answer",
]

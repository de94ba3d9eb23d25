"""Questions to ranked passages with the sentences that answer."""

from qa.retrieval.answering import compose_answer
from qa.retrieval.base import Nearest, Query, make_query
from qa.retrieval.candidates import POOL
from qa.retrieval.followups import in_context
from qa.retrieval.ranking import Weights
from qa.retrieval.rerank import Reranking, load_reranker
from qa.retrieval.search import Ranking, Searcher

__all__ = [
    "POOL",
    "Nearest",
    "Query",
    "Ranking",
    "Reranking",
    "Searcher",
    "Weights",
    "compose_answer",
    "in_context",
    "load_reranker",
    "make_query",
]

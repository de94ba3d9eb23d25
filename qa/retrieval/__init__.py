"""Questions to ranked passages with the sentences that answer."""

from qa.retrieval.answering import compose_answer
from qa.retrieval.base import Nearest, Query, make_query
from qa.retrieval.candidates import POOL
from qa.retrieval.context import Context
from qa.retrieval.ranking import Weights
from qa.retrieval.rerank import Reranking, load_reranker
from qa.retrieval.search import Ranking, Searcher, Spoken

__all__ = [
    "POOL",
    "Context",
    "Nearest",
    "Query",
    "Ranking",
    "Reranking",
    "Searcher",
    "Spoken",
    "Weights",
    "compose_answer",
    "load_reranker",
    "make_query",
]

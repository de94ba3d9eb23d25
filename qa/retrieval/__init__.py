"""Questions to ranked passages with the sentences that answer."""

from qa.retrieval.answering import compose_answer
from qa.retrieval.base import Query, make_query
from qa.retrieval.ranking import Weights
from qa.retrieval.search import Ranking, Searcher

__all__ = ["Query", "Ranking", "Searcher", "Weights", "compose_answer", "make_query"]

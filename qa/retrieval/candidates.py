"""Candidates from both retrievers, each with its true score from either."""

from __future__ import annotations

from collections.abc import Sequence

from qa.retrieval.base import Candidate, Query, Retriever
from qa.retrieval.dense import DenseRetriever
from qa.retrieval.lexical import LexicalRetriever
from qa.store import Hits, Snapshot

POOL = 50
"""Candidates asked of each retriever, however few passages are wanted."""


def gather(
    snapshot: Snapshot, query: Query, k: int, *, dense: bool = True, lexical: bool = True
) -> list[Candidate]:
    """What the retrievers find, the union of their best k.

    Args:
        dense: whether dense retrieval may propose passages; it scores them in any case.
        lexical: the same of lexical retrieval.
    """
    by_meaning, by_words = DenseRetriever(), LexicalRetriever()
    dense_hits = by_meaning.search(snapshot, query, k) if dense else []
    lexical_hits = by_words.search(snapshot, query, k) if lexical else []
    keys = list(dict.fromkeys(key for key, _ in [*dense_hits, *lexical_hits]))
    dense_scores = _completed(by_meaning, snapshot, query, keys, dense_hits)
    lexical_scores = _completed(by_words, snapshot, query, keys, lexical_hits)
    dense_ranks, lexical_ranks = _ranks(dense_hits), _ranks(lexical_hits)
    vectors = snapshot.vectors(keys)
    return [
        Candidate(
            key=key,
            dense=dense_scores[key],
            lexical=lexical_scores[key],
            dense_rank=dense_ranks.get(key),
            lexical_rank=lexical_ranks.get(key),
            sentences=vectors[key][1],
            fit=vectors[key][2],
        )
        for key in keys
    ]


def _completed(
    retriever: Retriever, snapshot: Snapshot, query: Query, keys: Sequence[int], hits: Hits
) -> dict[int, float]:
    scores = dict(hits)
    missing = [key for key in keys if key not in scores]
    return scores | retriever.scores(snapshot, query, missing) if missing else scores


def _ranks(hits: Hits) -> dict[int, int]:
    return {key: rank for rank, (key, _) in enumerate(hits, start=1)}

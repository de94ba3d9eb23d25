"""Candidates from both retrievers, each with its true score from either."""

from __future__ import annotations

from collections.abc import Sequence

from qa.retrieval.base import Candidate, Query
from qa.retrieval.dense import DenseRetriever
from qa.retrieval.lexical import LexicalRetriever
from qa.store import Hits, Snapshot

POOL = 20
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
    nearest = [key for key, _ in dense_hits]
    lexical_hits, lexical_scores = by_words.search_beside(
        snapshot, query, k if lexical else 0, nearest
    )
    lexical_scores |= dict(lexical_hits)
    keys = list(dict.fromkeys([*nearest, *(key for key, _ in lexical_hits)]))
    vectors = snapshot.vectors(keys)
    dense_scores = dict(dense_hits)
    dense_scores |= by_meaning.scores(
        snapshot, query, [key for key in keys if key not in dense_scores]
    )
    dense_ranks, lexical_ranks = _ranks(dense_hits), _ranks(lexical_hits)
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


def complete(
    snapshot: Snapshot, query: Query, candidates: Sequence[Candidate], keys: Sequence[int]
) -> list[Candidate]:
    """Candidates by given keys, in their order; what no retriever proposed is scored all the
    same."""
    known = {candidate.key: candidate for candidate in candidates}
    further = [key for key in keys if key not in known]
    if further:
        dense = DenseRetriever().scores(snapshot, query, further)
        lexical = LexicalRetriever().scores(snapshot, query, further)
        vectors = snapshot.vectors(further)
        for key in further:
            _, sentences, fit = vectors[key]
            known[key] = Candidate(key, dense[key], lexical[key], None, None, sentences, fit)
    return [known[key] for key in keys]


def _ranks(hits: Hits) -> dict[int, int]:
    return {key: rank for rank, (key, _) in enumerate(hits, start=1)}

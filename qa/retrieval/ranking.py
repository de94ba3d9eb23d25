"""From candidates to a ranking: meaning and words weighed together, of passage and sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qa.retrieval.base import Candidate, Found, Query
from qa.retrieval.coverage import Coverage
from qa.types import DocumentInfo, Evidence, Passage, Span

LEARNT_FIT = 3.5
"""The fit (`qa.embedding.base.fit`) from which on a text is taken to be in a language that the
model has learnt."""
FOREIGN_FIT = 1.7
"""The fit at which a model is taken to know nothing of the language."""
_FIT_SAMPLE = 10

Stored = Callable[[Sequence[int]], Mapping[int, tuple[Passage, DocumentInfo]]]

SENTENCE_POOL = 10
"""Passages whose sentences are compared with the question word by word."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A candidate, its sentences' cosines with the question, and its score as a whole."""

    candidate: Candidate
    cosines: list[float]
    whole: float


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts; each is a share, 0 to 1."""

    dense: float = 0.5
    """Of meaning against words, in a language that the model has learnt."""
    sentence: float = 1 / 3
    """Of the best sentence against the passage as a whole."""
    adapts: bool = True
    """Whether meaning counts for less in a language the model hasn't learnt."""

    def dense_for(self, candidates: Sequence[Candidate]) -> float:
        """The weight of meaning for a query, by how well the model's vocabulary fits what was
        found: a tokenizer makes crumbs of a language that it hasn't learnt, and a model little
        sense of crumbs."""
        if not self.adapts:
            return self.dense
        best = sorted(candidates, key=lambda c: c.dense_rank or c.lexical_rank or 0)[:_FIT_SAMPLE]
        fit = sum(candidate.fit for candidate in best) / max(1, len(best))
        trust = (fit - FOREIGN_FIT) / (LEARNT_FIT - FOREIGN_FIT)
        return self.dense * min(1.0, max(0.0, trust))


class Ranker:
    """Ranks candidates by a convex combination of cosines and lexical scores.

    A passage has two cosines, its own and that of its nearest sentence, and a lexical score; its
    best sentence has a cosine and a coverage of the question's terms. Both parts are on a scale
    that doesn't depend on what else was found (Bruch et al., "An Analysis of Fusion Functions for
    Hybrid Retrieval", 2023, find that this beats ranks).
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def rank(
        self,
        query: Query,
        candidates: Sequence[Candidate],
        stored: Stored,
        coverage: Coverage,
        depth: int = SENTENCE_POOL,
    ) -> list[Found]:
        """The best candidates, best first, each with its best sentence.

        The sentences of the first ``SENTENCE_POOL`` are compared word by word; the others stay
        behind them, in the order of their passages' own scores.

        Args:
            stored: gives passage and document of each of some keys.
            depth: how many are wanted; of the others nothing is read. At least ``SENTENCE_POOL``.
        """
        dense = self._weights.dense_for(candidates)
        judged = [self._judge(query, candidate, dense) for candidate in candidates]
        judged.sort(key=lambda one: -one.whole)
        del judged[max(depth, SENTENCE_POOL) :]
        held = stored([one.candidate.key for one in judged])
        first = [
            self._found(one, held[one.candidate.key], dense, coverage)
            for one in judged[:SENTENCE_POOL]
        ]
        rest = [
            self._found(one, held[one.candidate.key], dense, None) for one in judged[SENTENCE_POOL:]
        ]
        return sorted(first, key=lambda found: -found.score) + rest

    @staticmethod
    def _judge(query: Query, candidate: Candidate, dense: float) -> _Judged:
        cosines = (candidate.sentences @ query.embedding[0]).tolist()
        meaning = (candidate.dense + max(cosines, default=candidate.dense)) / 2
        return _Judged(candidate, cosines, dense * meaning + (1 - dense) * candidate.lexical)

    def _found(
        self,
        judged: _Judged,
        stored: tuple[Passage, DocumentInfo],
        dense: float,
        coverage: Coverage | None,
    ) -> Found:
        passage, document = stored
        share, best, scores = self._weights.sentence, 0.0, judged.cosines
        if scores and coverage and share:
            covered = coverage.of_sentences(passage, document)
            pairs = zip(scores, covered, strict=True)
            scores = [dense * cosine + (1 - dense) * words for cosine, words in pairs]
            best = max(0.0, *scores)
        elif coverage:
            best = judged.whole  # nothing in it is a sentence: it stands for itself
        candidate = judged.candidate
        evidence = Evidence(
            dense=candidate.dense,
            lexical=candidate.lexical,
            dense_rank=candidate.dense_rank,
            lexical_rank=candidate.lexical_rank,
            sentence=max(judged.cosines, default=None),
        )
        sentence = passage.sentences[scores.index(max(scores))] if scores else None
        score = (1 - share) * judged.whole + share * best
        return Found(passage, document, score, evidence, sentence)


def sentence_text(found: Found) -> str:
    """The best sentence of a passage, or the whole passage if it has none."""
    span = found.sentence or Span(0, len(found.passage.text))
    return span.slice(found.passage.text)

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

CONTEXT = 0.7
"""The weight of what a conversation is about, beside a question that leans on it."""
_CONTEXT_POOL = 20
"""As SENTENCE_POOL, for a question in a conversation: two sides propose passages."""
SENTENCE_POOL = 10
"""Passages whose sentences are compared with the question word by word."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A candidate, its sentences' cosines with the question, and its score as a whole."""

    candidate: Candidate
    cosines: list[float]
    whole: float

    @property
    def evidence(self) -> Evidence:
        candidate = self.candidate
        return Evidence(
            dense=candidate.dense,
            lexical=candidate.lexical,
            dense_rank=candidate.dense_rank,
            lexical_rank=candidate.lexical_rank,
            sentence=max(self.cosines, default=None),
        )


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


@dataclass(frozen=True, slots=True)
class Side:
    """What is searched for, and what is known of the candidates by it."""

    query: Query
    candidates: Sequence[Candidate]
    coverage: Coverage


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

    def weigh(
        self, own: Side, context: Side, stored: Stored, depth: int
    ) -> list[tuple[Found, float]]:
        """The best candidates of a question that is asked in a conversation, in no order: each
        found as by the question, and its score by what the conversation is about. Its best
        sentence is that by both.

        Args:
            own: the question, with all candidates of either side.
            context: what the conversation is about, with the same candidates in the same order.
        """
        dense = self._weights.dense_for(own.candidates)
        pairs = [
            (self._judge(own.query, one, dense), self._judge(context.query, other, dense))
            for one, other in zip(own.candidates, context.candidates, strict=True)
        ]
        pairs.sort(key=lambda pair: -(pair[0].whole + CONTEXT * pair[1].whole))
        del pairs[max(depth, _CONTEXT_POOL) :]
        held = stored([judged.candidate.key for judged, _ in pairs])
        weighed = []
        for place, (judged, other) in enumerate(pairs):
            both = held[judged.candidate.key]
            compared = place < _CONTEXT_POOL
            by_question, by_context = (
                self._sentences(one, both, dense, side.coverage if compared else None)
                for one, side in ((judged, own), (other, context))
            )
            nearest = [a + CONTEXT * b for a, b in zip(by_question, by_context, strict=True)]
            score = self._score(judged, by_question, compared)
            found = Found(*both, score, judged.evidence, _best(both[0], nearest))
            weighed.append((found, self._score(other, by_context, compared)))
        return weighed

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
        scores = self._sentences(judged, stored, dense, coverage)
        score = self._score(judged, scores, coverage is not None)
        return Found(passage, document, score, judged.evidence, _best(passage, scores))

    def _sentences(
        self,
        judged: _Judged,
        stored: tuple[Passage, DocumentInfo],
        dense: float,
        coverage: Coverage | None,
    ) -> list[float]:
        """The score of each sentence; by its cosine alone where words aren't compared."""
        if not (judged.cosines and coverage and self._weights.sentence):
            return judged.cosines
        pairs = zip(judged.cosines, coverage.of_sentences(*stored), strict=True)
        return [dense * cosine + (1 - dense) * words for cosine, words in pairs]

    def _score(self, judged: _Judged, sentences: Sequence[float], compared: bool) -> float:
        """A passage's score, from its own and its best sentence's.

        Args:
            compared: whether words were; if not, sentences add nothing.
        """
        share, best = self._weights.sentence, 0.0
        if compared:  # where nothing in it is a sentence, it stands for itself
            best = max(0.0, *sentences) if sentences and share else judged.whole
        return (1 - share) * judged.whole + share * best


def _best(passage: Passage, scores: Sequence[float]) -> Span | None:
    """The sentence with the highest score."""
    return passage.sentences[scores.index(max(scores))] if scores else None


def sentence_text(found: Found) -> str:
    """The best sentence of a passage, or the whole passage if it has none."""
    span = found.sentence or Span(0, len(found.passage.text))
    return span.slice(found.passage.text)

"""From ranked passages to an answer: which sentence, how sure, or that the documents don't say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa.types import Answer, DocumentInfo, Passage, ScoredPassage, Span, cite

CANDIDATES = 10
"""Passages compared by their sentences, however few are wanted."""


@dataclass(frozen=True, slots=True)
class Found:
    """A retrieved passage with its document, its score (a cosine), and its sentence nearest to the
    question with that sentence's cosine; None if it has no sentence."""

    passage: Passage
    document: DocumentInfo
    score: float
    sentence: tuple[Span, float] | None

    @property
    def nearness(self) -> float:
        """The mean of the passage's and the sentence's cosine with the question.

        A passage on many things is far from a question on one of them, a sentence without its
        surroundings is easily mistaken: neither alone puts as many right passages first.
        """
        return (self.score + self.sentence[1]) / 2 if self.sentence else self.score


def compose_answer(
    question: str,
    candidates: Sequence[Found],
    top_k: int,
    min_confidence: float,
    timings_ms: Mapping[str, float],
) -> Answer:
    """The answer that retrieved passages, in any order, give to a question.

    The passages are ranked by nearness; the text of the answer is the nearest sentence of the
    first that has one. The confidence is the highest cosine of any passage or sentence;
    below ``min_confidence`` the documents don't say.
    """
    ranking = sorted(candidates, key=lambda found: -found.nearness)[:top_k]
    passages = tuple(
        ScoredPassage(
            rank=rank,
            score=found.nearness,
            passage=found.passage,
            source=cite(found.document, found.passage),
            highlights=(found.sentence[0],) if found.sentence else (),
        )
        for rank, found in enumerate(ranking, start=1)
    )
    cosines = [found.score for found in candidates]
    cosines += [found.sentence[1] for found in candidates if found.sentence]
    confidence = min(max(0.0, *cosines), 1.0) if cosines else None
    text = citation = None
    first = next((found for found in ranking if found.sentence), None)
    if first and first.sentence and confidence is not None and confidence >= min_confidence:
        text = first.sentence[0].slice(first.passage.text)
        citation = cite(first.document, first.passage, first.sentence[0])
    return Answer(
        question=question,
        answered=text is not None,
        text=text,
        citation=citation,
        confidence=confidence,
        passages=passages,
        timings_ms=timings_ms,
    )

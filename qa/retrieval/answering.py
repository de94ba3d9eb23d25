"""From ranked passages to an answer: which sentence, how sure, or that the documents don't say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa.types import Answer, DocumentInfo, Passage, ScoredPassage, Span, cite


@dataclass(frozen=True, slots=True)
class Found:
    """A retrieved passage with its document, its score, and its sentence nearest to the question
    with that sentence's cosine (None if it has no sentence)."""

    passage: Passage
    document: DocumentInfo
    score: float
    sentence: tuple[Span, float] | None


def compose_answer(
    question: str, ranking: Sequence[Found], min_confidence: float, timings_ms: Mapping[str, float]
) -> Answer:
    """The answer that a ranking, best first, gives to a question.

    Its text is the sentence nearest to the question, the sentence's passage counting as much as
    the sentence itself: either alone picks fewer sentences that answer. The confidence is the
    highest cosine of all; below ``min_confidence`` the documents don't say.
    """
    passages = tuple(
        ScoredPassage(
            rank=rank,
            score=found.score,
            passage=found.passage,
            source=cite(found.document, found.passage),
            highlights=(found.sentence[0],) if found.sentence else (),
        )
        for rank, found in enumerate(ranking, start=1)
    )
    candidates = [
        (found.sentence[1] + found.score, found, found.sentence[0])
        for found in ranking
        if found.sentence
    ]
    cosines = [found.score for found in ranking]
    cosines += [found.sentence[1] for found in ranking if found.sentence]
    confidence = min(max(0.0, *cosines), 1.0) if cosines else None
    text = citation = None
    if candidates and confidence is not None and confidence >= min_confidence:
        _, best, span = max(candidates, key=lambda candidate: candidate[0])
        text = span.slice(best.passage.text)
        citation = cite(best.document, best.passage, span)
    return Answer(
        question=question,
        answered=text is not None,
        text=text,
        citation=citation,
        confidence=confidence,
        passages=passages,
        timings_ms=timings_ms,
    )

"""From a ranking to an answer: which sentence, how sure, or that the documents don't say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qa.retrieval.base import Found
from qa.retrieval.search import Ranking
from qa.types import Answer, ScoredPassage, cite


def compose_answer(
    question: str,
    searched_for: str,
    ranking: Ranking,
    min_confidence: float,
    timings_ms: Mapping[str, float],
) -> Answer:
    """The answer that the passages found by searching for something give to a question.

    Its text is the best sentence of the first passage that has one; with a confidence below
    ``min_confidence`` the documents don't say.
    """
    passages = tuple(
        ScoredPassage(
            rank=rank,
            score=score,
            passage=found.passage,
            source=cite(found.document, found.passage),
            highlights=(found.sentence,) if found.sentence else (),
            evidence=found.evidence,
            also=tuple(cite(other.document, other.passage) for other in found.also),
        )
        for rank, (found, score) in enumerate(_scored(ranking.found), start=1)
    )
    text = citation = None
    first = next((found for found in ranking.found if found.sentence), None)
    confidence = ranking.confidence
    if first and first.sentence and confidence is not None and confidence >= min_confidence:
        text = first.sentence.slice(first.passage.text)
        citation = cite(first.document, first.passage, first.sentence)
    return Answer(
        question=question,
        searched_for=searched_for,
        answered=text is not None,
        text=text,
        citation=citation,
        confidence=confidence,
        passages=passages,
        timings_ms=timings_ms,
    )


def _scored(ranking: Sequence[Found]) -> Iterator[tuple[Found, float]]:
    """Each passage with the score that put it there; scores never rise down a ranking."""
    highest = float("inf")
    for found in ranking:
        rerank = found.evidence.rerank
        highest = min(highest, found.score if rerank is None else rerank)
        yield found, highest

"""From a ranking to an answer: which sentence, how sure, or that the documents don't say."""

from __future__ import annotations

from collections.abc import Mapping

from qa.retrieval.search import Ranking
from qa.types import Answer, ScoredPassage, cite


def compose_answer(
    question: str, ranking: Ranking, min_confidence: float, timings_ms: Mapping[str, float]
) -> Answer:
    """The answer that ranked passages give to a question.

    Its text is the best sentence of the first passage that has one; with a confidence below
    ``min_confidence`` the documents don't say.
    """
    passages = tuple(
        ScoredPassage(
            rank=rank,
            score=found.score,
            passage=found.passage,
            source=cite(found.document, found.passage),
            highlights=(found.sentence,) if found.sentence else (),
            evidence=found.evidence,
            also=tuple(cite(other.document, other.passage) for other in found.also),
        )
        for rank, found in enumerate(ranking.found, start=1)
    )
    text = citation = None
    first = next((found for found in ranking.found if found.sentence), None)
    confidence = ranking.confidence
    if first and first.sentence and confidence is not None and confidence >= min_confidence:
        text = first.sentence.slice(first.passage.text)
        citation = cite(first.document, first.passage, first.sentence)
    return Answer(
        question=question,
        answered=text is not None,
        text=text,
        citation=citation,
        confidence=confidence,
        passages=passages,
        timings_ms=timings_ms,
    )

"""One answer against what would be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qa.evaluation.datasets import Question
from qa.evaluation.failures import GetDocument, classify
from qa.evaluation.gold import Gold
from qa.evaluation.matching import contains
from qa.evaluation.results import QueryResult, RankedDocument, Retrieved
from qa.types import Answer, Citation, ScoredPassage, Span

Names = Mapping[str, str]
"""What the run calls a document, by its id in the store."""


def judge(
    question: Question,
    gold: Gold,
    answer: Answer,
    *,
    names: Names,
    document: GetDocument,
    latency_ms: float,
) -> QueryResult:
    """How a question went; the metrics of documents are added when all are asked."""
    ranking = roll_up(answer.passages, names)
    first = answer.passages[0] if answer.passages else None
    rank = _first_relevant(ranking, gold)
    right = next((p for p in answer.passages if _is_right(p, question, gold, names)), None)
    correct = _is_correct(question, gold, first, names)
    failure = classify(
        question,
        gold,
        answer,
        correct=correct,
        gold_rank=rank,
        gold_passage=right,
        document=document,
    )
    return QueryResult(
        id=question.id,
        question=question.text,
        answerable=question.answerable,
        answers=question.answers,
        values=_values(question, gold, answer, names, correct),
        correct=correct,
        confidence=answer.confidence,
        answered=answer.answered,
        failure=failure,
        gold=gold.relevant,
        gold_rank=rank,
        documents=ranking,
        first=_retrieved(first, names),
        gold_passage=_retrieved(right, names),
        latency_ms=round(latency_ms, 3),
        extra=dict(question.extra),
        searched_for=answer.searched_for,
    )


def roll_up(passages: Sequence[ScoredPassage], names: Names) -> tuple[RankedDocument, ...]:
    """Passages to documents: each document where its best passage is, with its score.

    A document that holds nearly the same passage comes right after the one shown.
    """
    scores: dict[str, float] = {}
    for passage in passages:
        for citation in _places(passage):
            scores.setdefault(_name(citation, names), passage.score)
    return tuple(RankedDocument(name, score) for name, score in scores.items())


def _places(passage: ScoredPassage) -> tuple[Citation, ...]:
    return (passage.source, *passage.also)


def _name(citation: Citation, names: Names) -> str:
    return names.get(citation.document_id, citation.document_id)


def _first_relevant(ranking: Sequence[RankedDocument], gold: Gold) -> int | None:
    relevant = set(gold.relevant)
    ranks = (rank for rank, document in enumerate(ranking, start=1) if document.id in relevant)
    return next(ranks, None)


def _is_right(passage: ScoredPassage, question: Question, gold: Gold, names: Names) -> bool:
    """Of a relevant document, and with an accepted string, as far as either is known."""
    if not question.answerable:
        return False
    relevant = {_name(citation, names) for citation in _places(passage)} & set(gold.relevant)
    if question.sources and not relevant:
        return False
    return not question.answers or contains(passage.text, question.answers)


def _is_correct(question: Question, gold: Gold, first: ScoredPassage | None, names: Names) -> bool:
    """Whether the first passage answers: an accepted string is enough, wherever it stands."""
    if first is None or not question.answerable:
        return False
    if question.answers:
        return contains(first.text, question.answers)
    return _is_right(first, question, gold, names)


def _values(
    question: Question, gold: Gold, answer: Answer, names: Names, correct: bool
) -> dict[str, float]:
    """Its value in each metric of passages and decisions that it counts for."""
    values: dict[str, bool] = {}
    first = answer.passages[:1]
    if question.answers:
        texts = [passage.text for passage in answer.passages]
        sentences = [span.slice(p.text) for p in first for span in p.highlights]
        values["Answer@1"] = any(contains(text, question.answers) for text in texts[:1])
        values["Answer@5"] = any(contains(text, question.answers) for text in texts[:5])
        values["Sentence@1"] = any(contains(text, question.answers) for text in sentences)
    if gold.spans:
        values["Passage@1"] = any(_covers(passage, gold, names) for passage in first)
    if question.answerable:
        values["Answered"] = answer.answered
    else:
        values["Declined"] = not answer.answered
    error = ((answer.confidence or 0.0) - correct) ** 2
    return {**{name: float(value) for name, value in values.items()}, "Brier": error}


def _covers(passage: ScoredPassage, gold: Gold, names: Names) -> bool:
    """Whether it holds at least half of what a source quotes."""
    return any(
        2 * _overlap(Span(place.start, place.end), span) >= span.end - span.start
        for place in _places(passage)
        for span in gold.spans.get(_name(place, names), ())
    )


def _overlap(one: Span, other: Span) -> int:
    return min(one.end, other.end) - max(one.start, other.start)


def _retrieved(passage: ScoredPassage | None, names: Names) -> Retrieved | None:
    if passage is None:
        return None
    sentences = [span.slice(passage.text) for span in passage.highlights]
    return Retrieved(
        document=_name(passage.source, names),
        path=passage.source.path,
        title=passage.source.title,
        start=passage.source.start,
        end=passage.source.end,
        rank=passage.rank,
        score=passage.score,
        text=passage.text,
        sentence=" … ".join(sentences) or None,
        evidence=passage.evidence.to_dict() if passage.evidence else None,
    )

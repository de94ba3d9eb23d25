"""Why a question failed: one class a question.

``wrongly answered``     the documents don't say, and it was answered all the same
``wrongly declined``     the first passage answers, but the confidence was too low
``not retrieved``        nothing right is among the passages retrieved
``outranked``            a right passage was retrieved, but another came first
``split by chunking``    an accepted string stands in the right document's text, but across a
                         boundary of passages, so that none of them holds it
``not in the source``    no accepted string stands in any of the right documents: the dataset is to
                         be corrected

A right passage is one of a relevant document that holds an accepted string, as far as the dataset
has strings and sources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qa.evaluation.datasets import Question
from qa.evaluation.gold import Gold
from qa.evaluation.matching import contains
from qa.types import Answer, Document, Passage, ScoredPassage

WRONGLY_ANSWERED = "wrongly answered"
WRONGLY_DECLINED = "wrongly declined"
NOT_RETRIEVED = "not retrieved"
OUTRANKED = "outranked"
SPLIT = "split by chunking"
NOT_IN_SOURCE = "not in the source"
CLASSES = (NOT_RETRIEVED, OUTRANKED, SPLIT, NOT_IN_SOURCE, WRONGLY_DECLINED, WRONGLY_ANSWERED)

GetDocument = Callable[[str], tuple[Document, list[Passage]] | None]
"""A document and its passages, by the name a run has for it; None if the store lacks it."""


def classify(
    question: Question,
    gold: Gold,
    answer: Answer,
    *,
    correct: bool,
    gold_rank: int | None,
    gold_passage: ScoredPassage | None,
    document: GetDocument,
) -> str | None:
    """The class of failure, or None if the question went well.

    Args:
        correct: whether the first passage answers.
        gold_rank: rank of the first relevant document.
        gold_passage: the best right passage.
    """
    if not question.answerable:
        return WRONGLY_ANSWERED if answer.answered else None
    if correct:
        return None if answer.answered else WRONGLY_DECLINED
    if gold_passage is not None:
        return OUTRANKED
    if gold_rank is None or not question.answers:
        return NOT_RETRIEVED
    return _why_no_passage(question.answers, gold, document)


def _why_no_passage(answers: Sequence[str], gold: Gold, document: GetDocument) -> str:
    """Why no passage retrieved of the right documents answers, though they were found."""
    found = [pair for name in gold.relevant if (pair := document(name))]
    if any(contains(passage.text, answers) for _, passages in found for passage in passages):
        return NOT_RETRIEVED
    if any(contains(document.text, answers) for document, _ in found):
        return SPLIT
    return NOT_IN_SOURCE

"""One answer against what would be right."""

from __future__ import annotations

import pytest

from qa.evaluation.datasets import Question, Source
from qa.evaluation.gold import Gold
from qa.evaluation.judging import judge, roll_up
from qa.types import Answer, Citation, Passage, ScoredPassage, Span

TEXT = "Ann Berg won. Bo Cox lost."


def citation(document: str, start: int = 0, end: int = len(TEXT)) -> Citation:
    path = f"{document}.md"
    return Citation(document, path, document, None, None, None, 0, start, end, "0", TEXT[start:end])


def scored(rank: int, document: str, *also: str, start: int = 0, text: str = TEXT) -> ScoredPassage:
    end = start + len(text)
    return ScoredPassage(
        rank=rank,
        score=1 / rank,
        passage=Passage(f"{document}-{start}", document, text, start, end),
        source=citation(document, start, end),
        highlights=(Span(0, text.index(".") + 1),),
        also=tuple(citation(other, start, end) for other in also),
    )


def judged(question: Question, gold: Gold, *passages: ScoredPassage, answered: bool = True):
    answer = Answer(question.text, question.text, answered, None, None, 0.7, passages)
    return judge(question, gold, answer, names={}, document=lambda name: None, latency_ms=1.0)


def test_a_document_comes_where_its_best_passage_is():
    passages = [scored(1, "a"), scored(2, "b"), scored(3, "a", start=50), scored(4, "c")]
    ranking = roll_up(passages, {"b": "B"})
    assert [(d.id, d.score) for d in ranking] == [("a", 1), ("B", 1 / 2), ("c", 1 / 4)]


def test_near_duplicates_come_right_after_the_passage_shown():
    ranking = roll_up([scored(1, "a", "d", "b"), scored(2, "b"), scored(3, "c")], {})
    assert [document.id for document in ranking] == ["a", "d", "b", "c"]


def test_a_duplicate_elsewhere_is_as_right_as_the_original():
    question = Question("q", "Who won?", ("Ann Berg",), sources=(Source("copy"),))
    found = judged(question, Gold({"copy": 1}), scored(1, "a", "copy"))
    assert (found.failure, found.gold_rank, found.correct) == (None, 2, True)
    assert found.gold_passage.rank == 1


def test_values_are_of_the_first_passages_and_sentence():
    question = Question("q", "Who lost?", ("Bo Cox",))
    other = scored(1, "a", text="Nobody. Ann.")
    found = judged(question, Gold(), other, scored(2, "b"))
    assert found.values["Answer@1"] == 0
    assert found.values["Answer@5"] == 1
    found = judged(question, Gold(), scored(1, "b"))
    assert found.values["Answer@1"] == 1
    assert found.values["Sentence@1"] == 0, "it stands in the other sentence"
    assert found.values["Brier"] == pytest.approx(0.09)
    assert "Passage@1" not in found.values


@pytest.mark.parametrize(
    ("span", "value"),
    [
        (Span(100, 126), 1),
        (Span(113, 139), 1),  # half of it
        (Span(114, 140), 0),
        (Span(0, 26), 0),
    ],
)
def test_a_passage_must_hold_half_of_what_is_quoted(span, value):
    question = Question("q", "Who?", ("Ann Berg",), sources=(Source("a"),))
    gold = Gold({"a": 1}, {"a": (span,)})
    assert judged(question, gold, scored(1, "a", start=100)).values["Passage@1"] == value
    assert judged(question, gold, scored(1, "b", start=100)).values["Passage@1"] == 0


def test_without_strings_a_relevant_document_is_right():
    question = Question("q", "Who?", sources=(Source("a"), Source("b", grade=0)))
    gold = Gold({"a": 1, "b": 0})
    assert judged(question, gold, scored(1, "a")).correct
    wrong = judged(question, gold, scored(1, "b"), scored(2, "a"))
    assert (wrong.correct, wrong.failure, wrong.gold_rank) == (False, "outranked", 2)


def test_an_empty_store_finds_nothing():
    answer = Answer("Who?", "Who?", False, None, None, None, ())
    question = Question("q", "Who?", ("Ann",), sources=(Source("a"),))
    found = judge(
        question, Gold({"a": 1}), answer, names={}, document=lambda n: None, latency_ms=1.0
    )
    assert (found.failure, found.first, found.documents) == ("not retrieved", None, ())
    assert found.values == {
        "Answer@1": 0, "Answer@5": 0, "Sentence@1": 0, "Answered": 0, "Brier": 0
    }  # fmt: skip

from __future__ import annotations

from datetime import date

import pytest

from qa.retrieval import Found, compose_answer
from qa.types import DocumentInfo, Passage, Span

DOCUMENT = DocumentInfo(
    "d" * 32, ("/docs/a.md", "/docs/b.md"), "Title", date(2024, 5, 6), "text/markdown", "e" * 64,
    1000, 3, "2024-05-07T08:00:00+00:00",
)  # fmt: skip


def found(text: str, score: float, cosine: float | None, start: int = 100) -> Found:
    """A passage of two words, the second of which is the nearest sentence."""
    span = Span(text.index(" ") + 1, len(text))
    passage = Passage(
        f"{DOCUMENT.id}:0", DOCUMENT.id, text, start, start + len(text), ("Part", "Chapter"), 7,
        (span,) if cosine is not None else (),
    )  # fmt: skip
    return Found(passage, DOCUMENT, score, (span, cosine) if cosine is not None else None)


def test_the_answer_is_cited_to_the_character():
    answer = compose_answer("Q?", [found("One two", 0.6, 0.7)], 5, 0.3, {"total": 1.0})
    assert answer.text == "two"
    citation = answer.citation
    assert citation is not None
    assert (citation.start, citation.end) == (104, 107)
    assert (citation.path, citation.heading, citation.page) == ("/docs/a.md", "Part > Chapter", 7)
    source = answer.passages[0].source
    assert (source.start, source.end, source.sha256) == (100, 107, "e" * 64)
    assert answer.to_dict()["answer"]["citation"]["date"] == "2024-05-06"


def test_passages_are_ranked_by_themselves_and_their_nearest_sentence_alike():
    candidates = [
        found("a first", 0.6, 0.2),
        found("a second", 0.5, 0.5),
        found("a third", 0.1, 0.6),
    ]
    answer = compose_answer("Q?", candidates, 2, 0.3, {})
    assert answer.text == "second"
    assert [(p.rank, p.text) for p in answer.passages] == [(1, "a second"), (2, "a first")]
    assert [p.score for p in answer.passages] == pytest.approx([0.5, 0.4])
    assert answer.confidence == pytest.approx(0.6)


def test_a_passage_without_a_sentence_can_come_first_but_is_not_the_answer():
    answer = compose_answer(
        "Q?", [found("a first", 0.9, None), found("a second", 0.5, 0.5)], 2, 0, {}
    )
    assert answer.passages[0].text == "a first"
    assert answer.text == "second"


@pytest.mark.parametrize(
    ("ranking", "confidence"),
    [
        ([], None),
        ([found("a word", 0.2, 0.29)], 0.29),
        ([found("a word", -0.5, -0.2)], 0.0),
        ([found("a word", 0.9, None)], 0.9),
    ],
    ids=["nothing found", "too far", "opposite", "no sentence"],
)
def test_the_documents_do_not_say(ranking, confidence):
    answer = compose_answer("Q?", ranking, 5, 0.3, {})
    assert (answer.answered, answer.text, answer.citation) == (False, None, None)
    assert answer.confidence == confidence
    assert len(answer.passages) == len(ranking)

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from qa.retrieval import Ranking, compose_answer
from qa.retrieval.base import Found
from qa.types import DocumentInfo, Evidence, Passage, Span

DOCUMENT = DocumentInfo(
    "d" * 32, ("/docs/a.md", "/docs/b.md"), "Title", date(2024, 5, 6), "text/markdown", "e" * 64,
    1000, 3, "2024-05-07T08:00:00+00:00",
)  # fmt: skip
EVIDENCE = Evidence(dense=0.5, lexical=0.4, dense_rank=1, lexical_rank=None, sentence=0.7)


def found(text: str, score: float, *, sentence: bool = True) -> Found:
    """A passage of two words, the second of which is the best sentence."""
    span = Span(text.index(" ") + 1, len(text))
    passage = Passage(
        f"{DOCUMENT.id}:0", DOCUMENT.id, text, 100, 100 + len(text), ("Part", "Chapter"), 7,
        (span,) if sentence else (),
    )  # fmt: skip
    return Found(passage, DOCUMENT, score, EVIDENCE, span if sentence else None)


def test_the_answer_is_cited_to_the_character():
    answer = compose_answer(
        "Q?", "What Q?", Ranking([found("One two", 0.6)], 0.7), 0.3, {"total": 1.0}
    )
    assert answer.text == "two"
    assert (answer.question, answer.searched_for) == ("Q?", "What Q?")
    citation = answer.citation
    assert citation is not None
    assert (citation.start, citation.end) == (104, 107)
    assert (citation.path, citation.heading, citation.page) == ("/docs/a.md", "Part > Chapter", 7)
    source = answer.passages[0].source
    assert (source.start, source.end, source.sha256) == (100, 107, "e" * 64)
    assert answer.to_dict()["answer"]["citation"]["date"] == "2024-05-06"
    assert answer.to_dict()["timings_ms"] == {"total": 1.0}


def test_passages_keep_their_order_scores_and_evidence():
    ranking = Ranking([found("a second", 0.5), found("a first", 0.4)], 0.6)
    answer = compose_answer("Q?", "What Q?", ranking, 0.3, {})
    assert answer.text == "second"
    assert answer.confidence == 0.6
    assert [(p.rank, p.text) for p in answer.passages] == [(1, "a second"), (2, "a first")]
    assert [p.score for p in answer.passages] == [0.5, 0.4]
    assert [span.slice(p.text) for p in answer.passages for span in p.highlights] == [
        "second", "first"
    ]  # fmt: skip
    assert answer.to_dict()["passages"][0]["evidence"] == {
        "dense": {"rank": 1, "score": 0.5},
        "lexical": {"rank": None, "score": 0.4},
        "sentence": 0.7,
        "rerank": None,
    }


def test_near_duplicates_are_cited_beside_the_passage():
    elsewhere = replace(DOCUMENT, id="f" * 32, paths=("/docs/c.md",))
    twin = replace(found("a word!", 0.3), document=elsewhere)
    ranking = Ranking([replace(found("a word", 0.4), also=(twin,))], 0.6)
    (passage,) = compose_answer("Q?", "What Q?", ranking, 0.3, {}).passages
    (also,) = passage.also
    assert (passage.source.path, also.path) == ("/docs/a.md", "/docs/c.md")
    assert (also.document_id, also.start, also.end) == ("f" * 32, 100, 107)
    assert passage.to_dict()["also"] == [also.to_dict()]


def test_a_passage_without_a_sentence_can_come_first_but_is_not_the_answer():
    ranking = Ranking([found("a first", 0.9, sentence=False), found("a second", 0.5)], 0.9)
    answer = compose_answer("Q?", "What Q?", ranking, 0, {})
    assert answer.passages[0].text == "a first"
    assert answer.passages[0].highlights == ()
    assert answer.text == "second"


@pytest.mark.parametrize(
    ("ranking", "confidence"),
    [
        ([], None),
        ([found("a word", 0.2)], 0.29),
        ([found("a word", -0.5)], 0.0),
        ([found("a word", 0.9, sentence=False)], 0.9),
    ],
    ids=["nothing found", "not sure enough", "not at all sure", "no sentence"],
)
def test_the_documents_do_not_say(ranking, confidence):
    answer = compose_answer("Q?", "What Q?", Ranking(ranking, confidence), 0.3, {})
    assert (answer.answered, answer.text, answer.citation) == (False, None, None)
    assert answer.confidence == confidence
    assert len(answer.passages) == len(ranking)
    assert answer.to_dict()["answer"] is None


def test_a_confidence_at_the_threshold_answers():
    assert (
        compose_answer("Q?", "What Q?", Ranking([found("a word", 0.2)], 0.3), 0.3, {}).text
        == "word"
    )

"""How much of a question stands in a text, reckoned by hand on three passages."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from qa.retrieval import make_query
from qa.retrieval.coverage import Coverage
from qa.store import Store
from qa.types import Span
from tests.store.test_store import IDENTITY, embedded, make_document, make_passages

EVERYWHERE = np.ones((1, 4), np.float32)
TEXTS = ["cats sleep", "dogs sleep", "birds sing"]
"""Each stands under "Heading" in a document called "Title", which is made up and not indexed."""


def idf(containing: int) -> float:
    return math.log(1 + (3 - containing + 0.5) / (containing + 0.5))


@pytest.fixture(params=["tantivy", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    store = Store(tmp_path / "vectors", "numpy", request.param)
    with store.writer(IDENTITY) as writer:
        for number, text in enumerate(TEXTS):
            document = make_document(text, f"/docs/{number}.txt")
            passages = make_passages(document)
            writer.add(document, passages, embedded(passages))
        writer.commit()
    return store


QUESTION = "cats sleep now"
# 4-grams: ^cat cats ats$ in one passage, ^sle slee leep eep$ in two, ^now now$ in none
STEMS = idf(1) + idf(2) + idf(0)
GRAMS = 3 * idf(1) + 4 * idf(2) + 2 * idf(0)
CATS = (idf(1) / STEMS + 3 * idf(1) / GRAMS) / 2
SLEEP = (idf(2) / STEMS + 4 * idf(2) / GRAMS) / 2


def test_the_share_is_of_stems_and_4_grams_alike_each_by_its_idf(store):
    with store.snapshot() as snapshot:
        coverage = Coverage(snapshot, make_query(QUESTION, EVERYWHERE, snapshot))

        def share(*texts: str) -> float:
            return coverage.share("\n".join(texts), "")

        assert share("cats") == pytest.approx(CATS)
        assert share("Cats, cats, CATS!") == pytest.approx(CATS), "once is enough"
        assert share("the sleep of dogs") == pytest.approx(SLEEP)
        assert share("cats sleep") == pytest.approx(CATS + SLEEP)
        assert share("cats", "sleep") == pytest.approx(CATS + SLEEP), "in any of them"
        assert share("now cats sleep") == pytest.approx(1)
        assert share("birds sing") == share("") == share() == 0
        # "sleepy" shares three of the four 4-grams of "sleep", and no stem.
        assert share("sleepy") == pytest.approx(3 * idf(2) / GRAMS / 2)
        assert coverage.share("cats", "de") == 0, "no text of the store is German"


def test_a_sentence_counts_by_itself_and_with_what_it_leans_on(store):
    document = make_document("The cats came. They sleep. Nobody knows.")
    (passage,) = make_passages(document)
    text = passage.text
    sentences = [text[:14], text[15:26], text[27:]]
    assert sentences == ["The cats came.", "They sleep.", "Nobody knows."]
    spans = (Span(0, 14), Span(15, 26), Span(27, len(text)))
    passage = type(passage)(
        passage.id, passage.document_id, text, 0, len(text), ("Heading",), 3, spans
    )
    with store.writer(IDENTITY) as writer:
        writer.add(document, [passage], embedded([passage]))
        writer.commit()
    with store.snapshot() as snapshot:
        (info,) = snapshot.catalog.find(document.id)
        coverage = Coverage(snapshot, make_query(QUESTION, EVERYWHERE, snapshot))

        def share(*texts: str) -> float:
            return coverage.share("\n".join(texts), "")

        lead = "Title\nHeading"
        assert coverage.of_sentences(passage, info) == pytest.approx([
            share("cats"),
            (share("sleep") + share("sleep cats")) / 2,  # "they" are the cats
            (share("nobody knows") + share("nobody knows", "sleep")) / 2,
        ])  # fmt: skip
        headed = Coverage(snapshot, make_query("heading cats", EVERYWHERE, snapshot))

        def headed_share(*texts: str) -> float:
            return headed.share("\n".join(texts), "")

        assert headed.of_sentences(passage, info) == pytest.approx([
            (headed_share("cats") + headed_share("cats", lead)) / 2,
            headed_share(lead, "cats") / 2,
            headed_share(lead) / 2,
        ])  # fmt: skip


def test_a_question_without_words_is_covered_by_nothing(store):
    with store.snapshot() as snapshot:
        coverage = Coverage(snapshot, make_query("?!", EVERYWHERE, snapshot))
    assert coverage.share("cats sleep", "") == 0

"""The whole search, and the settings that say what finds and what weighs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa import QA
from qa.retrieval import Searcher, Weights
from tests.retrieval.conftest import LIBRARY, asked


def with_settings(bot: QA, **settings: Any) -> QA:
    return QA.open(bot.store.folder, **settings)


def names(bot: QA, question: str, top_k: int = 20) -> list[str]:
    return [Path(p.source.path).stem for p in bot.ask(question, top_k=top_k).passages]


def test_hybrid_finds_what_either_side_finds(library):
    passages = library.ask("Which lamp guides seafarers?", top_k=20).passages
    assert len(passages) == len(LIBRARY)
    evidence = [p.evidence for p in passages]
    assert sorted(e.dense_rank for e in evidence) == list(range(1, len(LIBRARY) + 1))
    assert any(e.lexical_rank == 1 for e in evidence)


def test_dense_finds_by_meaning_alone(library):
    bot = with_settings(library, retriever="dense", sentence_weight=0.0)
    passages = bot.ask("Which lamp guides seafarers?", top_k=20).passages
    assert [p.evidence.lexical_rank for p in passages] == [None] * len(LIBRARY)
    for passage in passages:  # one text is in a language that the model hasn't learnt: no matter
        mean = (passage.evidence.dense + passage.evidence.sentence) / 2
        assert passage.score == pytest.approx(mean)
    assert names(bot, "Which light warns seafarers?", 1) == ["beacon"]


def test_lexical_finds_by_words_alone(library):
    bot = with_settings(library, retriever="lexical", sentence_weight=0.0)
    passages = bot.ask("Where do apples and bread come from?", top_k=20).passages
    assert [p.evidence.dense_rank for p in passages] == [None] * len(passages)
    assert {Path(p.source.path).stem for p in passages[:2]} == {"bakery", "market"}
    assert all(p.evidence.lexical > 0 for p in passages)
    assert [p.score for p in passages] == pytest.approx([p.evidence.lexical for p in passages])
    assert names(bot, "Xylophone quartz?") == []
    assert names(with_settings(library, retriever="dense"), "Xylophone quartz?") != []


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Wo steht der Leuchtturm?", "leuchtturm"),
        ("Seit wann brennen die Lampen?", "leuchtturm"),  # by stem, in the document's language
        ("Where does the lighthouse stand?", "lighthouse"),
        ("Who lends books?", "library"),
        ("lighthuose cape", "lighthouse"),  # by 4-grams
        ("fridays farmers", "market"),
    ],
)
def test_the_right_passage_comes_first(question, first, library):
    assert names(library, question, 1) == [first]


def test_a_search_gives_as_many_as_wanted_and_tells_its_stages(library):
    stages: list[str] = []
    with asked(library, "Where does the lighthouse stand?") as (snapshot, query):
        ranking = Searcher(Weights()).search(snapshot, query, 3, stages.append)
        longer = Searcher(Weights()).search(snapshot, query, 5)
    assert len(ranking.found) == 3
    assert list(longer.found[:3]) == list(ranking.found)
    assert stages == ["retrieve", "rank", "judge"]
    assert ranking.confidence is not None
    assert 0 < ranking.confidence < 1


def test_both_kinds_of_index_answer_alike(library):
    other = with_settings(library, index="numpy", lexical_index="memory")
    for question in ("Where does the lighthouse stand?", "Wo steht der Leuchtturm?"):
        one, two = library.ask(question), other.ask(question)
        assert [p.source for p in one.passages] == [p.source for p in two.passages]
        scores = [p.score for p in two.passages]
        assert [p.score for p in one.passages] == pytest.approx(scores, abs=1e-5)

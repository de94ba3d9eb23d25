"""What a search finds, and what it says of other passages, in one go; in a large index as well."""

from __future__ import annotations

import random

import numpy as np
import pytest

from qa.analysis import Terms, analyse
from qa.store import tantivy_index
from qa.store.lexical_index import LexicalEntry, LexicalIndex, new_lexical_index

SUBJECTS = "harbour library lighthouse market school mill bridge ferry orchard quarry"
VERBS = "built painted closed opened sold repaired flooded praised"


def texts(count: int, seed: int = 3) -> list[str]:
    """Sentences of which every second one ends alike, so that some 4-grams are everywhere."""
    rng = random.Random(seed)
    return [
        f"The {rng.choice(SUBJECTS.split())} was {rng.choice(VERBS.split())} in {1500 + number}"
        + (" by fishermen of the northern province." if number % 2 else ".")
        for number in range(count)
    ]


def filled(kind: str, languages: tuple[str, ...] = ("en",)) -> LexicalIndex:
    index = new_lexical_index(kind)
    entries = [
        LexicalEntry(language := languages[number % len(languages)], analyse(text, language))
        for number, text in enumerate(texts(300))
    ]
    index.add(np.arange(1, len(entries) + 1, dtype=np.int64), entries)
    return index


@pytest.fixture(params=["tantivy", "tantivy, large", "memory"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "tantivy, large":
        monkeypatch.setattr(tantivy_index, "_PROPOSES_FROM", 0)
    return request.param.partition(",")[0]


OTHERS = np.array([7, 40, 41, 299], dtype=np.int64)
QUESTIONS = [
    "Which bridge did fishermen of the northern province build in 1642?",
    "When was the library painted?",
    "northern province",
    "fishermen",
    "Xylophone quartz?",
    "",
]


@pytest.mark.parametrize("languages", [("en",), ("en", "de")], ids=["one language", "two"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_score_is_the_one_that_a_plain_search_gives(question, languages, kind):
    index = filled(kind, languages)
    asked: dict[str, Terms] = {language: analyse(question, language) for language in languages}
    scores, ids, beside = index.search_beside(asked, 10, OTHERS)
    plain_scores, plain_ids = index.search(asked, 300)
    every = dict(zip(plain_ids.tolist(), plain_scores.tolist(), strict=True))
    assert [every[id_] for id_ in ids.tolist()] == pytest.approx(scores.tolist(), abs=1e-5)
    assert beside.tolist() == pytest.approx([every.get(id_, 0) for id_ in OTHERS], abs=1e-5)
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    assert len(ids) == min(10, len(every))
    if tantivy_index._PROPOSES_FROM:
        assert scores.tolist() == pytest.approx(plain_scores[:10].tolist(), abs=1e-5)


def test_a_large_index_finds_the_best_by_its_rare_words(kind):
    asked = {"en": analyse("What was praised in 1642?", "en")}
    scores, ids, _ = filled(kind).search_beside(asked, 3, OTHERS)
    assert ids[0] == 143
    assert scores[0] > scores[1]


def test_a_large_index_finds_by_what_is_everywhere_if_there_is_nothing_else(kind):
    asked = {"en": Terms((), ("nort", "orth"))}
    scores, ids, _ = filled(kind).search_beside(asked, 10, OTHERS[:0])
    assert len(ids) == 10
    assert all(id_ % 2 == 0 for id_ in ids.tolist())
    assert scores.min() > 0


def test_others_are_scored_whether_or_not_they_are_within(kind):
    asked = {"en": analyse("When was the library painted?", "en")}
    index = filled(kind)
    within = np.arange(100, 200, dtype=np.int64)
    scores, ids, beside = index.search_beside(asked, 5, OTHERS, within)
    assert set(ids.tolist()) <= set(within.tolist())
    assert index.search(asked, 5, within)[0].tolist() == scores.tolist()
    assert beside.tolist() == index.search_beside(asked, 5, OTHERS)[2].tolist()


def test_nothing_is_asked_for(kind):
    asked = {"en": analyse("library", "en")}
    scores, ids, beside = filled(kind).search_beside(asked, 0, OTHERS[:0])
    assert (len(scores), len(ids), len(beside)) == (0, 0, 0)
    empty = new_lexical_index(kind)
    scores, ids, beside = empty.search_beside(asked, 5, OTHERS[:0])
    assert (len(scores), len(ids), len(beside)) == (0, 0, 0)

"""Candidates are what either side finds, each with its true score from both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa import QA
from qa.analysis import analyse, analysis_of
from qa.retrieval import Query
from qa.retrieval.candidates import gather
from qa.store import Snapshot
from qa.store.lexical_index import LexicalEntry, new_lexical_index
from tests.retrieval.conftest import LIBRARY, asked

# It is about the library; "winter" is said of the ferry.
QUESTION = "Who borrows books in winter?"


def true_dense(snapshot: Snapshot, query: Query) -> dict[int, float]:
    """The cosine of every passage."""
    keys = snapshot.catalog.passage_keys()
    return {
        key: float(vector @ query.embedding[0])
        for batch, vectors in snapshot.catalog.embeddings(keys, snapshot.identity.dimension)
        for key, vector in zip(batch.tolist(), vectors, strict=True)
    }


def true_lexical(snapshot: Snapshot, query: Query) -> dict[int, float]:
    """The BM25 of every passage, by an index that is made for it here."""
    index = new_lexical_index("memory")
    keys = snapshot.catalog.passage_keys()
    for batch, texts in snapshot.catalog.contexts(keys):
        analyses = [(analysis_of(language), text) for language, text in texts]
        index.add(batch, [LexicalEntry(name, analyse(text, name)) for name, text in analyses])
    scores, found = index.search(query.terms, len(keys))
    return dict.fromkeys(keys.tolist(), 0.0) | dict(
        zip(found.tolist(), scores.tolist(), strict=True)
    )


def ranks(scores: dict[int, float], k: int) -> dict[int, int]:
    """The ranks of the best k that have a score at all."""
    best = sorted((key for key in scores if scores[key] > 0), key=lambda key: -scores[key])[:k]
    return {key: rank for rank, key in enumerate(best, start=1)}


def name(snapshot: Snapshot, key: int) -> str:
    _, document = snapshot.passages([key])[key]
    return Path(document.path).stem


@pytest.mark.parametrize("k", [1, 2, 4, 50])
@pytest.mark.parametrize(
    "question",
    [
        QUESTION,
        "Who sells bread?",
        "Are there fruits on the market in the morning, at six?",
        "Wo steht der Leuchtturm?",
        "Xylophone quartz?",
    ],
)
def test_candidates_are_the_union_with_true_scores_from_both_sides(question, k, library):
    with asked(library, question) as (snapshot, query):
        candidates = gather(snapshot, query, k)
        dense, lexical = true_dense(snapshot, query), true_lexical(snapshot, query)
        vectors = snapshot.vectors(list(dense))
    by_meaning, by_words = ranks(dense, k), ranks(lexical, k)
    if k < len(LIBRARY):
        assert {c.key for c in candidates} == by_meaning.keys() | by_words.keys()
    else:
        assert {c.key for c in candidates} == dense.keys()
    assert len({c.key for c in candidates}) == len(candidates)
    for candidate in candidates:
        key = candidate.key
        assert candidate.dense == pytest.approx(dense[key], abs=1e-5)
        assert candidate.lexical == pytest.approx(lexical[key], abs=1e-5)
        assert candidate.lexical_rank == by_words.get(key)
        if k < len(LIBRARY):
            assert candidate.dense_rank == by_meaning.get(key)
        assert np.array_equal(candidate.sentences, vectors[key][1])
        assert candidate.fit == vectors[key][2]


def test_what_one_side_alone_finds_has_the_others_score_too(library):
    with asked(library, QUESTION) as (snapshot, query):
        candidates = {name(snapshot, c.key): c for c in gather(snapshot, query, 1)}
    assert set(candidates) == {"library", "ferry"}
    by_meaning, by_words = candidates["library"], candidates["ferry"]
    assert (by_meaning.dense_rank, by_meaning.lexical_rank) == (1, None)
    assert (by_words.dense_rank, by_words.lexical_rank) == (None, 1)
    assert by_meaning.dense > by_words.dense > 0
    assert by_words.lexical > by_meaning.lexical


@pytest.mark.parametrize("side", ["dense", "lexical"])
def test_one_side_alone_proposes_and_both_score(side, library):
    other = {"dense": "lexical", "lexical": "dense"}[side]
    with asked(library, QUESTION) as (snapshot, query):
        both = {c.key: c for c in gather(snapshot, query, 3)}
        alone = gather(snapshot, query, 3, **{other: False})
    assert [getattr(c, f"{side}_rank") for c in alone] == list(range(1, len(alone) + 1))
    assert alone == [replace(both[c.key], **{f"{other}_rank": None}) for c in alone]


def test_only_what_is_wanted_is_proposed(library):
    with asked(library, QUESTION) as (snapshot, query):
        every = {c.key: c for c in gather(snapshot, query, 50)}
        wanted = np.array(
            [key for key in every if name(snapshot, key) in ("market", "school", "lighthouse")]
        )
        within = gather(snapshot, replace(query, within=wanted), 2)
    assert {c.key for c in within} <= set(wanted.tolist())
    assert sorted(c.dense_rank for c in within if c.dense_rank) == [1, 2]
    for candidate in within:
        assert candidate.dense == pytest.approx(every[candidate.key].dense, abs=1e-5)
        assert candidate.lexical == pytest.approx(every[candidate.key].lexical, abs=1e-6)


def test_an_empty_store_has_no_candidates(bot: QA):
    (bot.settings.seeds / "cats.txt").write_text("Cats sleep all day.")
    bot.ingest()
    bot.remove(bot.documents()[0].id)
    with asked(bot, "What do cats do?") as (snapshot, query):
        assert gather(snapshot, query, 5) == []

"""How evidence makes a ranking, reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest

from qa.retrieval import Searcher, Weights
from qa.retrieval.base import Candidate
from qa.retrieval.candidates import gather
from qa.retrieval.coverage import Coverage
from qa.retrieval.ranking import FOREIGN_FIT, LEARNT_FIT, Ranker
from tests.retrieval.conftest import asked

NONE = np.empty((0, 384), np.float32)


def candidate(key: int, dense: float = 0.5, lexical: float = 0.5, fit: float = 5.0) -> Candidate:
    """One without sentences, that both sides rank by its key."""
    return Candidate(key, dense, lexical, key, key, NONE, fit)


@pytest.mark.parametrize(
    ("fit", "weight"),
    [
        (6.0, 0.6),
        (LEARNT_FIT, 0.6),
        ((LEARNT_FIT + FOREIGN_FIT) / 2, 0.3),
        (FOREIGN_FIT + 0.18, 0.06),
        (FOREIGN_FIT, 0.0),
        (1.0, 0.0),
    ],
)
def test_the_weight_of_meaning_falls_with_the_fit(fit, weight):
    candidates = [candidate(rank, fit=fit) for rank in range(1, 4)]
    assert Weights(dense=0.6).dense_for(candidates) == pytest.approx(weight)
    assert Weights(dense=0.6, adapts=False).dense_for(candidates) == 0.6


def test_the_fit_is_the_mean_of_the_ten_best():
    best = [candidate(rank, fit=FOREIGN_FIT if rank % 2 else LEARNT_FIT) for rank in range(1, 11)]
    rest = [candidate(rank, fit=1.0) for rank in range(11, 50)]
    assert Weights(dense=0.6).dense_for([*rest, *best]) == pytest.approx(0.3)
    assert Weights(dense=0.6).dense_for([]) == 0


def test_what_both_sides_support_comes_before_what_one_side_prefers(library):
    """The second of both sides is before the first of either."""
    with asked(library, "Which lamp guides seafarers?") as (snapshot, query):
        both, meaning, words = snapshot.catalog.passage_keys().tolist()[:3]
        candidates = [
            candidate(meaning, dense=0.7, lexical=0.0),
            candidate(words, dense=0.1, lexical=0.7),
            candidate(both, dense=0.6, lexical=0.6),
        ]
        stored = snapshot.passages([both, meaning, words])
        ranking = Ranker(Weights(dense=0.5)).rank(
            query, candidates, snapshot.passages, Coverage(snapshot, query)
        )
    assert [found.passage for found in ranking] == [
        stored[key][0] for key in (both, words, meaning)
    ]
    assert [found.score for found in ranking] == pytest.approx([0.6, 0.4, 0.35])
    assert [found.sentence for found in ranking] == [None, None, None]
    assert [found.evidence.sentence for found in ranking] == [None, None, None]


@pytest.mark.parametrize(
    ("dense", "sentence"), [(0.5, 1 / 3), (0.5, 0.0), (1.0, 0.5), (0.0, 1 / 3), (0.3, 1.0)]
)
def test_a_score_is_of_passage_and_best_sentence_each_by_meaning_and_words(
    dense, sentence, library
):
    with asked(library, "When was the lamp of the lighthouse lit?") as (snapshot, query):
        candidates = gather(snapshot, query, 50)
        coverage = Coverage(snapshot, query)
        stored = snapshot.passages([c.key for c in candidates])
        weights = Weights(dense, sentence, adapts=False)
        ranking = Ranker(weights).rank(query, candidates, snapshot.passages, coverage)
        expected = {}
        for c in candidates:
            passage, document = stored[c.key]
            cosines = (c.sentences @ query.embedding[0]).tolist()
            shares = coverage.of_sentences(passage, document)
            assert len(cosines) == len(shares) == len(passage.sentences) == 2
            whole = dense * (c.dense + max(cosines)) / 2 + (1 - dense) * c.lexical
            each = [dense * x + (1 - dense) * y for x, y in zip(cosines, shares, strict=True)]
            best = passage.sentences[
                (each if sentence else cosines).index(max(each if sentence else cosines))
            ]
            score = (1 - sentence) * whole + sentence * max(each)
            expected[passage.id] = (score, best, max(cosines))
    for found in ranking:
        score, best, cosine = expected[found.passage.id]
        assert found.score == pytest.approx(score)
        assert found.sentence == best
        assert found.evidence.sentence == pytest.approx(cosine)
    assert len(ranking) == len(expected)
    assert ranking[0].document.path.endswith("lighthouse.txt")
    assert [found.score for found in ranking] == sorted((f.score for f in ranking), reverse=True)


def test_the_best_sentence_is_the_one_that_answers(library):
    for question, sentence in (
        ("When was the lamp of the lighthouse lit?", "Its lamp was lit in 1887."),
        ("Where does the lighthouse stand?", "The lighthouse stands on the northern cape."),
    ):
        with asked(library, question) as (snapshot, query):
            first = Searcher(Weights()).search(snapshot, query, 1).found[0]
        assert first.sentence is not None
        assert first.sentence.slice(first.passage.text) == sentence

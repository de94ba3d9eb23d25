"""What belongs together stays on one side of a cross-validation."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.evaluation.folds import make_folds

documents = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=1), min_size=2, max_size=60)


@given(documents, st.integers(2, 7), st.integers(0, 5))
def test_no_document_is_in_two_folds(about, count, seed):
    folds = make_folds(about, count, seed)
    assert set(folds.of) == set(range(folds.count)), "no fold is empty"
    assert 2 <= folds.count <= count
    if folds.by == "question":
        assert len({tuple(own) for own in about}) == 1, "only if there is nothing else to do"
        return
    homes: dict[str, set[int]] = {}
    for own, fold in zip(about, folds.of, strict=True):
        for document in own:
            homes.setdefault(document, set()).add(fold)
    assert all(len(folds) == 1 for folds in homes.values())


def test_questions_that_share_any_document_are_together():
    about = [["a", "b"], ["b", "c"], ["c"], ["d"], ["e", "f"], ["f"], ["g"], ["h"]]
    folds = make_folds(about, 3, seed=0)
    assert folds.by == "document"
    assert folds.of[0] == folds.of[1] == folds.of[2]
    assert folds.of[4] == folds.of[5]


def test_where_nearly_all_are_connected_first_documents_count():
    about = [[name, "overview"] for name in "aabbccdd"]
    folds = make_folds(about, 4, seed=0)
    assert (folds.by, folds.count) == ("first document", 4)
    assert [folds.of[n] for n in (0, 2, 4, 6)] == [folds.of[n] for n in (1, 3, 5, 7)]


def test_questions_on_one_document_are_told_apart_by_nothing():
    folds = make_folds([["a"]] * 10, 5, seed=0)
    assert (folds.by, folds.count) == ("question", 5)


def test_two_documents_are_two_folds_however_uneven():
    folds = make_folds([["a"]] * 9 + [["b"]], 5, seed=0)
    assert (folds.by, folds.count) == ("document", 2)


def test_folds_are_even_and_seeded():
    about = [[str(number // 2)] for number in range(50)]
    folds = make_folds(about, 5, seed=1)
    assert set(Counter(folds.of).values()) == {10}
    assert folds == make_folds(about, 5, seed=1)
    assert folds != make_folds(about, 5, seed=2)


@pytest.mark.parametrize("count", [2, 5])
def test_a_question_about_nothing_is_a_group_of_its_own(count):
    assert make_folds([[], [], [], [], []], count, seed=0).count == count

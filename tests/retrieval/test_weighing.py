from __future__ import annotations

import pytest

from qa.retrieval.base import Found
from qa.retrieval.weighing import Weighed, bounded, joined, meeting
from qa.types import DocumentInfo, Evidence, Passage


def weighed(name: str, own: float, context: float, shown: bool = False) -> Weighed:
    info = DocumentInfo(name, (name,), name, None, "text/plain", "", 1, 1, "")
    passage = Passage(name, name, name, 0, len(name))
    return Weighed(Found(passage, info, own, Evidence(0, 0), None), context, shown)


def test_what_was_shown_is_no_nearer_than_the_best_that_was_not():
    passages = [
        weighed("shown", 0.2, 0.9, shown=True),
        *(weighed(str(n), 0.1, c) for n, c in enumerate((0.5, 0.4, 0.3, 0.0))),
        weighed("far", 0.2, 0.1, shown=True),
    ]
    assert [each.context for each in bounded(passages)] == pytest.approx(
        [0.4, 0.5, 0.4, 0.3, 0.0, 0.1]
    )


def test_if_all_was_shown_the_conversation_says_nothing():
    assert [each.context for each in bounded([weighed("a", 0.2, 0.9, shown=True)])] == [0.0]


def test_they_meet_in_a_passage_that_is_near_to_both():
    both = [weighed("a", 0.6, 0.5), weighed("b", 0.3, 0.2)]
    apart = [weighed("a", 0.6, 0.05), weighed("b", 0.06, 0.5)]
    assert meeting(both) == 1
    assert meeting(apart) == pytest.approx(0.1)
    assert meeting([]) == meeting([weighed("a", 0.0, 0.5)]) == 0


def test_both_count_on_the_scale_of_one():
    ranking = joined([weighed("a", 0.5, 0.0), weighed("b", 0.4, 0.6)], share=0.5)
    assert [found.passage.id for found in ranking] == ["b", "a"]
    assert [found.score for found in ranking] == pytest.approx([0.7 / 1.5, 0.5 / 1.5])

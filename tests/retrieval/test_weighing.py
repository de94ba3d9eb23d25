from __future__ import annotations

import pytest

from qa.retrieval.base import Found
from qa.retrieval.weighing import Weighed, bounded, joined, meeting
from qa.types import DocumentInfo, Evidence, Passage


def weighed(name: str, own: float, context: float, shown: bool = False) -> Weighed:
    info = DocumentInfo(name, (name,), name, None, "text/plain", "", 1, 1, "")
    passage = Passage(name, name, name, 0, len(name))
    return Weighed(Found(passage, info, own, Evidence(0, 0), None), context, shown)


@pytest.mark.parametrize(("far", "bound"), [(14, 0.4), (8, 0.45), (1, 0.5)])
def test_what_was_shown_is_hardly_nearer_than_the_best_that_was_not(far, bound):
    new = [weighed(str(n), 0.1, context) for n, context in enumerate((0.4, 0.5, 0.3))]
    new += [weighed(f"far {n}", 0.1, 0.0) for n in range(far)] + [weighed("far", 0.1, 0.01)]
    near, far_off = weighed("near", 0.2, 0.9, shown=True), weighed("off", 0.2, 0.1, shown=True)
    assert [each.context for each in bounded([near, *new, far_off])] == pytest.approx(
        [bound + 0.1 * (0.9 - bound), *(each.context for each in new), 0.1]
    )


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

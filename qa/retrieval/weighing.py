"""Passages between two interests: the question, and what the conversation before it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qa.retrieval.base import Found

_BEST_NEW = 3
"""Of so many passages the mean says how near to a conversation the best new ones are; of fewer
where there are fewer than ``_FEW`` for each."""
_FEW = 6
_KEPT = 0.1
"""Of what a shown passage is nearer than that, the part that counts: many a follow-up is answered
by the same passage again."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A passage, found and scored by the question, and what the conversation adds."""

    found: Found
    context: float
    """Its score by what the conversation is about, on the same scale."""
    shown: bool
    """Whether the conversation has shown it."""


def bounded(passages: Sequence[Weighed]) -> list[Weighed]:
    """The passages, those that were shown hardly nearer to the conversation than the best that
    weren't.

    What was shown is what earlier questions found, and the conversation's words are its own: it
    would come first whatever is asked next.
    """
    new = sorted((each.context for each in passages if not each.shown), reverse=True)
    best = new[: min(_BEST_NEW, max(1, len(new) // _FEW))]
    bound = sum(best) / len(best) if best else 0.0
    return [
        replace(each, context=bound + _KEPT * (each.context - bound))
        if each.shown and each.context > bound
        else each
        for each in passages
    ]


def meeting(passages: Sequence[Weighed]) -> float:
    """How well one passage can be near to both question and conversation, 0 to 1: 1 where the
    nearest to one is the nearest to the other, near 0 where the question left the subject."""
    own = max((each.found.score for each in passages), default=0.0)
    context = max((each.context for each in passages), default=0.0)
    if own <= 0 or context <= 0:
        return 0.0
    return max(0.0, *(min(each.found.score / own, each.context / context) for each in passages))


def joined(passages: Sequence[Weighed], share: float) -> list[Found]:
    """The passages by both, best first; scores stay on the scale of one.

    Args:
        share: the weight of the conversation beside the question's, which is 1.
    """
    scored = (
        replace(each.found, score=(each.found.score + share * each.context) / (1 + share))
        for each in passages
    )
    return sorted(scored, key=lambda found: -found.score)

"""Which words of a sentence stand in the place of others: the two texts laid side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from qa.verification.facts import Token

_LONGEST_SWAP = 3
_LONGEST_LOST = 6
"""Words: in a longer stretch that differs no word clearly stands in another's place."""

_AROUND = 3
"""Words on both sides of a swap that both texts have, so that it is clear."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Words of a sentence where a text has others, one of which the sentence has nowhere."""

    ours: frozenset[int]
    """Where the sentence's words start."""
    close: bool
    """Whether it is only a few names and numbers, between words that both texts have."""


def swaps(
    ours: Sequence[Token],
    theirs: Sequence[Token],
    said: Collection[str],
    known: Collection[str],
) -> list[Swap]:
    """The stretches in which a sentence has other words than a text and a name or number of the
    text is lost.

    Args:
        said: the sentence's words; what is among them isn't lost.
        known: names, which are such at the beginning of the text too.
    """
    matcher = SequenceMatcher(
        None, [token.word for token in ours], [token.word for token in theirs], autojunk=False
    )
    found = []
    codes = matcher.get_opcodes()
    for place, (kind, a, b, c, d) in enumerate(codes):
        if kind != "replace" or b - a > _LONGEST_SWAP or d - c > _LONGEST_LOST:
            continue
        named = [t.literal or (t.capital and t.word in known) for t in theirs[c:d]]
        lost = [t for t, is_name in zip(theirs[c:d], named, strict=True) if is_name]
        if any(token.word not in said for token in lost):
            only_names = all(named) and all(token.capital for token in ours[a:b])
            around = sum(code[2] - code[1] for code in codes[max(0, place - 1) : place + 2])
            close = only_names and d - c <= _LONGEST_SWAP and around - (b - a) >= _AROUND
            found.append(Swap(frozenset(token.start for token in ours[a:b]), close))
    return found

"""Which words of a sentence stand in the place of others: the two texts laid side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from qa.verification.facts import Token
from qa.verification.names import has

_LONGEST_SWAP = 3
_LONGEST_LOST = 6
"""Words: in a longer stretch that differs no word clearly stands in another's place."""
_AROUND = 3
"""Words on both sides of a swap that both texts have, so that it is clear."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Words of a sentence where a text has others."""

    ours: frozenset[int]
    """Where the sentence's words start."""
    close: bool
    """Whether it is only a few names and numbers, between words that both texts have."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    ours: Sequence[Token]
    theirs: Sequence[Token]
    named: Sequence[bool]
    """Which of theirs are names or numbers."""
    around: int

    @property
    def swap(self) -> Swap:
        names = all(self.named) and all(token.capital for token in self.ours)
        close = names and len(self.theirs) <= _LONGEST_SWAP and self.around >= _AROUND
        return Swap(frozenset(token.start for token in self.ours), close)

    def loses(self, said: Collection[str], language: str) -> bool:
        """Whether a name or number of theirs is nowhere in a sentence of these words, in no form;
        one that is abbreviated is there."""
        if "".join(word[0] for word in _words(self.theirs)) in _words(self.ours):
            return False
        pairs = zip(self.theirs, self.named, strict=True)
        return any(is_name and not has(token.word, said, language) for token, is_name in pairs)

    def exchanged(self, other: _Stretch) -> bool:
        """Whether what is ours here is theirs there, and the other way round."""
        return _words(self.ours) == _words(other.theirs) and _words(other.ours) == _words(
            self.theirs
        )


def swaps(
    ours: Sequence[Token],
    theirs: Sequence[Token],
    said: Collection[str],
    known: Collection[str],
    language: str,
) -> list[Swap]:
    """The stretches in which a sentence has other words than a text and a name or number of the
    text is lost, or has changed places with another.

    Args:
        said: the sentence's words; what is among them isn't lost.
        known: names, which are such at the beginning of the text too.
    """
    stretches = list(_stretches(ours, theirs, known))
    found = [stretch.swap for stretch in stretches if stretch.loses(said, language)]
    return found + [
        stretch.swap
        for stretch in stretches
        if stretch.swap.close and any(stretch.exchanged(other) for other in stretches)
    ]


def _stretches(
    ours: Sequence[Token], theirs: Sequence[Token], known: Collection[str]
) -> list[_Stretch]:
    matcher = SequenceMatcher(None, _words(ours), _words(theirs), autojunk=False)
    codes = matcher.get_opcodes()
    found = []
    for place, (kind, a, b, c, d) in enumerate(codes):
        if kind == "replace" and b - a <= _LONGEST_SWAP and d - c <= _LONGEST_LOST:
            named = [t.literal or (t.capital and t.word in known) for t in theirs[c:d]]
            beside = codes[max(0, place - 1) : place + 2]
            around = sum(y - x for other, x, y, _, _ in beside if other == "equal")
            found.append(_Stretch(ours[a:b], theirs[c:d], named, around))
    return found


def _words(tokens: Sequence[Token]) -> list[str]:
    return [token.word for token in tokens]

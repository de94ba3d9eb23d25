"""How near a sentence is in meaning to those that support it.

The mean of two figures: the cosine of their embeddings, and the share of the sentence's words that
the supporting sentences have, or have another word of like meaning for. The cosine alone says that
both are on one subject; that something else is said of it shows in the words that aren't there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from cachetools import LRUCache

from qa.embedding import Embedder
from qa.verification.evidence import Claim, Prepared, Support
from qa.verification.names import PLAIN
from qa.verification.wording import WORD, folded

if TYPE_CHECKING:
    import numpy as np

    from qa.embedding.base import Vectors

_UNLIKE, _ALIKE = 0.35, 0.65
"""Cosines of two words' embeddings: up to the one they have nothing in common, from the other on
they mean the same; a word between the two counts in part."""
_KEPT = 10_000
_MOST_WORDS = 300
"""Of the supporting sentences: longer ones are none, and are compared in part."""


class Meaning:
    """Compares by one embedder. Safe to use from several threads."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: LRUCache[str, np.ndarray] = LRUCache(_KEPT)
        self._lock = Lock()

    def score(self, claim: Claim, found: Support, passages: Sequence[Prepared]) -> float:
        """How near a claim is to what supports it, 0 to 1."""
        lines = [passages[place].lines[number].text for place, number in found.places]
        return (found.similarity + self._share(claim, found, lines)) / 2

    def _share(self, claim: Claim, found: Support, lines: Iterable[str]) -> float:
        missing = [word for stem, word in claim.plain.items() if stem not in found.near.stems]
        if not missing:
            return 1.0
        theirs = {folded(word): None for line in lines for word in WORD.findall(line)}
        others = [word for word in theirs if word not in PLAIN and not word[0].isdigit()]
        credit = 0.0
        if others:
            cosines = self._vectors(missing) @ self._vectors(others[:_MOST_WORDS]).T
            parts = (cosines.max(axis=1) - _UNLIKE) / (_ALIKE - _UNLIKE)
            credit = float(parts.clip(0, 1).sum())
        return (len(claim.plain) - len(missing) + credit) / len(claim.plain)

    def _vectors(self, words: Sequence[str]) -> Vectors:
        """float32, shape ``(len(words), dimension)``."""
        import numpy as np

        with self._lock:
            known = {word: self._kept[word] for word in words if word in self._kept}
        new = [word for word in words if word not in known]
        if new:
            made = dict(zip(new, self._embedder.embed_passages(new), strict=True))
            known |= made
            with self._lock:
                self._kept.update(made)
        return np.stack([known[word] for word in words])

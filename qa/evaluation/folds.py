"""Folds for cross-validation that keep what belongs together on one side.

Questions about one document resemble each other: a value chosen on some of them would be measured
on questions half known, so all of them go into one fold (grouped cross-validation; Roberts et al.,
"Cross-validation strategies for data with temporal, spatial, hierarchical, or phylogenetic
structure", Ecography 40, 2017).
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

By = Literal["document", "first document", "question"]


@dataclass(frozen=True, slots=True)
class Folds:
    """Which fold each question is in, and what was kept together."""

    of: tuple[int, ...]
    by: By
    """``document``: questions that share any document are in one fold. ``first document``: so many
    share one that this would be a single fold, and only their first documents count.
    ``question``: all are about one document, and nothing could be kept together."""

    @property
    def count(self) -> int:
        return max(self.of) + 1


def make_folds(documents: Sequence[Sequence[str]], folds: int, seed: int) -> Folds:
    """Folds as even in size as groups allow; fewer than asked for if there are fewer groups.

    Args:
        documents: what each question is about, the most relevant first; at least two questions.
        seed: the same seed gives the same folds.
    """
    whole, first = _connected(documents), _connected([own[:1] for own in documents])
    together, apart = len(set(whole)), len(set(first))
    if together > 1 and (together == apart or _is_spread(whole)):
        return Folds(_dealt(whole, folds, seed), "document")
    if apart > 1:
        return Folds(_dealt(first, folds, seed), "first document")
    return Folds(_dealt(range(len(documents)), folds, seed), "question")


def _is_spread(groups: Sequence[Hashable]) -> bool:
    """Whether no group has more than half of the questions."""
    return 2 * max(Counter(groups).values()) <= len(groups)


def _connected(documents: Sequence[Sequence[str]]) -> list[int]:
    """For each question the first one that it is connected with by documents (union-find)."""
    parent = list(range(len(documents)))
    first: dict[str, int] = {}

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    for number, own in enumerate(documents):
        for document in own:
            one, other = sorted((root(number), root(first.setdefault(document, number))))
            parent[other] = one
    return [root(number) for number in range(len(documents))]


def _dealt(groups: Sequence[Hashable], folds: int, seed: int) -> tuple[int, ...]:
    """Groups in a random order, the large ones first, each into the fold that is smallest yet."""
    members: dict[Hashable, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        members[group].append(number)
    piles = list(members.values())
    random.Random(seed).shuffle(piles)  # noqa: S311 - no secret
    piles.sort(key=len, reverse=True)
    sizes = [0] * min(folds, len(piles))
    of = [0] * len(groups)
    for pile in piles:
        fold = sizes.index(min(sizes))
        sizes[fold] += len(pile)
        for number in pile:
            of[number] = fold
    return tuple(of)

"""One place in a ranking for what several documents say in nearly the same words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

from qa.retrieval.base import Found

_SAME = 0.8
"""Share of the shorter passage's word triples that must stand in the other."""
_NEAR = 0.1
"""Passages whose cosines with the question differ by more aren't compared."""

_Shingles = frozenset[tuple[str, ...]]
_NUMBER = re.compile(r"\d+")


def collapse(ranking: Iterable[Found], places: int) -> list[Found]:
    """The first ``places`` of a ranking, near duplicates from other documents under the first.

    Passages are compared by their triples of words (Broder, "On the Resemblance and Containment
    of Documents", 1997). Those that differ in a number say different things: this year's report is
    no copy of last year's.
    """
    shingles = cache(_shingles)  # most are never asked for
    kept: list[Found] = []
    also: list[list[Found]] = []
    for found in ranking:
        twin = (place for place, other in enumerate(kept) if _are_twins(found, other, shingles))
        place = next(twin, None)
        if place is not None:
            also[place].append(found)
        elif len(kept) < places:
            kept.append(found)
            also.append([])
    return [replace(found, also=tuple(others)) for found, others in zip(kept, also, strict=True)]


def _are_twins(one: Found, other: Found, shingles: Callable[[str], _Shingles]) -> bool:
    if one.document.id == other.document.id:
        return False
    if abs(one.evidence.dense - other.evidence.dense) > _NEAR:
        return False
    own, others = shingles(one.passage.text), shingles(other.passage.text)
    if len(own & others) < _SAME * max(1, min(len(own), len(others))):
        return False
    return _same_numbers(one.passage.text, other.passage.text)


def _same_numbers(one: str, other: str) -> bool:
    """Whether the shorter text has no number that the longer one hasn't."""
    shorter, longer = sorted((one, other), key=len)
    return set(_NUMBER.findall(shorter)) <= set(_NUMBER.findall(longer))


def _shingles(text: str) -> _Shingles:
    words = re.findall(r"\w+", text.casefold())
    return frozenset(zip(words, words[1:], words[2:], strict=False)) or frozenset([tuple(words)])

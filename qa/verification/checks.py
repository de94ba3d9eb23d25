"""Whether what a sentence says literally stands in the sentences that support it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from qa.types import Check
from qa.verification.alignment import Swap, swaps
from qa.verification.evidence import Prepared, Support
from qa.verification.facts import Facts, joined
from qa.verification.negation import disagreement, side
from qa.verification.reading import Sentence


class Evidence:
    """The sentences that support another best, with what surrounds them."""

    def __init__(
        self, found: Support, prepared: Sequence[Prepared], said: Facts, cited: bool
    ) -> None:
        """
        Args:
            cited: whether the sentence cites all of the passages; otherwise what surrounds is
                only of those that support it.
        """
        self.lines = [prepared[place].lines[n] for place, n in found.places]
        self.near = found.near
        supporting = {place for place, _ in found.places}
        around = [p.whole for place, p in enumerate(prepared) if cited or place in supporting]
        self.whole = joined(around, found.near.language)
        words = {token.word for token in said.tokens} | said.words
        self.swaps: list[Swap] = [
            swap
            for line in self.lines
            for swap in swaps(
                said.tokens, line.facts.tokens, words, self.whole.names, said.language
            )
        ]

    def swapped(self, start: int, end: int, close: bool) -> bool:
        """Whether something in ``[start, end)`` of the sentence stands in another's place."""
        return any(
            swap.close or not close
            for swap in self.swaps
            if any(start <= at < end for at in swap.ours)
        )


def literal_checks(sentence: Sentence, evidence: Evidence) -> Iterator[Check]:
    """Each number, date and name of a sentence, looked for in what supports it, and negation.

    A number must stand in the supporting sentences themselves. A date or name, or "the second",
    may stand elsewhere in the passage, where a pronoun points to, unless it is seen to have taken
    the place of another.
    """
    near, whole = evidence.near, evidence.whole
    prose = sentence.prose
    for number in sentence.numbers:
        here = near.has_number(number)
        found = here or (number.ordinal and whole.has_number(number))
        found = found and not evidence.swapped(number.start, number.end, here)
        yield Check("number", prose[number.start : number.end], found)
    stated: dict[tuple[int, int], bool] = {}
    for day in sentence.dates:  # of two readings either may be meant
        here = near.has_date(day)
        swapped = day.month is None and evidence.swapped(day.start, day.end, here)
        found = not swapped and (here or (whole.has_date(day) and not _loses_date(sentence, near)))
        stated[day.start, day.end] = found or stated.get((day.start, day.end), False)
    for (start, end), found in stated.items():
        yield Check("date", prose[start:end], found)
    for name in sentence.names:
        here = near.has_name(name)
        found = here or whole.has_name(name)
        found = found and not evidence.swapped(name.start, name.end, here)
        yield Check("name", prose[name.start : name.end], found)
    yield from _negation_check(sentence, evidence)


def _loses_date(sentence: Sentence, near: Facts) -> bool:
    """Whether the supporting sentences have a date that the sentence doesn't have: then another
    one is in its place."""
    return any(not any(ours.fits(d) or d.fits(ours) for ours in sentence.dates) for d in near.dates)


def _negation_check(sentence: Sentence, evidence: Evidence) -> Iterator[Check]:
    said = side(sentence.prose, sentence.language, sentence.facts.stems)
    held = [line.side for line in evidence.lines]
    together = replace(
        held[0],
        negations=tuple(negation for each in held for negation in each.negations),
        stems=frozenset().union(*(each.stems for each in held)),
    )
    different = disagreement(said, together)
    if different or said.negations:
        yield Check("negation", different or said.negations[0].text, different is None)

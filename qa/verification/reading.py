"""What a sentence says that can be checked: its numbers, dates, names and other words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa.analysis import analysis_of, stop_words
from qa.verification.dates import Dated
from qa.verification.evidence import Prepared
from qa.verification.facts import Facts, facts
from qa.verification.names import PLAIN, Known, Name, names
from qa.verification.numbers import Number
from qa.verification.wording import WORD, folded, language_of, stem, words

_QUOTATION_MARKS = re.compile('["“”„«»]')
_REPORTING = frozenset(words("says say said states stated noted notes according mentions"))
"""What reports a statement says nothing of its own."""
_SAYING_NOTHING = frozenset(
    words(
        "documents document passages passage sources source texts text articles article context"
        " based provided following follows answers answer question sure certainly summary note"
        " conclusion"
    )
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is checked of a sentence."""

    prose: str
    language: str
    facts: Facts
    names: tuple[Name, ...]
    dates: tuple[Dated, ...]
    numbers: tuple[Number, ...]
    plain: Mapping[str, str]
    """The words outside of all these that say something, by stem."""


def read_sentence(prose: str, prepared: Sequence[Prepared]) -> Sentence:
    """Reads a sentence that is normalised, knowing the passages' language and names."""
    spoken = language_of(prose, prepared[0].language)
    prose = _QUOTATION_MARKS.sub("", prose)
    stated = facts(prose, spoken)
    days = stated.dates
    amounts = tuple(n for n in stated.numbers if _counts(n, days))
    known = Known(
        frozenset().union(*(p.whole.names for p in prepared)),
        frozenset().union(*(p.whole.words - p.whole.names for p in prepared)),
    )
    called = tuple(name for name in names(prose, spoken, known) if not _within(name.start, days))
    spans = [
        *((day.start, day.end) for day in days),
        *((number.start, number.end) for number in amounts),
        *((name.start, name.end) for name in called),
    ]
    analysis = analysis_of(spoken)
    nothing = _REPORTING | (PLAIN if spoken == "en" else stop_words(spoken))
    plain: dict[str, str] = {}
    for match in WORD.finditer(prose):
        word = folded(match.group())
        said = None if word in nothing else stem(word, analysis)
        if said and not any(start <= match.start() < end for start, end in spans):
            plain[said] = word
    return Sentence(prose, spoken, stated, called, days, amounts, plain)


def _counts(number: Number, days: Sequence[Dated]) -> bool:
    """Whether a number is to be checked as one: it is no date, nor "one" in words, which is as
    often a pronoun."""
    if _within(number.start, days):
        return False
    return number.digits or number.ordinal or number.value != 1


def _within(start: int, days: Sequence[Dated]) -> bool:
    return any(day.start <= start < day.end for day in days)


def says_something(text: str) -> bool:
    """Whether a text has a word or number of which it can be said whether it is so: "Yes." and
    "According to the documents:" have none."""
    nothing = PLAIN | _REPORTING | _SAYING_NOTHING
    return any(word not in nothing for word in words(text))

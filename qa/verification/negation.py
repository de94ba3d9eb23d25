"""Whether a sentence denies what a text says, or says what a text denies.

A word that negates is taken to reach over the next words in its clause. Two texts disagree where
one negates a word that the other has, and the other doesn't.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from qa.analysis import NEGATIONS, analysis_of
from qa.verification.wording import WORD, folded, stem, words

_REACH = 4
"""Words that say something, behind one that negates."""
_VERBS = re.compile(
    r"\b(?:(?:fail(?:s|ed|ing)?|unable|refus(?:e|es|ed|ing)) to|den(?:y|ies|ied|ying)"
    r" (?:that|having)|hardly|barely|scarcely|rarely|seldom)\b",
    re.IGNORECASE,
)
_MILD = re.compile(
    r"\b(?:declin(?:e|es|ed|ing)|instead of|rather than|unlike|fewer|little|few|fail(?:ed|ure)"
    r"|refus(?:ed|al)|den(?:ied|ial)|lack(?:s|ed|ing)?|prevent(?:s|ed|ing)?|prohibit(?:s|ed|ing)?)\b",
    re.IGNORECASE,
)
# "Not only … but also" affirms both, "No. 5" is a number, "no doubt" is none.
_AFFIRMS = re.compile(
    r"\bnot (?:only|just|merely|least)\b|\b(?:not|\w+n't) (?:\w+ ){0,3}until\b|\bnothing but\b"
    r"|\bno(?:\.\s?\d|\s(?:doubt|matter)\b)|\bif not\b|\bor not\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:.!?()]|\b(?:but|although|though|while|whereas|because|aber|sondern)\b")
# What a language model says of its sources rather than from them.
_OF_SOURCES = re.compile(
    r"\b(?:passages?|documents?|sources?|texts?|context|articles?|excerpts?|information"
    r"|details|mention(?:s|ed|ing)?|specif(?:y|ies|ied)|stated)\b",
    re.IGNORECASE,
)
_AUXILIARY = frozenset(
    words(
        "do did does be been have had has was were is are would could should can may might "
        "longer ani onli ever also yet so"
    )
)


@dataclass(frozen=True, slots=True)
class Negation:
    """A word that negates, and the stems in its reach, nearest first."""

    text: str
    stems: tuple[str, ...]
    mild: bool = False
    """It may negate: a text that has it doesn't clearly affirm either."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two texts that are compared."""

    negations: tuple[Negation, ...]
    stems: frozenset[str]
    of_sources: bool = False
    """Whether it may be about what the documents say, as "The passages don't mention it"."""


def side(text: str, language: str, stems: frozenset[str]) -> Side:
    """What negates in a text that is normalised; nothing in a language of which we don't know."""
    return Side(tuple(_negations(text, language)), stems, bool(_OF_SOURCES.search(text)))


def disagreement(said: Side, held: Side) -> str | None:
    """What negates in one of two texts and has nothing like it in the other, or None."""
    both = set(said.negations) & set(held.negations)
    ours = [negation for negation in said.negations if negation not in both]
    theirs = [negation for negation in held.negations if negation not in both]
    for negation in ours:
        if not negation.mild and not _is_shared(negation, theirs, held, said.of_sources):
            return negation.text
    for negation in theirs:
        spoken_of = [found for found in negation.stems[:2] if found in said.stems]
        if negation.mild or not spoken_of:
            continue
        if not any(_meet(negation, other) for other in ours) and not any(
            _has_opposite(found, said.stems) for found in spoken_of
        ):
            return negation.text
    return None


def _is_shared(
    negation: Negation, theirs: Sequence[Negation], held: Side, of_sources: bool
) -> bool:
    """Whether a text negates the same, or may: it has a negation, and not the word affirmed."""
    if any(_meet(negation, other) for other in theirs):
        return True
    if any(_has_opposite(found, held.stems) for found in negation.stems[:1]):
        return True
    affirmed = any(found in held.stems for found in negation.stems[:1])
    return bool(theirs) and not affirmed and not of_sources


def _meet(one: Negation, other: Negation) -> bool:
    """Whether two negate the same word, close behind at least one of them."""
    return bool(set(one.stems[:1]) & set(other.stems) or set(one.stems) & set(other.stems[:1]))


def _has_opposite(found: str, stems: Collection[str]) -> bool:
    """Whether a stem stands with a prefix that negates: "accept" in "unacceptable"."""
    opposites = tuple(prefix + found[:5] for prefix in ("un", "in", "im", "dis", "non"))
    return any(other.startswith(opposites) for other in stems)


def _negations(text: str, language: str) -> Iterator[Negation]:
    analysis = analysis_of(language)
    pattern = NEGATIONS.get(analysis)
    if pattern is None:
        return
    affirmed = [match.span() for match in _AFFIRMS.finditer(text)]
    kinds = [(pattern, False)]
    if analysis == "en":
        kinds += [(_VERBS, False), (_MILD, True)]
    for kind, mild in kinds:
        for match in kind.finditer(text):
            if not any(start <= match.start() < end for start, end in affirmed):
                reach = tuple(_reach(text, match.end(), analysis))
                yield Negation(match.group(), reach, mild)


def _reach(text: str, start: int, analysis: str) -> Iterator[str]:
    clause = _CLAUSE.search(text, start + 1)
    count = 0
    for match in WORD.finditer(text, start, clause.start() if clause else len(text)):
        found = stem(folded(match.group()), analysis)
        if found and found not in _AUXILIARY:
            yield found
            count += 1
        if count == _REACH:
            return

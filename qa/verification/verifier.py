"""A sentence that a language model wrote, checked against the passages that it cites.

Numbers, dates, names and quotations must stand there as they are, near one another; the sentence
may deny nothing that the passages say, and say nothing that they deny; and its meaning must be
near to theirs. What can't be told in this way: whether two names in the same sentence have changed
places ("A met B", "B met A"), or a word its opposite ("rose", "fell"); an NLI model can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa.analysis import analysis_of
from qa.embedding import Embedder
from qa.types import Check, CheckedSentence, Citation, ScoredPassage
from qa.verification.alignment import Swap, swaps
from qa.verification.dates import Dated
from qa.verification.entailment import Entailment
from qa.verification.evidence import Claim, Line, Prepared, Preparer, Support, support
from qa.verification.facts import Facts, facts, joined
from qa.verification.markers import read, with_marker
from qa.verification.meaning import Meaning
from qa.verification.names import PLAIN, Known, Name, names
from qa.verification.negation import disagreement, side
from qa.verification.numbers import Number
from qa.verification.quotes import quotes, stands
from qa.verification.wording import WORD, folded, language_of, normalised, stem

UNSUPPORTED_MARK = "[unsupported]"
"""Stands behind an unsupported sentence in plain text."""
THRESHOLD = 0.6
"""The score (`Meaning.score`) from which on a sentence is near enough to what it cites."""
ENTAILED = 0.5
"""The probability from which on an NLI model says that a sentence follows."""
LONGEST = 2_000
"""Characters: what is longer is no sentence, and isn't supported."""
_QUOTATION_MARKS = re.compile("[\"“”„«»]")


class Verifier:
    """Checks sentences, one at a time. Safe to use from several threads."""

    def __init__(self, embedder: Embedder, entailment: Entailment | None = None) -> None:
        """
        Args:
            entailment: decides whether the meaning is that of the passages, instead of words and
                embeddings.
        """
        self._embedder = embedder
        self._entailment = entailment
        self._preparer = Preparer(embedder)
        self._near = Meaning(embedder)

    def check(self, sentence: str, passages: Sequence[ScoredPassage]) -> CheckedSentence:
        """Checks one sentence as it was written, with markers such as [1] or [1, 2].

        A marker is the place of a passage in ``passages``, from 1; those of passages that there
        aren't are taken out. A sentence without markers is checked against all passages, and gets
        those of the passages that support it. One that says nothing ("Yes.") is not supported.
        """
        marked = read(sentence, len(passages))
        cited = marked.citations or tuple(range(1, len(passages) + 1))
        prose = normalised(marked.prose)
        if len(prose) > LONGEST or not passages or not says_something(prose):
            check = Check("meaning", prose[:LONGEST], False)
            return CheckedSentence(marked.text, marked.citations, False, None, (check,))
        chosen = [passages[rank - 1] for rank in cited]
        examined = self._examine(prose, self._preparer.prepare(chosen), chosen)
        supported = all(check.found for check in examined.checks)
        citations, text = marked.citations, marked.text
        if supported and not citations:
            citations = tuple(sorted({cited[place] for place, _ in examined.places}))
            text = with_marker(text, citations)
        return CheckedSentence(
            text=text,
            citations=citations,
            supported=supported,
            score=round(examined.score, 4) if citations else None,
            checks=examined.checks,
            source=examined.source if supported else None,
        )

    def _examine(
        self, prose: str, prepared: Sequence[Prepared], passages: Sequence[ScoredPassage]
    ) -> _Examined:
        sentence = _read(prose, prepared)
        vector = self._embedder.embed_passages([prose])[0]
        called = frozenset(word for name in sentence.names for word in name.words)
        claim = Claim(sentence.plain, called, sentence.numbers, sentence.dates, vector)
        found = support(claim, prepared)
        if found is None:
            return _Examined((Check("meaning", prose, False),), 0.0, (), None)
        checks = list(_literal_checks(sentence, _Evidence(found, prepared, sentence.facts)))
        checks += [
            Check("quote", quote.text, any(stands(quote.text, p.text) for p in passages))
            for quote in quotes(prose)
        ]
        score, near = self._meaning(prose, claim, found, prepared)
        checks.append(Check("meaning", prose, near))
        place, number = found.places[0]
        line = prepared[place].lines[number]
        return _Examined(tuple(checks), score, found.places, _cite(passages[place], line))

    def _meaning(
        self, prose: str, claim: Claim, found: Support, prepared: Sequence[Prepared]
    ) -> tuple[float, bool]:
        if self._entailment is None:
            score = self._near.score(claim, found, prepared)
            return score, score >= THRESHOLD
        premise = " ".join(prepared[place].lines[n].text for place, n in sorted(found.places))
        probability = self._entailment.probabilities([(premise, prose)])[0]
        return probability, probability >= ENTAILED


def says_something(text: str) -> bool:
    """Whether a text has a word or number of which it can be said whether it is so: "Yes." and
    "According to the documents:" have none."""
    return any(
        word.isdigit() or (stem(word, "en") is not None and word not in _SAYING_NOTHING)
        for word in map(folded, WORD.findall(text))
    )


_SAYING_NOTHING = frozenset(
    "yes according document documents passage passages source sources text texts based context"
    " provided following answer answers question here sure summary i note conclusion therefore so"
    " however also from you your can be is are as follows".split()
)


_REPORTING = frozenset("says say said states stated noted notes according mentions".split())
"""What reports a statement says nothing of its own."""


@dataclass(frozen=True, slots=True)
class _Examined:
    checks: tuple[Check, ...]
    score: float
    places: tuple[tuple[int, int], ...]
    source: Citation | None


@dataclass(frozen=True, slots=True)
class _Sentence:
    """What is checked of a sentence."""

    prose: str
    language: str
    facts: Facts
    names: tuple[Name, ...]
    dates: tuple[Dated, ...]
    numbers: tuple[Number, ...]
    plain: Mapping[str, str]
    """The words outside of all these that say something, by stem."""


def _read(prose: str, prepared: Sequence[Prepared]) -> _Sentence:
    spoken = language_of(prose, prepared[0].language)
    prose = _QUOTATION_MARKS.sub("", prose)
    stated = facts(prose, spoken)
    days = stated.dates
    amounts = tuple(n for n in stated.numbers if _counts(n, days, prose))
    known = Known(
        frozenset().union(*(p.whole.names for p in prepared)),
        frozenset().union(*(p.whole.words - p.whole.names for p in prepared)),
    )
    called = tuple(
        name for name in names(prose, spoken, known) if not _within(name.start, days)
    )
    spans = [(x.start, x.end) for x in (*days, *amounts, *called)]
    analysis = analysis_of(spoken)
    plain: dict[str, str] = {}
    for match in WORD.finditer(prose):
        word = folded(match.group())
        said = None if word in PLAIN or word in _REPORTING else stem(word, analysis)
        if said and not any(start <= match.start() < end for start, end in spans):
            plain[said] = word
    return _Sentence(prose, spoken, stated, called, days, amounts, plain)


def _counts(number: Number, days: Sequence[Dated], prose: str) -> bool:
    """Whether a number is to be checked as one: it is no date, nor "one" in words, which is as
    often a pronoun."""
    if _within(number.start, days):
        return False
    return number.digits or number.ordinal or number.value != 1


def _within(start: int, days: Sequence[Dated]) -> bool:
    return any(day.start <= start < day.end for day in days)


class _Evidence:
    """The sentences that support another best, with what surrounds them."""

    def __init__(
        self, found: Support, prepared: Sequence[Prepared], said: Facts
    ) -> None:
        self.lines = [prepared[place].lines[n] for place, n in found.places]
        self.near = found.near
        theirs = dict.fromkeys(place for place, _ in found.places)
        self.whole = joined([prepared[place].whole for place in theirs], found.near.language)
        words = {token.word for token in said.tokens} | said.words
        self.swaps: list[Swap] = [
            swap
            for line in self.lines
            for swap in swaps(said.tokens, line.facts.tokens, words, self.whole.names)
        ]

    def swapped(self, start: int, end: int, close: bool) -> bool:
        """Whether something in ``[start, end)`` of the sentence stands in another's place."""
        return any(
            swap.close or not close
            for swap in self.swaps
            if any(start <= at < end for at in swap.ours)
        )


def _literal_checks(sentence: _Sentence, evidence: _Evidence) -> Iterator[Check]:
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


def _loses_date(sentence: _Sentence, near: Facts) -> bool:
    """Whether the supporting sentences have a date that the sentence doesn't have: then another
    one is in its place."""
    return any(not any(ours.fits(d) or d.fits(ours) for ours in sentence.dates) for d in near.dates)


def _negation_check(sentence: _Sentence, evidence: _Evidence) -> Iterator[Check]:
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


def _cite(scored: ScoredPassage, line: Line) -> Citation:
    """The citation of a sentence of a passage."""
    start = scored.passage.start
    return replace(
        scored.source, start=start + line.span.start, end=start + line.span.end
    )

"""A sentence that a language model wrote, checked against the passages that it cites.

Numbers, dates, names and quotations must stand there as they are, near one another; the sentence
may deny nothing that the passages say, and say nothing that they deny; and its meaning must be
near to theirs. What can't be told in this way: whether a word was exchanged for its opposite
("rose", "fell"), or, unless all else is word for word, two names for each other ("A met B", "B met
A"). An NLI model can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa.embedding import Embedder
from qa.types import Check, CheckedSentence, Citation, ScoredPassage, narrowed
from qa.verification.checks import Evidence, literal_checks
from qa.verification.entailment import Entailment
from qa.verification.evidence import Claim, Prepared, Preparer, Support, support
from qa.verification.markers import read, with_marker
from qa.verification.meaning import Meaning
from qa.verification.quotes import quotes, stands
from qa.verification.reading import read_sentence, says_something
from qa.verification.wording import normalised

UNSUPPORTED_MARK = "[unsupported]"
"""Stands behind an unsupported sentence in plain text."""
THRESHOLD = 0.6
"""The score (`Meaning.score`) from which on a sentence is near enough to what it cites."""
ENTAILED = 0.5
"""The probability from which on an NLI model says that a sentence follows."""
LONGEST = 2_000
"""Characters: what is longer is no sentence, and isn't supported."""


def as_text(sentence: CheckedSentence) -> str:
    """A sentence in plain text, marked if no passage supports it."""
    return sentence.text if sentence.supported else f"{sentence.text} {UNSUPPORTED_MARK}"


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
        examined = self._examine(prose, chosen, bool(marked.citations))
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

    def _examine(self, prose: str, passages: Sequence[ScoredPassage], cited: bool) -> _Examined:
        prepared = self._preparer.prepare(passages)
        sentence = read_sentence(prose, prepared)
        vector = self._embedder.embed_passages([prose])[0]
        called = frozenset(word for name in sentence.names for word in name.words)
        claim = Claim(sentence.plain, called, sentence.numbers, sentence.dates, vector)
        found = support(claim, prepared)
        if found is None:
            return _Examined((Check("meaning", prose, False),), 0.0, (), None)
        checks = list(literal_checks(sentence, Evidence(found, prepared, sentence.facts, cited)))
        checks += [
            Check("quote", quote.text, any(stands(quote.text, p.text) for p in passages))
            for quote in quotes(prose)
        ]
        score, near = self._meaning(prose, claim, found, prepared)
        checks.append(Check("meaning", prose, near))
        place, number = found.places[0]
        best = passages[place]
        source = narrowed(best.source, best.passage, prepared[place].lines[number].span)
        return _Examined(tuple(checks), score, found.places, source)

    def _meaning(
        self, prose: str, claim: Claim, found: Support, prepared: Sequence[Prepared]
    ) -> tuple[float, bool]:
        if self._entailment is None:
            score = self._near.score(claim, found, prepared)
            return score, score >= THRESHOLD
        premise = " ".join(prepared[place].lines[n].text for place, n in sorted(found.places))
        probability = self._entailment.probabilities([(premise, prose)])[0]
        return probability, probability >= ENTAILED


@dataclass(frozen=True, slots=True)
class _Examined:
    checks: tuple[Check, ...]
    score: float
    places: tuple[tuple[int, int], ...]
    source: Citation | None

"""How much of a question stands in a text: the share of its terms' idf, stems and 4-grams alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from qa.analysis import Content, analysis_of, content
from qa.retrieval.base import lead
from qa.types import DocumentInfo, Passage

if TYPE_CHECKING:
    from qa.retrieval.base import Query
    from qa.store import Snapshot


@dataclass(frozen=True, slots=True)
class _Held:
    """Which of a question's terms a text holds."""

    stems: frozenset[str]
    grams: frozenset[str]

    def __or__(self, other: _Held) -> _Held:
        return _Held(self.stems | other.stems, self.grams | other.grams)


class _Terms:
    """A question's distinct terms by one analysis, with their idf."""

    def __init__(self, stems: dict[str, float], grams: dict[str, float]) -> None:
        self._stems, self._grams = stems, grams
        self._totals = sum(stems.values()), sum(grams.values())

    def held(self, text: Content) -> _Held:
        return _Held(
            text.stems & self._stems.keys(),
            frozenset([gram for gram in self._grams if gram in text.words]),
        )

    def share(self, held: _Held) -> float:
        parts = zip((held.stems, held.grams), (self._stems, self._grams), self._totals, strict=True)
        shares = [sum(map(idf.__getitem__, terms)) / total for terms, idf, total in parts if total]
        return sum(shares) / len(shares) if shares else 0.0


class Coverage:
    """Of one question, in the texts of one snapshot."""

    def __init__(self, snapshot: Snapshot, query: Query) -> None:
        self._terms = {a: _Terms(*snapshot.idfs(terms)) for a, terms in query.terms.items()}
        self._titles = cache(self._held)
        self._sentences: dict[str, list[float]] = {}

    def of_sentences(self, passage: Passage, document: DocumentInfo) -> list[float]:
        """For each sentence of a passage the mean of two shares, each 0 to 1: what the sentence
        covers by itself, and together with title, headings and the sentence before, on which its
        pronouns lean. Kept, so that ranking the same passages again costs little."""
        if passage.id not in self._sentences:
            self._sentences[passage.id] = self._of_sentences(passage, document)
        return self._sentences[passage.id]

    def _of_sentences(self, passage: Passage, document: DocumentInfo) -> list[float]:
        analysis = analysis_of(document.language)
        terms = self._of(analysis)
        around = titles = self._titles(lead(passage, document), analysis)
        shares: list[float] = []
        for span in passage.sentences:
            own = self._held(span.slice(passage.text), analysis)
            shares.append((terms.share(own) + terms.share(own | around)) / 2)
            around = titles | own
        return shares

    def share(self, text: str, analysis: str) -> float:
        """The share of the question that stands in a text, 0 to 1."""
        return self._of(analysis).share(self._held(text, analysis))

    def _of(self, analysis: str) -> _Terms:
        return self._terms.get(analysis) or _Terms({}, {})

    def _held(self, text: str, analysis: str) -> _Held:
        return self._of(analysis).held(content(text, analysis))

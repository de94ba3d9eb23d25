"""How much of a question stands in a text: the share of its terms' idf, stems and 4-grams alike."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from qa.analysis import Content, analysis_of, content
from qa.types import DocumentInfo, Passage

if TYPE_CHECKING:
    from qa.retrieval.base import Query
    from qa.store import Snapshot


class Coverage:
    """Of one question, in the texts of one snapshot."""

    def __init__(self, snapshot: Snapshot, query: Query) -> None:
        self._idfs = {analysis: snapshot.idfs(terms) for analysis, terms in query.terms.items()}
        self._titles = cache(content)

    def of_sentences(self, passage: Passage, document: DocumentInfo) -> list[float]:
        """For each sentence of a passage the mean of two shares, each 0 to 1: what the sentence
        covers by itself, and together with title, headings and the sentence before, on which its
        pronouns lean."""
        analysis = analysis_of(document.language)
        lead = self._titles("\n".join((document.title, *passage.heading)), analysis)
        before = None
        shares: list[float] = []
        for span in passage.sentences:
            own = content(span.slice(passage.text), analysis)
            around = (own, lead, before) if before else (own, lead)
            shares.append((self.share(analysis, own) + self.share(analysis, *around)) / 2)
            before = own
        return shares

    def share(self, analysis: str, *texts: Content) -> float:
        """The share of the question that stands in any of some texts."""
        stems, grams = self._idfs.get(analysis, ({}, {}))
        found_stems = (s for s in stems if any(s in text.stems for text in texts))
        found_grams = (g for g in grams if any(g in text.words for text in texts))
        shares = [
            sum(idfs[term] for term in found) / total
            for idfs, found in ((stems, found_stems), (grams, found_grams))
            if (total := sum(idfs.values()))
        ]
        return sum(shares) / len(shares) if shares else 0.0

    def rarest_missing(self, analysis: str, text: Content) -> float:
        """The idf of the question's rarest stem that isn't in a text, as a share of the highest
        idf of its stems; 0 if all are there."""
        stems, _ = self._idfs.get(analysis, ({}, {}))
        missing = (idf for stem, idf in stems.items() if stem not in text.stems)
        return max(missing, default=0.0) / max([1e-9, *stems.values()])

"""The lexical index, derived from the catalog's texts: BM25 over stems and character 4-grams.

A score says how much of the question's weight a passage carries: its BM25 divided by the highest
BM25 that any text could reach with the question's terms, 0 to 1, for stems and 4-grams apart and
then the mean of the two (or the one, where a question has no terms of the other). So scores of
different questions compare, and so do they with a cosine.

BM25 is Robertson & Zaragoza, "The Probabilistic Relevance Framework" (2009), with the idf that
never gets negative: ln(1 + (N - n + 0.5) / (n + 0.5)).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from qa.analysis import Terms
from qa.store.index import Index

if TYPE_CHECKING:
    from qa.store.index import Ids, Scores

K1 = 1.2
B = 0.75
HIGHEST_TF = K1 + 1
"""What a term's frequency can multiply its idf by, in the limit."""

FIELDS = ("stems", "grams")


@dataclass(frozen=True, slots=True)
class LexicalEntry:
    """What is indexed of a passage: its terms, and the analysis they come from."""

    analysis: str
    terms: Terms


Question = Mapping[str, Terms]
"""A question's terms by analysis: an entry is searched by the terms of its own analysis."""


class LexicalIndex(Index, Protocol):
    """BM25 over passages."""

    def add(self, ids: Ids, data: Sequence[LexicalEntry]) -> None:
        """Adds entries under ids that aren't there yet."""

    def search(self, question: Question, k: int, within: Ids | None = None) -> tuple[Scores, Ids]:
        """The k best that share a term with the question, best first: scores and ids.

        Args:
            within: look among these only.
        """

    def search_beside(
        self, question: Question, k: int, others: Ids, within: Ids | None = None
    ) -> tuple[Scores, Ids, Scores]:
        """What `search` finds, and the scores of other entries: scores, ids, others' scores.

        In a large index it finds the best k of what it takes for candidates, which are nearly, and
        not always quite, the best k of all; each score is the true one.

        Args:
            others: ids of entries that are there, within or not.
        """

    def idfs(self, terms: Terms) -> tuple[dict[str, float], dict[str, float]]:
        """The idf of each distinct stem and of each distinct 4-gram."""


def idf(documents: int, containing: int) -> float:
    return math.log(1 + max(0, documents - containing + 0.5) / (containing + 0.5))


def weights(
    terms: Terms, document_frequency: Callable[[str, str], int], documents: int
) -> dict[str, dict[str, float]]:
    """By field, what each term's BM25 (idf included) is to be multiplied by; see the module.

    Args:
        document_frequency: of a term in a field.
        documents: how many there are.
    """
    counts = {field: Counter(getattr(terms, field)) for field in FIELDS}
    used = sum(map(bool, counts.values()))
    by_field: dict[str, dict[str, float]] = {}
    for field, terms_of_field in counts.items():
        highest = HIGHEST_TF * sum(
            count * idf(documents, document_frequency(field, term))
            for term, count in terms_of_field.items()
        )
        share = 1 / (used * highest) if highest else 0.0
        by_field[field] = {term: count * share for term, count in terms_of_field.items()}
    return by_field


def new_lexical_index(kind: str) -> LexicalIndex:
    """An empty index of a kind: "tantivy", or "memory" for small stores and as the reference."""
    if kind == "memory":
        from qa.store.memory_lexical import MemoryLexicalIndex

        return MemoryLexicalIndex()
    from qa.store.tantivy_index import TantivyIndex

    return TantivyIndex()

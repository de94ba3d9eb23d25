"""What goes through a search: a query, retrievers that find candidates, and what is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from qa.analysis import Terms, analyse
from qa.store import Hits, Snapshot, Version
from qa.types import LONGEST_LEAD, DocumentInfo, Evidence, Passage, Span

if TYPE_CHECKING:
    from qa.embedding.base import Vectors
    from qa.store.index import Ids


@dataclass(frozen=True, slots=True)
class Nearest:
    """The passages nearest to a query, as found together with those of other queries."""

    version: Version
    """Of the store they were found in."""
    k: int
    hits: Hits = field(repr=False)


@dataclass(frozen=True, slots=True)
class Query:
    """A question, made ready once for all that look at it."""

    text: str
    embedding: Vectors = field(repr=False, compare=False)
    """float32, shape ``(1, dimension)``."""
    terms: Mapping[str, Terms] = field(repr=False)
    """By each analysis that texts of the store have got."""
    within: Ids | None = field(default=None, repr=False, compare=False)
    """The only passages wanted, by key, where a filter says so."""
    among: int = 0
    """How many passages are looked among."""
    nearest: Nearest | None = field(default=None, repr=False, compare=False)
    """What a dense search of all passages finds, where that is known already."""


def make_query(
    text: str,
    embedding: Vectors,
    snapshot: Snapshot,
    within: Ids | None = None,
    nearest: Nearest | None = None,
) -> Query:
    """The query that a question is to the texts of a store."""
    terms = {analysis: analyse(text, analysis) for analysis in snapshot.analyses()}
    among = snapshot.size if within is None else len(within)
    return Query(text, embedding, terms, within, among, nearest)


def lead(passage: Passage, document: DocumentInfo) -> str:
    """Title and headings, a line each: what a passage is about without saying so itself."""
    return "\n".join(line[:LONGEST_LEAD] for line in (document.title, *passage.heading))


class Retriever(Protocol):
    """One way to find passages."""

    def search(self, snapshot: Snapshot, query: Query, k: int) -> Hits:
        """The best k passages as (key, score), best first; a higher score is better."""

    def scores(self, snapshot: Snapshot, query: Query, keys: Sequence[int]) -> dict[int, float]:
        """The scores of given passages, whether or not they are among the best."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that a retriever found, with what all of them say of it."""

    key: int
    dense: float
    lexical: float
    dense_rank: int | None
    lexical_rank: int | None
    sentences: Vectors = field(repr=False, compare=False)
    """The vectors of its sentences, shape ``(sentences, dimension)``."""
    fit: float
    """How well the model's vocabulary fits its text; see `qa.embedding.Embedded`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate in its place: the passage, why it stands there, and its best sentence."""

    passage: Passage
    document: DocumentInfo
    score: float
    evidence: Evidence
    sentence: Span | None
    also: tuple[Found, ...] = ()
    """Near duplicates from elsewhere, best first."""

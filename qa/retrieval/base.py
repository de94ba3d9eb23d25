"""What a retriever is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from qa.store import Snapshot

if TYPE_CHECKING:
    from qa.embedding.base import Vectors


@dataclass(frozen=True, slots=True)
class Query:
    """A question with its embedding, float32, shape ``(1, dimension)``: made once, used twice."""

    text: str
    embedding: Vectors = field(repr=False, compare=False)


class Retriever(Protocol):
    """Ranks the passages of a store for a query."""

    def retrieve(self, snapshot: Snapshot, query: Query, k: int) -> list[tuple[int, float]]:
        """The best k passages as (key, score), best first; a higher score is better."""

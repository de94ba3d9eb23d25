"""Which sentence of a passage answers."""

from __future__ import annotations

from collections.abc import Sequence

from qa.embedding import Embedder
from qa.retrieval.base import Query
from qa.types import Passage, Span


class Highlighter:
    """Finds in each passage the sentence whose embedding is nearest to the question's."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def best_sentences(
        self, query: Query, passages: Sequence[Passage]
    ) -> list[tuple[Span, float] | None]:
        """For each passage its nearest sentence and the cosine; None if it has no sentence."""
        texts = [span.slice(passage.text) for passage in passages for span in passage.sentences]
        cosines = (self._embedder.embed_passages(texts) @ query.embedding[0]).tolist()
        best: list[tuple[Span, float] | None] = []
        for passage in passages:
            own, cosines = cosines[: len(passage.sentences)], cosines[len(passage.sentences) :]
            scored = zip(passage.sentences, own, strict=True)
            best.append(max(scored, key=lambda pair: pair[1], default=None))
        return best

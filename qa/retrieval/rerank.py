"""A second, slower look at the first passages, by a model that reads question and passage.

Off unless a model is named. Two kinds: a cross-encoder, which reads both together, and a further
embedding model, which may be larger than the one the whole store is embedded with.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from qa.embedding import Embedder, load_embedder
from qa.embedding.model import resolve_model
from qa.errors import ModelError
from qa.retrieval.base import Found

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

Kind = Literal["cross-encoder", "embedding"]
BATCH = 4
"""Passages scored between two looks at the clock."""


class Reranker(Protocol):
    """Says how well texts answer a question."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """For each text a score, 0 to 1; a higher one is better."""


class CrossEncoderReranker:
    """A sentence-transformers CrossEncoder with one output."""

    def __init__(self, name: str) -> None:
        """
        Args:
            name: a folder, or a Hugging Face name on this machine.

        Raises:
            ModelError: there is no such model, or it isn't one.
        """
        from sentence_transformers import CrossEncoder

        try:
            self._model: CrossEncoder = CrossEncoder(name, local_files_only=True)
        except Exception as error:
            raise ModelError(
                f"The reranker {name!r} can't be loaded ({type(error).__name__}): give the folder "
                "of a cross-encoder or a name on this machine, or set reranker_kind."
            ) from error
        if self._model.num_labels != 1:
            raise ModelError(
                f"The reranker {name!r} has {self._model.num_labels} outputs, not one score: give "
                "a cross-encoder that was made for ranking."
            )

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        import torch

        logits = self._model.predict(
            [(question, text) for text in texts],
            activation_fn=torch.nn.Sigmoid(),
            show_progress_bar=False,
        )
        return [float(score) for score in logits]


class EmbeddingReranker:
    """A further embedding model: the cosine, brought to 0..1."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        cosines = self._embedder.embed_passages(texts) @ self._embedder.embed_queries([question])[0]
        return [(float(cosine) + 1) / 2 for cosine in cosines]


def load_reranker(name: str, kind: Kind, cache_dir: Path, threads: int = 0) -> Reranker:
    """The reranker that a model's name and kind say.

    Raises:
        ModelError: the model can't be found or used.
    """
    if kind == "cross-encoder":
        return CrossEncoderReranker(name)
    model = resolve_model(name, cache_dir)
    return EmbeddingReranker(load_embedder(model, cache_dir, threads=threads))


@dataclass(frozen=True, slots=True)
class Reranking:
    """How a reranker is used."""

    reranker: Reranker
    top_n: int
    """Passages looked at again."""
    seconds: float
    """After this time no further batch is begun."""

    def rerank(self, question: str, ranking: Sequence[Found]) -> list[Found]:
        """The first ``top_n`` by the reranker's score, as far as time allows; then the others."""
        end = time.monotonic() + self.seconds
        scored: list[Found] = []
        first = ranking[: self.top_n]
        while len(scored) < len(first) and (not scored or time.monotonic() < end):
            batch = first[len(scored) : len(scored) + BATCH]
            scores = self.reranker.scores(question, [found.passage.text for found in batch])
            scored += [
                replace(found, evidence=replace(found.evidence, rerank=score))
                for found, score in zip(batch, scores, strict=True)
            ]
        scored.sort(key=lambda found: -(found.evidence.rerank or 0))
        return scored + list(ranking[len(scored) :])

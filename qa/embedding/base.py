"""What an embedder is, and the rules of batching that embedders share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from qa.types import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.embedding.model import Model

    Vectors = NDArray[np.float32]
    Spans = Sequence[Sequence[Span]]

BATCH_TOKENS = 512
"""Padded tokens per forward pass. Measured on two cores: 512 is a fifth faster than 2,048."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Passages with their sentences, as vectors of unit length."""

    passages: Vectors
    """float32, shape ``(passages, dimension)``."""
    sentences: list[Vectors]
    """For each passage float32, shape ``(its sentences, dimension)``."""
    fits: list[float]
    """How well the model's vocabulary fits each passage: see `fit`."""

    def part(self, start: int, end: int) -> Embedded:
        """What there is of the passages ``[start, end)``."""
        return Embedded(self.passages[start:end], self.sentences[start:end], self.fits[start:end])

    @classmethod
    def joined(cls, parts: Sequence[Embedded]) -> Embedded:
        """One or more as one, in their order."""
        import numpy as np

        return cls(
            np.concatenate([part.passages for part in parts]),
            [vectors for part in parts for vectors in part.sentences],
            [fit for part in parts for fit in part.fits],
        )


class Embedder(Protocol):
    """Maps texts to vectors of unit length, as the model's own configuration says.

    Safe to call from several threads.
    """

    @property
    def model(self) -> Model: ...

    @property
    def dimension(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """How many tokens of a passage the model sees; special tokens and prompt are off."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of the model's tokens in each text, without special tokens."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """float32, shape ``(len(texts), dimension)``, rows of unit length."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """float32, shape ``(len(texts), dimension)``, rows of unit length."""

    def embed_sentences(self, texts: Sequence[str], sentences: Spans) -> Embedded:
        """Passages and their sentences, given as spans of each text.

        A sentence's vector is pooled from its tokens in the passage's own forward pass, and so
        knows its surroundings, at no further cost (Günther et al., "Late Chunking", 2024); where
        a model pools otherwise than by the mean, each sentence is embedded by itself.
        """


def batches_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices in batches of similar length, longest first, so that little is padding.

    Longest first also means that a batch too large for memory fails at once, not at the end.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    start = 0
    while start < len(order):
        size = max(1, BATCH_TOKENS // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


def pool_sentences(
    tokens: Vectors, offsets: Sequence[tuple[int, int]], spans: Sequence[Span], passage: Vectors
) -> Vectors:
    """The mean of each span's tokens, of unit length, shape ``(len(spans), dimension)``.

    Args:
        tokens: shape ``(tokens, dimension)``.
        offsets: each token's characters in the text; ``(0, 0)`` for a special token.
        passage: the vector to take for a span that has no token (it was cut off).
    """
    import numpy as np

    starts, ends = np.array(offsets, dtype=np.int64).reshape(-1, 2).T
    pooled = np.empty((len(spans), len(passage)), dtype=np.float32)
    for row, span in enumerate(spans):
        inside = (starts >= span.start) & (ends <= span.end) & (ends > starts)
        mean = tokens[inside].mean(axis=0) if inside.any() else passage
        pooled[row] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return pooled


def embed_separately(embedder: Embedder, texts: Sequence[str], sentences: Spans) -> list[Vectors]:
    """Each sentence embedded by itself, by text."""
    flat = [s.slice(text) for text, spans in zip(texts, sentences, strict=True) for s in spans]
    vectors = embedder.embed_passages(flat)
    parts: list[Vectors] = []
    start = 0
    for spans in sentences:
        parts.append(vectors[start : start + len(spans)])
        start += len(spans)
    return parts


def fit(text: str, tokens: Sequence[tuple[int, int]]) -> float:
    """The bytes of a text (UTF-8) that stand in tokens of two characters or more, by token.

    About 4 in a language the model has learnt. Of others its tokenizer makes crumbs: about 2 where
    it knows the letters, 0 where each letter is a token or none is known.

    Args:
        tokens: the characters ``[start, end)`` of each token; none for an unknown one.
    """
    known = sum(len(text[start:end].encode()) for start, end in tokens if end - start > 1)
    return known / max(1, len(tokens))


def known_spans(
    ids: Sequence[int], offsets: Sequence[tuple[int, int]], unknown_id: int | None
) -> list[tuple[int, int]]:
    """The characters of each token, as `fit` takes them."""
    return [(0, 0) if id_ == unknown_id else span for id_, span in zip(ids, offsets, strict=True)]

"""A large store in minutes: real sentences, shuffled into passages, with their real vectors.

Embedding 100,000 passages takes most of an hour on two cores. Here every sentence of a set is
embedded once, in its own passage; passages are then drawn at random from the sentences, and the
vector of one is the mean of its sentences', of unit length. What is measured on such a store is
speed, not quality.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qa import QA, Document, Span
from qa.embedding.base import Embedded, Embedder
from qa.ingest import Ingester
from qa.passages.sentences import sentences
from qa.types import Section

_PASSAGES_A_DOCUMENT = 20
_SENTENCES = 4


class SentenceBook:
    """Embeds texts that are made of known sentences, without the model."""

    def __init__(self, embedder: Embedder, vectors: dict[str, np.ndarray], fit: float) -> None:
        self._embedder, self._vectors, self._fit = embedder, vectors, fit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed_sentences(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> Embedded:
        own = [[s.slice(text) for s in spans] for text, spans in zip(texts, spans, strict=True)]
        new = [text for texts in own for text in texts if text not in self._vectors]
        if new:  # among others a sentence may begin or end elsewhere
            self._vectors |= zip(new, self._embedder.embed_passages(new), strict=True)
        found = [np.array([self._vectors[text] for text in texts]) for texts in own]
        means = np.array([one.mean(axis=0) for one in found]).reshape(-1, self._embedder.dimension)
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        return Embedded(means.astype(np.float32), found, [self._fit] * len(found))


def fill(bot: QA, folders: Sequence[Path], passages: int) -> None:
    """Fills a store with about so many passages, of the sentences of sets in BEIR's layout."""
    texts = [
        json.loads(line)["text"]
        for folder in folders
        for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    spans = [list(sentences(text, 0, len(text))) for text in texts]
    embedded = bot.embedder.embed_sentences(texts, spans)
    vectors = {
        span.slice(text): vector
        for text, own, found in zip(texts, spans, embedded.sentences, strict=True)
        for span, vector in zip(own, found, strict=True)
    }
    book = SentenceBook(bot.embedder, vectors, float(np.mean(embedded.fits)))
    ingester = Ingester(bot.store, book, bot.settings.passage_tokens, bot.settings.limits)
    pool = sorted(text for text in vectors if 60 <= len(text) <= 240 and text.endswith("."))
    ingester.add(_documents(pool, passages // _PASSAGES_A_DOCUMENT))


def _documents(pool: list[str], count: int) -> Iterator[Document]:
    rng = random.Random(4)
    for number in range(count):
        paragraphs = [" ".join(rng.sample(pool, _SENTENCES)) for _ in range(_PASSAGES_A_DOCUMENT)]
        text = "\n\n".join(paragraphs)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        yield Document(
            id=sha256[:32], paths=(f"/synthetic/{number}.txt",), title=f"Document {number}",
            published=None, media_type="text/plain", sha256=sha256, text=text,
            structure=(Section(0, 0, len(text)),), title_stated=False, language="en",
        )  # fmt: skip

"""The authority: sentence-transformers itself, for models with no faithful ONNX form and GPUs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qa.embedding.base import Embedded, embed_separately, fit, known_spans, pool_sentences
from qa.embedding.export import (
    max_sequence_length,
    passage_prompt,
    pools_by_mean,
    query_prompt,
)
from qa.embedding.model import Model
from qa.errors import ModelError

if TYPE_CHECKING:
    from qa.embedding.base import Spans, Vectors


class SentenceTransformerEmbedder:
    """Runs a model with sentence-transformers, on a GPU where torch finds one."""

    def __init__(self, model: Model, device: str | None = None) -> None:
        from sentence_transformers import SentenceTransformer

        try:
            self._encoder = SentenceTransformer(
                str(model.path), device=device, local_files_only=True
            )
        except Exception as error:
            raise ModelError(
                f"sentence-transformers can't load the model {model.name!r} from {model.path} "
                f"({type(error).__name__}): check that the folder is whole."
            ) from error
        self._model = model
        self._lock = threading.Lock()  # neither tokenizer nor model promises thread safety
        self._dimension = int(self._encoder.encode(["a"]).shape[1])
        special = len(self._ids("", special=True))
        prompt = len(self._ids(passage_prompt(self._encoder)))
        self._max_tokens = max_sequence_length(self._encoder) - special - prompt
        self._pools = pools_by_mean(self._encoder) and self._encoder.tokenizer.is_fast

    @property
    def model(self) -> Model:
        return self._model

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def max_tokens(self) -> int:
        return self._max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        with self._lock:
            return [len(self._ids(text)) for text in texts]

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed(self._encoder.encode_query, query_prompt(self._encoder), texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed(self._encoder.encode_document, passage_prompt(self._encoder), texts)

    def embed_sentences(self, texts: Sequence[str], sentences: Spans) -> Embedded:
        fits = self._fits(texts)
        if not self._pools or not texts:
            vectors = self.embed_passages(texts)
            return Embedded(vectors, embed_separately(self, texts, sentences), fits)
        import numpy as np

        prompt = passage_prompt(self._encoder)
        with self._lock:
            outputs = self._encoder.encode_document(
                list(texts), prompt=prompt, output_value=None, show_progress_bar=False
            )
            encoded = self._encoder.tokenizer(
                [prompt + text for text in texts],
                truncation=True,
                max_length=max_sequence_length(self._encoder),
                return_offsets_mapping=True,
            )["offset_mapping"]
        vectors = np.empty((len(texts), self._dimension), dtype=np.float32)
        pooled: list[Vectors] = []
        for row, (output, pairs) in enumerate(zip(outputs, encoded, strict=True)):
            embedding = output["sentence_embedding"].float().cpu().numpy()
            vectors[row] = embedding / max(float(np.linalg.norm(embedding)), 1e-12)
            offsets = [(start - len(prompt), end - len(prompt)) for start, end in pairs]
            tokens = output["token_embeddings"].float().cpu().numpy()[: len(offsets)]
            pooled.append(pool_sentences(tokens, offsets, sentences[row], vectors[row]))
        return Embedded(vectors, pooled, fits)

    def _fits(self, texts: Sequence[str]) -> list[float]:
        tokenizer = self._encoder.tokenizer
        with self._lock:
            if not tokenizer.is_fast:  # it doesn't say where its tokens stand
                return [len(text.encode()) / max(1, len(self._ids(text))) for text in texts]
            encoded = [
                tokenizer(
                    text,
                    add_special_tokens=False,
                    truncation=False,
                    return_offsets_mapping=True,
                    verbose=False,
                )
                for text in texts
            ]
        unknown_id = tokenizer.unk_token_id
        spans = (known_spans(e["input_ids"], e["offset_mapping"], unknown_id) for e in encoded)
        return [fit(*pair) for pair in zip(texts, spans, strict=True)]

    def _embed(self, encode: Encode, prompt: str, texts: Sequence[str]) -> Vectors:
        import numpy as np

        if not texts:
            return np.empty((0, self._dimension), dtype=np.float32)
        with self._lock:
            vectors = encode(
                list(texts), prompt=prompt, normalize_embeddings=True, show_progress_bar=False
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def _ids(self, text: str, special: bool = False) -> list[int]:
        ids: list[int] = self._encoder.tokenizer(
            text, add_special_tokens=special, truncation=False, verbose=False
        )["input_ids"]
        return ids


if TYPE_CHECKING:
    from typing import Protocol

    class Encode(Protocol):
        def __call__(
            self,
            texts: list[str],
            *,
            prompt: str,
            normalize_embeddings: bool,
            show_progress_bar: bool,
        ) -> Vectors: ...

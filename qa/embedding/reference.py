"""The authority: sentence-transformers itself, for models with no faithful ONNX form and GPUs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qa.embedding.export import max_sequence_length, passage_prompt, query_prompt
from qa.embedding.model import Model
from qa.errors import ModelError

if TYPE_CHECKING:
    from qa.embedding.base import Vectors


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

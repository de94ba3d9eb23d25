"""The fast path: an exported model on ONNX Runtime, without torch or transformers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from qa.embedding.base import (
    Embedded,
    batches_by_length,
    embed_separately,
    fit,
    known_spans,
    pool_sentences,
)
from qa.embedding.export import GRAPH, OUTPUT, TOKENIZER, TOKENS, Manifest
from qa.embedding.model import Model
from qa.embedding.runtime import load_onnxruntime

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

    from qa.embedding.base import Spans, Vectors

_COUNTED = 10_000
"""Texts that are counted at a time: what a tokenizer makes of each takes a kilobyte."""


class OnnxEmbedder:
    """Runs the graph that `qa.embedding.export` wrote into ``folder``."""

    def __init__(self, model: Model, folder: Path, manifest: Manifest, threads: int = 0) -> None:
        from tokenizers import Tokenizer

        onnxruntime = load_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads  # 0: as many as there are cores
        # The graph was optimised when it was written.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        # Threads that wait for the next run mustn't burn the processor that others work on.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer_file = str(folder / TOKENIZER)
        self._tokenizer = Tokenizer.from_file(self._tokenizer_file)
        self._tokenizer.enable_truncation(max_length=manifest.max_sequence)
        self._manifest = manifest
        self._model = model
        self._inputs = [i.name for i in self._session.get_inputs()]
        prompt = self.count_tokens([manifest.passage_prompt])[0] if manifest.passage_prompt else 0
        special = self._tokenizer.num_special_tokens_to_add(False)
        self._max_tokens = manifest.max_sequence - special - prompt

    @property
    def model(self) -> Model:
        return self._model

    @property
    def dimension(self) -> int:
        return self._manifest.dimension

    @property
    def max_tokens(self) -> int:
        return self._max_tokens

    @cached_property
    def _counter(self) -> Tokenizer:
        """A tokenizer that doesn't cut texts off; a question needs none."""
        from tokenizers import Tokenizer

        return Tokenizer.from_file(self._tokenizer_file)

    @cached_property
    def _unknown_id(self) -> int | None:
        token = json.loads(self._counter.to_str())["model"].get("unk_token")
        return self._counter.token_to_id(token) if token else None

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        counts: list[int] = []
        for start in range(0, len(texts), _COUNTED):
            part = list(texts[start : start + _COUNTED])
            encodings = self._counter.encode_batch_fast(part, add_special_tokens=False)
            counts += map(len, encodings)
        return counts

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed(self._manifest.query_prompt, texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed(self._manifest.passage_prompt, texts)

    def embed_sentences(self, texts: Sequence[str], sentences: Spans) -> Embedded:
        import numpy as np

        prompt = self._manifest.passage_prompt
        encodings = self._tokenizer.encode_batch([prompt + text for text in texts])
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        pooled: list[Vectors] = [vectors[:0]] * len(texts)
        outputs = [OUTPUT, TOKENS] if self._manifest.pools_by_mean else [OUTPUT]
        for batch in batches_by_length([len(encoding) for encoding in encodings]):
            results = self._run([encodings[i] for i in batch], outputs)
            vectors[batch] = results[0]
            for row, i in enumerate(batch if self._manifest.pools_by_mean else ()):
                offsets = [
                    (start - len(prompt), end - len(prompt)) for start, end in encodings[i].offsets
                ]
                tokens = results[1][row, : len(offsets)]
                pooled[i] = pool_sentences(tokens, offsets, sentences[i], vectors[i])
        if not self._manifest.pools_by_mean:
            pooled = embed_separately(self, texts, sentences)
        return Embedded(vectors, pooled, self._fits(texts))

    def _fits(self, texts: Sequence[str]) -> list[float]:
        encodings = self._counter.encode_batch(list(texts), add_special_tokens=False)
        return [
            fit(text, known_spans(encoding.ids, encoding.offsets, self._unknown_id))
            for text, encoding in zip(texts, encodings, strict=True)
        ]

    def _embed(self, prompt: str, texts: Sequence[str]) -> Vectors:
        import numpy as np

        encodings = self._tokenizer.encode_batch_fast([prompt + text for text in texts])
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for batch in batches_by_length([len(encoding) for encoding in encodings]):
            vectors[batch] = self._run([encodings[i] for i in batch], [OUTPUT])[0]
        return vectors

    def _run(self, encodings: list[Encoding], outputs: list[str]) -> list[Vectors]:
        import numpy as np

        shape = (len(encodings), max(len(encoding) for encoding in encodings))
        feeds = {
            "input_ids": np.full(shape, self._manifest.pad_id, dtype=np.int64),
            "attention_mask": np.zeros(shape, dtype=np.int64),
            "token_type_ids": np.zeros(shape, dtype=np.int64),
        }
        for row, encoding in enumerate(encodings):
            feeds["input_ids"][row, : len(encoding)] = encoding.ids
            feeds["attention_mask"][row, : len(encoding)] = encoding.attention_mask
            feeds["token_type_ids"][row, : len(encoding)] = encoding.type_ids
        wanted = {name: feeds[name] for name in self._inputs}
        results: list[Vectors] = self._session.run(outputs, wanted)
        return results

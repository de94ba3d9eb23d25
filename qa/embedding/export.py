"""Exports a sentence-transformers model to one ONNX graph, and proves that it gives the same.

Run in a process of its own (``python -m qa.embedding.export MODEL_DIR OUT_DIR``), because it needs
torch, which nothing else on the fast path does. The graph holds transformer, pooling, any further
modules and the normalisation. It is kept only if, on probe texts, each vector's cosine with
sentence-transformers' own is at least ``MIN_COSINE``; otherwise the reason is written down
instead, and the model runs on sentence-transformers itself.
"""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FORMAT = 2
MIN_COSINE = 0.9999
GRAPH = "model.onnx"
WEIGHTS = "model.weights"
TOKENIZER = "tokenizer.json"
MANIFEST = "manifest.json"
OUTPUT = "embedding"
TOKENS = "tokens"

_SENTENCE = "The committee met in Geneva on 3 October 2023 and chose a new chair. "
_PROBES = (
    "a",
    "Who met whom?",
    "What was decided about the water supply of the northern districts last year?",
    _SENTENCE,
    _SENTENCE * 4,
    _SENTENCE * 200,  # far over any limit: truncation must agree as well
    "Ağdam şəhəri yenidən qurulur. Der Fluß führt Hochwasser. 東京で会議が開かれた。",
    "x = [1, 2, 3]\nprint(sum(x) / len(x))  # -> 2.0",
    "UPPER lower MiXeD \t tabs  and   spaces\n\n€ 1.234,56 & naïve café 🙂",
)


class UnusableError(Exception):
    """The model has no faithful ONNX form; the message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the fast path must know of an exported model; ``reason`` says why there is none."""

    format: int
    reason: str | None
    versions: dict[str, str]
    dimension: int = 0
    max_sequence: int = 0
    pad_id: int = 0
    inputs: tuple[str, ...] = ()
    query_prompt: str = ""
    passage_prompt: str = ""
    pools_by_mean: bool = False
    """Whether the graph gives out its tokens too, whose mean is the embedding."""
    cosine: float = 0.0

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """The manifest in ``folder``, or None if there is none that can be used."""
        try:
            fields = json.loads((folder / MANIFEST).read_bytes())
            manifest = cls(**fields)
        except (OSError, ValueError, TypeError):
            return None
        return manifest if manifest.format == FORMAT else None

    def write(self, folder: Path) -> None:
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=1))


def library_versions() -> dict[str, str]:
    """The libraries on which it depends whether a model can be exported."""
    names = ("torch", "transformers", "sentence-transformers", "onnx", "onnxruntime")
    return {name: version(name) for name in names}


def max_sequence_length(model: SentenceTransformer) -> int:
    """The model's token limit, special tokens included, as far as it has one that can be true."""
    tokenizer_limit = getattr(model.tokenizer, "model_max_length", None)
    for limit in (model.max_seq_length, tokenizer_limit):
        if limit and limit < 1_000_000:  # transformers says "no limit" with a huge number
            return int(limit)
    return 512


def query_prompt(model: SentenceTransformer) -> str:
    """What the model's configuration puts in front of a query."""
    return model.prompts.get("query") or ""


def passage_prompt(model: SentenceTransformer) -> str:
    """What the model's configuration puts in front of a passage, under any of its usual names.

    (sentence-transformers fills in an empty "document" prompt, behind which `encode_document`
    would overlook one that is called "passage".)
    """
    prompts = (model.prompts.get(name) for name in ("document", "passage", "corpus"))
    return next(filter(None, prompts), "")


def pools_by_mean(model: SentenceTransformer) -> bool:
    """Whether an embedding is the mean of its tokens, so that a part of them embeds a sentence."""
    kinds = [type(module).__name__ for module in model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    pooling = model[1]
    mode = getattr(pooling, "pooling_mode", None) or pooling.get_pooling_mode_str()
    return bool(mode == "mean")


def export(model_dir: Path, out: Path) -> Manifest:
    """Writes graph, tokenizer and manifest into the folder ``out``.

    Raises:
        UnusableError: the model can't be exported, or the export isn't faithful.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    torch.manual_seed(0)
    model = SentenceTransformer(str(model_dir), device="cpu", local_files_only=True)
    model = model.eval().float()
    _write_tokenizer(model, out)
    inputs = _write_graph(model, out)
    manifest = Manifest(
        format=FORMAT,
        reason=None,
        versions=library_versions(),
        dimension=int(model.encode(["a"]).shape[1]),
        max_sequence=max_sequence_length(model),
        pad_id=int(model.tokenizer.pad_token_id or 0),
        inputs=inputs,
        query_prompt=query_prompt(model),
        passage_prompt=passage_prompt(model),
        pools_by_mean=pools_by_mean(model),
    )
    manifest = Manifest(**{**asdict(manifest), "cosine": _verify(model, manifest, out)})
    manifest.write(out)
    return manifest


def _write_tokenizer(model: SentenceTransformer, out: Path) -> None:
    fast = getattr(model.tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise UnusableError("its tokenizer has no fast form")
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(fast.to_str())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(out / TOKENIZER))


def _write_graph(model: SentenceTransformer, out: Path) -> tuple[str, ...]:
    import torch

    features = model.preprocess([_SENTENCE, "A short one."])  # uneven, so that masks matter
    inputs = tuple(name for name, value in features.items() if isinstance(value, torch.Tensor))
    with_tokens = pools_by_mean(model)

    class Graph(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: Any) -> Any:
            output = self.model(dict(zip(inputs, tensors, strict=True)))
            embedding = torch.nn.functional.normalize(output["sentence_embedding"], dim=-1)
            return (embedding, output["token_embeddings"]) if with_tokens else embedding

    raw = out / "raw.onnx"
    try:
        # The TorchScript exporter: the newer one needs two more packages to be installed.
        torch.onnx.export(
            Graph().eval(),
            tuple(features[name] for name in inputs),
            str(raw),
            input_names=list(inputs),
            output_names=[OUTPUT, TOKENS] if with_tokens else [OUTPUT],
            dynamic_axes={name: {0: "batch", 1: "sequence"} for name in (*inputs, TOKENS)}
            | {OUTPUT: {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
        _optimise(raw, out / GRAPH)
    except Exception as error:
        raise UnusableError(f"its export to ONNX failed: {_first_line(error)}") from error
    finally:
        raw.unlink(missing_ok=True)
    return inputs


def _optimise(raw: Path, optimised: Path) -> None:
    """Fuses the graph's operators once, so that no later start has to.

    The weights go into a file of their own, which is mapped into memory rather than read: a
    session is then open in a fifth of the time.
    """
    from qa.embedding.runtime import load_onnxruntime

    onnxruntime = load_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(optimised)
    option = "session.optimized_model_external_initializers_{}".format
    options.add_session_config_entry(option("file_name"), WEIGHTS)
    options.add_session_config_entry(option("min_size_in_bytes"), "1024")
    onnxruntime.InferenceSession(str(raw), options, providers=["CPUExecutionProvider"])


def _verify(model: SentenceTransformer, manifest: Manifest, out: Path) -> float:
    """The lowest cosine between the two ways, over all probes as queries and as passages."""
    import numpy as np

    from qa.embedding.model import Model
    from qa.embedding.onnx import OnnxEmbedder

    fast = OnnxEmbedder(Model(str(out), out, ""), out, manifest)
    pairs = (
        (fast.embed_queries, model.encode_query, manifest.query_prompt),
        (fast.embed_passages, model.encode_document, manifest.passage_prompt),
    )
    cosines: list[float] = []
    for embed, encode, prompt in pairs:
        expected = encode(list(_PROBES), prompt=prompt, normalize_embeddings=True)
        cosines += np.sum(embed(_PROBES) * expected, axis=1).tolist()
        single = np.concatenate([embed([probe]) for probe in _PROBES])
        cosines += np.sum(single * expected, axis=1).tolist()
    lowest = float(np.min(cosines))
    if not lowest >= MIN_COSINE:  # not "<": a nan must not pass
        raise UnusableError(f"its ONNX form differs from sentence-transformers (cosine {lowest})")
    return lowest


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def main(model_dir: str, out: str) -> None:
    warnings.filterwarnings("ignore")  # the tracer's remarks; the probes are what decides
    try:
        export(Path(model_dir), Path(out))
    except UnusableError as error:
        (Path(out) / GRAPH).unlink(missing_ok=True)
        Manifest(FORMAT, str(error), library_versions()).write(Path(out))


if __name__ == "__main__":
    main(*sys.argv[1:])

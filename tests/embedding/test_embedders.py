"""Both embedders must give what sentence-transformers gives, for the default model and others."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from qa.embedding import Embedder, load_embedder
from qa.embedding.base import batches_by_length
from qa.embedding.export import GRAPH, MANIFEST, MIN_COSINE, TOKENIZER, WEIGHTS, Manifest
from qa.embedding.model import DEFAULT_MODEL, resolve_model
from qa.embedding.onnx import OnnxEmbedder
from qa.embedding.reference import SentenceTransformerEmbedder
from qa.errors import ModelError

TEXTS = [
    "Short.",
    "A much longer text that goes on and on about the weather. " * 30,
    "Şuşa şəhəri mədəniyyət paytaxtı seçildi.",
    "",
    "x",
    "Where was the meeting held, and who was there?",
]


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=1)


def test_the_fast_path_gives_what_sentence_transformers_gives(embedder, reference):
    assert isinstance(embedder, OnnxEmbedder)
    for embed in ("embed_queries", "embed_passages"):
        fast, slow = getattr(embedder, embed)(TEXTS), getattr(reference, embed)(TEXTS)
        assert fast.dtype == slow.dtype == np.float32
        assert fast.shape == slow.shape == (len(TEXTS), 384)
        assert cosines(fast, slow).min() >= MIN_COSINE


def test_both_count_tokens_and_limits_alike(embedder: Embedder, reference):
    assert embedder.count_tokens(TEXTS) == reference.count_tokens(TEXTS)
    assert embedder.max_tokens == reference.max_tokens == 254
    assert embedder.dimension == reference.dimension == 384


def test_nothing_gives_an_empty_array(embedder, reference):
    for each in (embedder, reference):
        assert each.embed_passages([]).shape == (0, 384)


def test_order_does_not_depend_on_length(embedder):
    together = embedder.embed_passages(TEXTS)
    alone = np.concatenate([embedder.embed_passages([text]) for text in TEXTS])
    assert cosines(together, alone).min() > 0.99999


def test_batches_hold_every_index_once_longest_first():
    lengths = [3, 500, 20, 700, 1, 20, 90]
    batches = list(batches_by_length(lengths))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    flat = [lengths[i] for batch in batches for i in batch]
    assert flat == sorted(lengths, reverse=True)
    assert batches[0] == [3]


def test_another_model_is_exported_with_its_prompts_and_limit(tiny_model, tmp_path):
    model = resolve_model(str(tiny_model), tmp_path)
    fast = load_embedder(model, tmp_path, "onnx")
    slow = SentenceTransformerEmbedder(model, device="cpu")
    texts = ["who met whom?", "the passage", "who " * 100]
    assert cosines(fast.embed_queries(texts), slow.embed_queries(texts)).min() >= MIN_COSINE
    assert cosines(fast.embed_passages(texts), slow.embed_passages(texts)).min() >= MIN_COSINE
    assert cosines(fast.embed_queries(texts), fast.embed_passages(texts)).min() < 0.999
    assert fast.max_tokens == slow.max_tokens == 32 - 2 - 2  # [CLS], [SEP]; "passage", ":"


def test_an_export_is_done_once(tiny_model, tmp_path):
    model = resolve_model(str(tiny_model), tmp_path)
    exports = []
    for _ in range(2):
        load_embedder(model, tmp_path, on_export=lambda: exports.append(1))
    assert exports == [1]


def test_a_model_without_a_faithful_form_runs_on_sentence_transformers(tiny_model, tmp_path):
    from sentence_transformers import SentenceTransformer

    # Pooling that leaves the prompt out needs its length at run time: the graph can't know it.
    encoder = SentenceTransformer(str(tiny_model), device="cpu")
    encoder[1].include_prompt = False
    encoder[1].pooling_mode = "mean"
    unfaithful = tmp_path / "unfaithful"
    encoder.save(str(unfaithful))
    config = json.loads((unfaithful / "1_Pooling" / "config.json").read_text())
    assert config["include_prompt"] is False
    model = resolve_model(str(unfaithful), tmp_path / "cache")
    embedder = load_embedder(model, tmp_path / "cache")
    assert isinstance(embedder, SentenceTransformerEmbedder)
    (folder,) = (tmp_path / "cache" / "onnx").iterdir()
    manifest = Manifest.read(folder)
    assert manifest is not None
    assert "differs" in (manifest.reason or "")
    assert not (folder / GRAPH).exists()
    with pytest.raises(ModelError, match="no fast path"):
        load_embedder(model, tmp_path / "cache", "onnx")


def test_a_damaged_model_folder_is_a_clear_error(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    model = resolve_model(str(tmp_path), tmp_path / "cache")
    with pytest.raises(ModelError, match="can't load the model"):
        load_embedder(model, tmp_path / "cache")
    assert not list((tmp_path / "cache" / "onnx").iterdir()), "a crash is not remembered"


def test_a_damaged_manifest_is_exported_anew(tiny_model, tmp_path):
    model = resolve_model(str(tiny_model), tmp_path)
    load_embedder(model, tmp_path)
    (manifest,) = (tmp_path / "onnx").glob(f"*/{MANIFEST}")
    manifest.write_text("{half")
    assert isinstance(load_embedder(model, tmp_path, "onnx"), OnnxEmbedder)


def test_the_fast_path_imports_neither_torch_nor_transformers(cache_dir, embedder):
    code = f"""
import sys
from pathlib import Path
from qa.embedding import load_embedder
from qa.embedding.model import resolve_model
cache = Path({str(cache_dir)!r})
load_embedder(resolve_model({DEFAULT_MODEL!r}, cache), cache).embed_queries(["Who?"])
print([name for name in ("torch", "transformers", "sentence_transformers") if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", [GRAPH, WEIGHTS, TOKENIZER])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_damaged_cache_heals(tiny_model, tiny_export, tmp_path, name, damage):
    shutil.copytree(tiny_export, tmp_path, dirs_exist_ok=True)
    model = resolve_model(str(tiny_model), tmp_path)
    (file,) = (tmp_path / "onnx").glob(f"*/{name}")
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert isinstance(load_embedder(model, tmp_path, "onnx"), OnnxEmbedder)

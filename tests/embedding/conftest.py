"""The default model as sentence-transformers runs it, and tiny models of other kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.embedding import load_embedder
from qa.embedding.model import DEFAULT_MODEL, resolve_model
from qa.embedding.reference import SentenceTransformerEmbedder


@pytest.fixture(scope="session")
def reference(cache_dir: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(resolve_model(DEFAULT_MODEL, cache_dir), device="cpu")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with random weights, prompts, CLS pooling and a limit of 32 tokens."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), "cls")


@pytest.fixture(scope="session")
def tiny_mean_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `tiny_model`, but it pools by the mean."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny-mean"), "mean")


@pytest.fixture(scope="session")
def tiny_export(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the tiny model exported; tests only read or copy it."""
    cache = tmp_path_factory.mktemp("tiny-cache")
    load_embedder(resolve_model(str(tiny_model), cache), cache, "onnx")
    return cache


def make_tiny_model(folder: Path, pooling: str) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [*special, "who", "met", "whom", "the", "a", "query", "passage", ":", ".", "?"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder / "bert")
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        initializer_range=0.5,  # large enough for texts to differ
    )
    BertModel(config).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=32)
    model = SentenceTransformer(
        modules=[transformer, Pooling(24, pooling_mode=pooling)],
        prompts={"query": "query: ", "passage": "passage: "},
        device="cpu",
    )
    model.save(str(folder / "model"))
    return folder / "model"

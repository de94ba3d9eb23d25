"""Rerankers, with real models.

No cross-encoder's weights can be had where the tests run: the one here is tiny, randomly
initialised and saved by the test. It knows nothing, so what is tested is the mechanism.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from qa import QA
from qa.errors import ModelError
from qa.retrieval.rerank import CrossEncoderReranker, EmbeddingReranker, Reranking
from tests.conftest import SEEDS

QUESTION = "What was chosen as the 2024 Cultural Capital?"


def save_cross_encoder(folder: Path, labels: int = 1) -> str:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    torch.manual_seed(7)
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789?.,"]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *[f"##{letter}" for letter in letters]]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    shape = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    config = BertConfig(vocab_size=len(words), num_labels=labels, **shape)
    BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_cross_encoder(tmp_path_factory.mktemp("models") / "cross-encoder")


def reranked_bot(seed_bot: QA, **settings) -> QA:
    return QA.open(seed_bot.store.folder, seeds=SEEDS, **settings)


def test_a_cross_encoder_orders_the_first_passages(seed_bot, cross_encoder):
    before = seed_bot.ask(QUESTION, top_k=5)
    bot = reranked_bot(seed_bot, reranker=cross_encoder)
    after = bot.ask(QUESTION, top_k=5)
    texts = [passage.text for passage in after.passages]
    assert sorted(texts) == sorted(passage.text for passage in before.passages)
    expected = CrossEncoderReranker(cross_encoder).scores(QUESTION, texts)
    assert all(0 <= score <= 1 for score in expected)
    assert expected == sorted(expected, reverse=True)
    assert [p.evidence.rerank for p in after.passages] == pytest.approx(expected, abs=1e-6)
    assert [p.score for p in after.passages] == pytest.approx(expected, abs=1e-6)
    assert "rerank" in after.timings_ms


def test_only_the_first_are_looked_at_and_the_others_stay_behind_them(seed_bot, cross_encoder):
    before = [p.text for p in seed_bot.ask(QUESTION, top_k=5).passages]
    bot = reranked_bot(seed_bot, reranker=cross_encoder, reranker_top_n=2)
    after = bot.ask(QUESTION, top_k=5).passages
    assert {p.text for p in after[:2]} == set(before[:2])
    assert [p.text for p in after[2:]] == before[2:]
    assert [p.evidence.rerank is None for p in after] == [False, False, True, True, True]
    scores = [p.score for p in after]
    assert scores == sorted(scores, reverse=True)


def test_without_time_one_batch_is_looked_at(seed_bot, cross_encoder):
    bot = reranked_bot(seed_bot, reranker=cross_encoder, reranker_seconds=1e-9)
    passages = bot.ask(QUESTION, top_k=5).passages
    assert [p.evidence.rerank is None for p in passages] == [False] * 4 + [True]


def test_a_further_embedding_model_can_rerank(seed_bot, embedder):
    bot = reranked_bot(seed_bot, reranker=embedder.model.name, reranker_kind="embedding")
    passages = bot.ask(QUESTION, top_k=5).passages
    expected = EmbeddingReranker(embedder).scores(QUESTION, [p.text for p in passages])
    assert expected == sorted(expected, reverse=True)
    assert [p.evidence.rerank for p in passages] == pytest.approx(expected, abs=1e-4)


def test_nothing_to_rerank(embedder):
    assert Reranking(EmbeddingReranker(embedder), 20, 1.0).rerank("Who?", []) == []


def test_what_is_no_reranker_is_a_clear_error(seed_bot, tmp_path):
    with pytest.raises(ModelError, match="can't be loaded"):
        reranked_bot(seed_bot, reranker=str(tmp_path / "nothing")).ask(QUESTION)
    classifier = save_cross_encoder(tmp_path / "classifier", labels=3)
    with pytest.raises(ModelError, match="has 3 outputs, not one score"):
        reranked_bot(seed_bot, reranker=classifier).ask(QUESTION)

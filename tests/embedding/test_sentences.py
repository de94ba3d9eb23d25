"""A sentence's vector comes from its passage's own pass, the same whatever runs the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from qa.embedding import Embedder, load_embedder
from qa.embedding.base import Embedded
from qa.embedding.model import DEFAULT_MODEL, resolve_model
from qa.embedding.onnx import OnnxEmbedder
from qa.embedding.reference import SentenceTransformerEmbedder
from qa.passages.sentences import sentences
from qa.retrieval.ranking import FOREIGN_FIT, LEARNT_FIT
from qa.types import Span

TEXTS = [
    "Short.",
    "The minister met the director. He spoke of the two cities. They will meet again in spring.",
    "Şuşa şəhəri mədəniyyət paytaxtı seçildi. Die Brücke führt über Flüsse. 東京で会議が開いた。",
    "",
    "Report 7\n\nHarbour > Cranes\nThe cranes moved 1,234.5 tons (a record)! Did they? Yes 🙂.",
    "This sentence goes on about the weather. " * 60,  # far over the limit
]
SENTENCES = [list(sentences(text, 0, len(text))) for text in TEXTS]


@pytest.fixture(scope="module")
def tiny(tiny_mean_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Embedder]:
    """A tiny model with prompts that pools by the mean, run both ways."""
    return both_ways(tiny_mean_model, tmp_path_factory.mktemp("tiny-mean-cache"))


def both_ways(folder: Path, cache: Path) -> list[Embedder]:
    model = resolve_model(str(folder), cache)
    fast = load_embedder(model, cache, "onnx")
    assert isinstance(fast, OnnxEmbedder)
    return [fast, SentenceTransformerEmbedder(model, device="cpu")]


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def token_embeddings(folder: Path, text: str) -> np.ndarray:
    """What the model makes of each token, those of prompt and special ones among them."""
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(str(folder), device="cpu")
    return encoder.encode([text], output_value="token_embeddings")[0].numpy()


def test_there_is_a_unit_vector_for_each_sentence(embedder, reference):
    for each in (embedder, reference):
        embedded = each.embed_sentences(TEXTS, SENTENCES)
        assert embedded.passages.dtype == np.float32
        assert embedded.passages.shape == (len(TEXTS), 384)
        assert [part.shape for part in embedded.sentences] == [(len(s), 384) for s in SENTENCES]
        for vectors in (embedded.passages, *embedded.sentences):
            assert vectors.dtype == np.float32
            assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def assert_alike(one: Embedded, other: Embedded) -> None:
    assert np.allclose(one.passages, other.passages, atol=1e-4)
    for mine, theirs in zip(one.sentences, other.sentences, strict=True):
        assert np.allclose(mine, theirs, atol=1e-4)
    assert one.fits == other.fits


def test_the_fast_path_gives_what_sentence_transformers_gives(embedder, reference):
    assert isinstance(embedder, OnnxEmbedder)
    assert_alike(
        embedder.embed_sentences(TEXTS, SENTENCES), reference.embed_sentences(TEXTS, SENTENCES)
    )


def test_passages_are_those_of_embed_passages(embedder, reference, tiny):
    for each in (embedder, reference, *tiny):
        embedded = each.embed_sentences(TEXTS, SENTENCES)
        assert np.allclose(embedded.passages, each.embed_passages(TEXTS), atol=1e-5)


def test_a_text_gives_the_same_alone_as_among_others(embedder):
    together = embedder.embed_sentences(TEXTS, SENTENCES)
    for i, (text, spans) in enumerate(zip(TEXTS, SENTENCES, strict=True)):
        assert_alike(embedder.embed_sentences([text], [spans]), together.part(i, i + 1))


def test_a_sentence_is_the_mean_of_its_tokens_in_the_passage(embedder, reference, cache_dir):
    parts = ["The minister met the director.", "He spoke of two unbelievable cities!"]
    text, spans = joined(parts)
    counts = reference.count_tokens(parts)
    tokens = token_embeddings(resolve_model(DEFAULT_MODEL, cache_dir).path, text)
    assert len(tokens) == 1 + sum(counts) + 1  # [CLS], [SEP]
    first, second = tokens[1 : 1 + counts[0]], tokens[1 + counts[0] : -1]
    expected = unit(np.stack([first.mean(axis=0), second.mean(axis=0)]))
    for each in (embedder, reference):
        (vectors,) = each.embed_sentences([text], [spans]).sentences
        assert np.allclose(vectors, expected, atol=1e-4)
        alone = each.embed_passages(parts)
        assert not np.allclose(vectors, alone, atol=1e-2), "it knows what stands around it"


def joined(parts: Sequence[str], lead: str = "") -> tuple[str, list[Span]]:
    """Sentences as one text, and where they are in it."""
    text, spans = lead, []
    for part in parts:
        text = f"{text} {part}" if text else part
        spans.append(Span(len(text) - len(part), len(text)))
    return text, spans


def test_a_prompt_in_front_shifts_nothing(tiny, tiny_mean_model):
    parts = ["who met whom ?", "the a .", "met met met ."]
    text, spans = joined(parts)
    tokens = token_embeddings(tiny_mean_model, f"passage: {text}")
    # [CLS] passage : | who met whom ? | the a . | met met met . | [SEP]
    pieces = tokens[3:7], tokens[7:10], tokens[10:14]
    assert len(tokens) == 15
    expected = unit(np.stack([piece.mean(axis=0) for piece in pieces]))
    for each in tiny:
        embedded = each.embed_sentences([text], [spans])
        assert np.allclose(embedded.sentences[0], expected, atol=1e-4)
        assert np.allclose(embedded.passages[0], unit(tokens.mean(axis=0)), atol=1e-4)


def test_a_heading_in_front_belongs_to_no_sentence(embedder, reference, cache_dir):
    parts = ["The minister met the director.", "He spoke."]
    text, spans = joined(parts, lead="Foreign affairs")
    assert reference.count_tokens(["Foreign affairs", *parts]) == [2, 6, 3]
    tokens = token_embeddings(resolve_model(DEFAULT_MODEL, cache_dir).path, text)
    expected = unit(np.stack([tokens[3:9].mean(axis=0), tokens[9:12].mean(axis=0)]))
    for each in (embedder, reference):
        (vectors,) = each.embed_sentences([text], [spans]).sentences
        assert np.allclose(vectors, expected, atol=1e-4)


def test_a_sentence_cut_off_has_its_passages_vector_and_a_half_one_what_is_left(
    tiny, tiny_mean_model
):
    parts = ["who met whom ? " * 6 + ".", "a a a . . . . .", "the the the ."]
    text, spans = joined(parts)
    tokens = token_embeddings(tiny_mean_model, f"passage: {text}")
    assert len(tokens) == 32  # [CLS] passage : | 25 | the first 3 of 8 | [SEP]
    expected = unit(np.stack([tokens[3:28].mean(axis=0), tokens[28:31].mean(axis=0)]))
    for each in tiny:
        embedded = each.embed_sentences([text], [spans])
        assert np.allclose(embedded.sentences[0][:2], expected, atol=1e-4)
        assert np.allclose(embedded.sentences[0][2], embedded.passages[0], atol=1e-6)


def test_where_a_model_pools_by_its_cls_token_each_sentence_is_embedded_by_itself(
    tiny_model, tiny_export
):
    text, spans = joined(["who met whom ?", "the a .", "passage : query"])
    for each in both_ways(tiny_model, tiny_export):
        embedded = each.embed_sentences([text, "a", text], [spans, [], spans[1:]])
        alone = each.embed_passages([span.slice(text) for span in spans])
        assert np.allclose(embedded.sentences[0], alone, atol=1e-5)
        assert embedded.sentences[1].shape == (0, 24)
        assert np.allclose(embedded.sentences[2], alone[1:], atol=1e-5)
        assert np.allclose(embedded.passages, each.embed_passages([text, "a", text]), atol=1e-5)


FITS = {
    "The minister met the director.": 25 / 6,  # the letters of all but the full stop; six tokens
    "Who met whom in Geneva, and why?": 24 / 9,
    "": 0.0,
    # Each letter a token, or none known at all: crumbs.
    "Комитет собрался": 0.0,
    "委员会开会": 0.0,
    "ประเทศไทย": 0.0,
}


def test_fits_are_the_bytes_by_token_that_stand_in_tokens_of_more_than_one_letter(
    embedder, reference
):
    spans = [[Span(0, len(text))] for text in FITS]
    for each in (embedder, reference):
        assert each.embed_sentences(list(FITS), spans).fits == pytest.approx(list(FITS.values()))


def test_the_fit_falls_with_how_foreign_a_language_is(embedder, reference, tiny):
    texts = [
        "The committee elected a new chairman and decided on the water supply of the city.",
        "Der Ausschuss wählte einen neuen Vorsitzenden und beschloss die Wasserversorgung.",
        "Komite yeni bir başkan seçti ve şehrin su temini konusunda karar verdi.",
        "Комитет избрал нового председателя и решил вопрос о водоснабжении города.",
    ]
    spans = [[Span(0, len(text))] for text in texts]
    for each in (embedder, reference):
        fits = each.embed_sentences(texts, spans).fits
        assert fits == sorted(fits, reverse=True)
        assert fits[0] > LEARNT_FIT > fits[1] > fits[2]
        assert fits[3] < FOREIGN_FIT
    one, other = (each.embed_sentences(texts, spans).fits for each in tiny)
    assert one == pytest.approx(other)


def test_nothing_gives_empty_arrays(embedder, reference):
    for each in (embedder, reference):
        embedded = each.embed_sentences([], [])
        assert embedded.passages.shape == (0, 384)
        assert (embedded.sentences, embedded.fits) == ([], [])
        embedded = each.embed_sentences(["A text without a sentence."], [[]])
        assert [part.shape for part in embedded.sentences] == [(0, 384)]


def test_a_part_is_what_there_is_of_some_passages():
    vectors = np.eye(3, dtype=np.float32)
    embedded = Embedded(vectors, [vectors[:1], vectors[:0], vectors], [4.0, 5.0, 6.0])
    part = embedded.part(1, 3)
    assert part.passages.tolist() == vectors[1:].tolist()
    assert [len(each) for each in part.sentences] == [0, 3]
    assert part.fits == [5.0, 6.0]

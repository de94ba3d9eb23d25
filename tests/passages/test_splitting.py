"""The invariants that every citation rests on, on arbitrary text with the real tokenizer."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qa.embedding import Embedder
from qa.parsing.base import TextBuilder
from qa.passages import Splitter
from qa.types import Document, Passage, Section
from tests.conftest import SEED

PIECES = ["Mr. Smith met Dr. Jones.", "Why?", "\n\n", "\r\n", "word", "x" * 500, "日本語の文です。"]
PIECES += ["Ağdam", "e\u0301", "🙂👩\u200d👧", "..."]
text_like = st.one_of(
    st.text(max_size=2000),
    st.lists(
        st.sampled_from([*"。\u200f\x00\u2028\t \n", *PIECES]),
        max_size=400,
    ).map("".join),
)


def make_document(
    text: str, structure: tuple[Section, ...] | None = None, title: str = "T", stated: bool = True
) -> Document:
    structure = structure if structure is not None else (Section(0, 0, len(text)),)
    return Document("d", ("d.txt",), title, None, "text/plain", "", text, structure, stated)


def check_invariants(
    document: Document, passages: list[Passage], splitter: Splitter, embedder: Embedder
) -> None:
    covered = bytearray(len(document.text))
    last = 0
    for passage in passages:
        assert document.text[passage.start : passage.end] == passage.text
        assert passage.text == passage.text.strip()
        assert passage.start >= last, "passages are in order and don't overlap"
        last = passage.end
        covered[passage.start : passage.end] = b"\x01" * (passage.end - passage.start)
        for span in passage.sentences:
            assert span.slice(passage.text).strip() == span.slice(passage.text) != ""
    assert all(c.isspace() or covered[i] for i, c in enumerate(document.text))
    embedded = [splitter.embedded_text(document, passage) for passage in passages]
    for texts in ([p.text for p in passages], embedded):
        assert max(embedder.count_tokens(texts), default=0) <= embedder.max_tokens


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=text_like, target=st.sampled_from([16, 128, 10_000]))
@example(text="x" * 20_000, target=128)
@example(text="word " * 5_000, target=128)
@example(text="🙂" * 3_000, target=128)
@example(text="ﷺ" * 300, target=128)
def test_passages_are_exact_complete_and_within_the_limit(text, target, embedder):
    splitter = Splitter(embedder.count_tokens, embedder.max_tokens, target)
    document = make_document(text)
    check_invariants(document, splitter.split(document), splitter, embedder)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    blocks=st.lists(st.tuples(st.integers(0, 6), st.text(max_size=300)), max_size=20),
    title=st.text(max_size=400),
)
def test_structured_documents_keep_the_invariants(blocks, title, embedder):
    builder = TextBuilder()
    for level, text in blocks:
        builder.heading(level, text) if level else builder.block(text)
    text, structure = builder.build()
    splitter = Splitter(embedder.count_tokens, embedder.max_tokens)
    document = make_document(text, structure, title)
    passages = splitter.split(document)
    check_invariants(document, passages, splitter, embedder)
    for passage in passages:
        section = next(s for s in structure if s.start <= passage.start and passage.end <= s.end)
        assert passage.heading == section.heading


def test_a_passage_is_never_cut_within_a_sentence(embedder):
    document = make_document(SEED.read_text(encoding="utf-8"), stated=False)
    passages = Splitter(embedder.count_tokens, embedder.max_tokens, 48).split(document)
    assert len(passages) > 8
    for passage in passages:
        assert passage.text[-1] == "."
        assert passage.text[0].isupper() or passage.text.startswith("date 2023")


def test_paragraphs_stay_whole_where_they_fit_and_small_ones_share_a_passage(embedder):
    small = "A short paragraph stands here."
    large = "The board met again on Monday to speak of the budget for the coming year. " * 8
    document = make_document(f"{small}\n\n{small}\n\n{large}\n\n{small * 5}")
    passages = Splitter(embedder.count_tokens, embedder.max_tokens).split(document)
    assert [p.text for p in passages] == [f"{small}\n\n{small}", large.strip(), small * 5]
    assert max(embedder.count_tokens([p.text for p in passages])) <= 128


def test_a_long_paragraph_is_cut_into_pieces_of_about_equal_size(embedder):
    sentence = "The board met again on Monday to speak of the budget for the coming year. "
    passages = Splitter(embedder.count_tokens, embedder.max_tokens).split(
        make_document(sentence * 22)
    )
    sizes = embedder.count_tokens([p.text for p in passages])
    assert len(sizes) == 3
    assert max(sizes) - min(sizes) <= 32


def test_the_heading_leads_its_section_but_is_no_sentence_of_it(embedder):
    builder = TextBuilder()
    builder.heading(1, "Handbook")
    builder.heading(2, "Leave")
    builder.block("Staff get 25 days.")
    text, structure = builder.build()
    document = make_document(text, structure, title="Staff rules")
    splitter = Splitter(embedder.count_tokens, embedder.max_tokens)
    (passage,) = splitter.split(document)
    assert passage.text == "Handbook\n\nLeave\n\nStaff get 25 days."
    assert passage.heading == ("Handbook", "Leave")
    assert [span.slice(passage.text) for span in passage.sentences] == ["Staff get 25 days."]
    assert splitter.embedded_text(document, passage).startswith("Staff rules\n")


def test_what_is_embedded_carries_stated_titles_and_what_is_quoted_never_does(embedder):
    splitter = Splitter(embedder.count_tokens, embedder.max_tokens)
    text = "Staff get 25 days."
    for stated in (True, False):
        document = make_document(text, title="Handbook", stated=stated)
        (passage,) = splitter.split(document)
        assert passage.text == text
        expected = "Handbook\nStaff get 25 days." if stated else text
        assert splitter.embedded_text(document, passage) == expected


@pytest.mark.parametrize(
    "text",
    ["lorem ipsum dolor " * 110_000, "x" * 2_000_000, "One line. " * 200_000],
    ids=["no sentence end", "no space", "one line"],
)
def test_two_megabytes_without_structure_take_seconds(text, embedder):
    splitter = Splitter(embedder.count_tokens, embedder.max_tokens)
    started = time.perf_counter()
    passages = splitter.split(make_document(text))
    assert time.perf_counter() - started < 20
    assert sum(len(p.text) for p in passages) > 0.98 * len(text.strip())
    assert max(len(p.text) for p in passages) < 10_000


def test_a_document_of_very_many_short_lines_is_cut_in_seconds(embedder):
    text = "\n\n".join(f"{number % 10}" for number in range(100_000))
    splitter = Splitter(embedder.count_tokens, embedder.max_tokens)
    began = time.perf_counter()
    passages = splitter.split(make_document(text))
    assert time.perf_counter() - began < 8
    assert sum(passage.text.count("9") for passage in passages) == 10_000

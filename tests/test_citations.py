"""What a citation quotes stands in the document's text where it says, and so do its neighbours."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.passages import Splitter
from qa.types import SURROUNDINGS, cite
from tests.passages.test_splitting import make_document, text_like


def check_resolves(citation: dict[str, Any], text: str) -> None:
    """That both selectors of a citation's JSON mean the same place in the document's text."""
    position, quote = citation["selector"]
    assert position["type"] == "TextPositionSelector"
    assert quote["type"] == "TextQuoteSelector"
    start, end = position["start"], position["end"]
    assert (start, end) == (citation["start"], citation["end"])
    assert text[start:end] == quote["exact"] != ""
    assert quote["prefix"] == text[max(0, start - SURROUNDINGS) : start]
    assert quote["suffix"] == text[end : end + SURROUNDINGS]


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=text_like, target=st.sampled_from([16, 128]))
def test_every_passage_and_sentence_resolves_in_its_documents_text(text, target, embedder):
    document = make_document(text)
    splitter = Splitter(embedder.count_tokens, embedder.max_tokens, target)
    for passage in splitter.split(document):
        check_resolves(cite(document, passage).to_dict(), text)
        for sentence in passage.sentences:
            check_resolves(cite(document, passage, sentence).to_dict(), text)


def test_every_citation_of_an_answer_resolves_in_the_stored_text(bot, tmp_path):
    (tmp_path / "docs" / "a.md").write_text(
        "# Häfen 🙂\n\nThe harbour of Larvik was built in 1887 by Ingrid Solberg. Forty men worked "
        "there.\n\n" + "It rains in Bergen. " * 200 + "\n\nShips came, 🙂 from Denmark.\n"
    )
    (tmp_path / "docs" / "b.txt").write_text("The harbour of Larvik was built in 1887.")
    bot.ingest()
    answer = bot.ask("When was the harbour of Larvik built?").to_dict()
    cited = [answer["answer"]["citation"]]
    cited += [passage["source"] for passage in answer["passages"]]
    cited += [other for passage in answer["passages"] for other in passage["also"]]
    assert len(cited) > 3
    for citation in cited:
        check_resolves(citation, bot.library.text(citation["document_id"]))

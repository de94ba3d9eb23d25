"""Answers that a language model writes, on the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DOCUMENTS, NewPage, Serve, ask
from tests.browser.test_appearance import check as assert_accessible
from tests.language_model_server import LanguageModelServer, language_model_server, says, sends

TRUE = "The lighthouse on the cape is kept by Ann Berg"
FALSE = "Carl Doe keeps it since 1950"


@pytest.fixture
def model() -> Iterator[LanguageModelServer]:
    with language_model_server() as running:
        yield running


@pytest.fixture
def page(model: LanguageModelServer, serve: Serve, new_page: NewPage) -> Page:
    return new_page(serve(DOCUMENTS, QA_LLM_BASE_URL=model.url, QA_LLM_MODEL="small-one"))


def test_the_page_says_who_writes(page: Page, model: LanguageModelServer):
    host = model.url.removeprefix("http://").removesuffix("/v1")
    expect(page.locator("#writer")).to_contain_text(f"written by small-one at {host}")


def test_sentences_are_shown_with_their_sources_and_the_unsupported_marked(page, model):
    model.script = [says(f"{TRUE} [1]. {FALSE} [1].")]
    ask(page, "Who keeps the lighthouse?")
    said = page.locator(".turn .sentence")
    expect(said).to_contain_text(TRUE)
    expect(said.locator(".unsupported")).to_have_count(1)
    expect(said.locator(".unsupported")).to_contain_text(FALSE)
    expect(said.locator(".mark")).to_have_text("not in the documents")
    expect(page.locator(".sure")).to_have_text("written by small-one, checked")
    said.locator(".cite").first.click()
    expect(page.locator("#source mark").first).to_contain_text("Ann Berg")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert_accessible(page)


def test_a_conversation_is_shown_again_as_it_was(page, model):
    model.script = [says(f"{TRUE} [1]. {FALSE} [1].")]
    ask(page, "Who keeps the lighthouse?")
    expect(page.locator(".mark")).to_be_visible()
    page.reload()
    expect(page.locator(".turn .sentence .unsupported")).to_contain_text(FALSE)
    expect(page.locator(".turn .sentence .cite")).to_have_count(2)


def test_a_language_model_that_fails_is_a_notice_under_the_quoted_answer(page, model):
    model.script = [sends(500)]
    ask(page, "Who keeps the lighthouse?")
    expect(page.locator(".turn .sentence")).to_contain_text("Ann Berg")
    expect(page.locator(".turn .notice")).to_contain_text("language model")
    assert_accessible(page)


def test_what_it_writes_never_becomes_markup(page, model):
    model.script = [
        says(f"{TRUE} [1]. <img src=x onerror=alert(1)> [a](javascript:alert(1)) ![x](//e.example)")
    ]
    ask(page, "Who keeps the lighthouse?")
    expect(page.locator(".turn .sentence")).to_contain_text(TRUE)
    expect(page.locator(".turn .answer :is(img, a, script)")).to_have_count(0)


def test_the_history_tells_the_passages(page, model):
    model.script = [says(f"{TRUE} [1].")]
    ask(page, "Who keeps the lighthouse?")
    model.script = [says("When was the lighthouse built?"), says("It was built in 1888 [1].")]
    with page.expect_request("**/ask/stream") as sent:
        ask(page, "When was it built?")
    (turn,) = sent.value.post_data_json["history"]
    assert turn["answer"] == f"{TRUE} [1]."
    assert "1888" in turn["passage"]
    expect(page.locator(".searched").last).to_have_text(
        "searching for: When was the lighthouse built?"
    )

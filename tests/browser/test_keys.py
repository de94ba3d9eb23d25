"""Where the store has an API key, the page asks for it."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from tests.browser.conftest import DOCUMENTS, NewPage, Serve, Watched, ask
from tests.conftest import RunQA


def give_key(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Use this key").click()


def test_the_page_asks_for_a_key_until_it_has_a_valid_one_and_then_uses_it(
    serve: Serve, new_page: NewPage, watched: Watched, qa: RunQA
):
    watched.expected = ["401"]
    key = json.loads(qa("keys", "create", "page", "--json").stdout)["key"]
    page = new_page(serve(DOCUMENTS))
    expect(page.locator("#key-dialog")).to_be_visible()
    give_key(page, "wrong")
    expect(page.locator("#key-why")).to_contain_text("isn’t valid")
    give_key(page, key)
    expect(page.locator("#counts")).to_contain_text("4 documents")
    ask(page, "Who keeps the lighthouse?")
    page.click(".cite")
    expect(page.locator(".hit mark")).to_contain_text("Ann Berg")
    with page.expect_download() as download:
        page.get_by_role("button", name="Original").click()
    assert download.value.suggested_filename == "light.txt"
    page.reload()
    expect(page.locator("#counts")).to_contain_text("4 documents")
    expect(page.locator("#key-dialog")).to_be_hidden()
    assert page.evaluate("JSON.stringify(localStorage)").find(key) < 0


def test_who_has_no_key_is_told_so(serve: Serve, new_page: NewPage, watched: Watched, qa: RunQA):
    watched.expected = ["401"]
    assert qa("keys", "create", "page").returncode == 0
    page = new_page(serve(DOCUMENTS))
    page.get_by_role("button", name="Not now").click()
    expect(page.locator("#counts")).to_contain_text("key")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#key-dialog")).to_be_visible()

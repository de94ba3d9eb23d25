"""Conversations, which this browser keeps."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import SEED_QUESTION, ask


def test_a_conversation_is_there_after_the_page_is_loaded_again(page: Page):
    ask(page, SEED_QUESTION)
    ask(page, "Who keeps the lighthouse?")
    page.reload()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn .sentence").first).to_contain_text("Shusha")
    page.locator(".cite").first.click()
    expect(page.locator(".hit mark")).to_contain_text("Shusha")


def test_conversations_are_listed_chosen_renamed_and_deleted(page: Page):
    ask(page, SEED_QUESTION)
    page.click("#new")
    expect(page.locator("#empty")).to_be_visible()
    ask(page, "Who keeps the lighthouse?")
    expect(page.locator(".choose")).to_have_text(["Who keeps the lighthouse?", SEED_QUESTION])
    page.locator(".choose").nth(1).click()
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator(".turn h2")).to_have_text(SEED_QUESTION)
    page.locator(".conversation").nth(1).hover()
    page.get_by_role("button", name=f"Rename {SEED_QUESTION}").click()
    page.keyboard.type("Capital")
    page.keyboard.press("Enter")
    expect(page.locator(".choose[aria-current]")).to_have_text("Capital")
    expect(page.locator("#title")).to_have_text("Capital")
    page.locator(".conversation").first.hover()
    page.get_by_role("button", name="Delete Capital").click()
    page.locator("#confirm-yes").click()
    expect(page.locator(".choose")).to_have_text(["Who keeps the lighthouse?"])
    expect(page.locator("#empty")).to_be_visible()
    page.click("#clear")
    page.locator("#confirm-yes").click()
    expect(page.locator(".choose")).to_have_count(0)
    page.reload()
    expect(page.locator("#empty")).to_be_visible()


def test_what_does_not_fit_any_more_makes_the_oldest_go(page: Page):
    ask(page, SEED_QUESTION)
    page.evaluate(
        """() => { for (let n = 0; n < 60; n++) localStorage.setItem("qa.conversation.x" + n,
          JSON.stringify({id: "x" + n, title: "old " + n, changed: n, turns: []})); }"""
    )
    page.click("#new")
    ask(page, "Who keeps the lighthouse?")
    expect(page.locator(".choose")).to_have_count(50)
    expect(page.locator(".choose").nth(0)).to_have_text("Who keeps the lighthouse?")
    expect(page.locator(".choose").nth(1)).to_have_text(SEED_QUESTION)
    expect(page.locator(".choose").last).to_have_text("old 12")


def test_a_full_storage_is_made_room_in(page: Page):
    page.evaluate(
        """() => {
          for (let n = 0; n < 2; n++) localStorage.setItem("qa.conversation.x" + n, JSON.stringify(
            {id: "x" + n, title: "old " + n, changed: n, turns: ["x".repeat(9e5)]}));
          for (let size = 4e6; size > 50; size /= 2) {  // as full as it gets
            try { localStorage.setItem("other." + size, "x".repeat(size)); } catch {}
          } }"""
    )
    ask(page, SEED_QUESTION)
    page.reload()
    expect(page.locator(".turn .sentence")).to_contain_text("Shusha")
    titles = page.locator(".choose").all_inner_texts()
    assert titles[0] == SEED_QUESTION
    assert "old 0" not in titles


def test_a_broken_entry_harms_nothing(page: Page):
    page.evaluate(
        """() => { localStorage.setItem("qa.conversation.x", "{half");
          localStorage.setItem("qa.conversation.y", '{"id": 7}');
          localStorage.setItem("qa.current", "x"); }"""
    )
    page.reload()
    expect(page.locator("#empty")).to_be_visible()
    ask(page, SEED_QUESTION)
    expect(page.locator(".choose")).to_have_count(1)


def test_a_conversation_can_be_had_as_markdown(page: Page, tmp_path: Path):
    ask(page, "Who keeps the *lighthouse*? [x](http://evil.example) <b>")
    with page.expect_download() as download:
        page.click("#export")
    assert download.value.suggested_filename.startswith("who-keeps-the-lighthouse")
    download.value.save_as(tmp_path / "out.md")
    text = (tmp_path / "out.md").read_text(encoding="utf-8")
    assert "## Who keeps the \\*lighthouse\\*? \\[x\\]\\(http\\://evil.example\\) \\<b\\>" in text
    assert "The lighthouse on the cape is kept by Ann Berg" in text
    assert "light.txt" in text
    from markdown_it import MarkdownIt

    html = MarkdownIt("commonmark", {"linkify": True}).render(text)
    assert "<a" not in html
    assert "<b>" not in html
    assert "http://evil.example" in html

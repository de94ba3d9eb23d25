"""Everything without a mouse."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import SEED_QUESTION


def test_ask_open_the_citation_go_to_the_next_passage_and_close(page: Page):
    keyboard = page.keyboard
    keyboard.type(SEED_QUESTION)
    keyboard.press("Enter")
    page.locator(".cite").wait_for()
    keyboard.press("Escape")
    expect(page.locator(".turn")).to_be_focused()
    keyboard.press("Tab")
    expect(page.locator(".cite")).to_be_focused()
    keyboard.press("Enter")
    expect(page.locator(".hit mark")).to_contain_text("Shusha")
    expect(page.locator("#source")).to_be_focused()
    first = page.locator(".hit").inner_text()
    keyboard.press("j")
    expect(page.locator(".hit")).not_to_have_text(first)
    expect(page.locator(".passage.shown .number")).to_have_text("2")
    keyboard.press("k")
    expect(page.locator(".hit mark")).to_contain_text("Shusha")
    keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    expect(page.locator(".cite")).to_be_focused()
    keyboard.press("j")
    expect(page.locator(".passage .open").nth(0)).to_be_focused()
    keyboard.press("ArrowDown")
    expect(page.locator(".passage .open").nth(1)).to_be_focused()
    keyboard.press("ArrowUp")
    expect(page.locator(".passage .open").nth(0)).to_be_focused()
    keyboard.press("/")
    expect(page.locator("#question")).to_be_focused()
    assert page.input_value("#question") == ""


def test_shortcuts_are_shown_and_closed(page: Page):
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-dialog")).to_be_hidden()


def test_keys_that_are_typed_into_a_field_are_text(page: Page):
    page.keyboard.type("jk/?")
    assert page.input_value("#question") == "jk/?"


def test_the_first_thing_to_tab_to_skips_to_the_question(page: Page):
    page.focus("#new")
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_be_focused()


def test_every_control_shows_when_it_has_the_focus(page: Page):
    page.keyboard.press("Escape")
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            """() => document.activeElement.matches("body, textarea")
              || getComputedStyle(document.activeElement).outlineStyle !== "none" """
        )
        assert outline, page.evaluate("document.activeElement.outerHTML")

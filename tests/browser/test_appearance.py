"""Light, dark, narrow, and what axe says of each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import SEED_QUESTION, NewPage, ask, in_view

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def background(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def brightness(page: Page) -> int:
    return sum(int(part) for part in background(page)[4:-1].split(","))


def test_it_is_light_or_dark_as_the_system_is(library: str, new_page: NewPage):
    assert brightness(new_page(library, color_scheme="light")) > 700
    assert brightness(new_page(library, color_scheme="dark")) < 150


def test_the_other_colours_can_be_chosen_and_stay_chosen(library: str, new_page: NewPage):
    page = new_page(library, color_scheme="light")
    page.get_by_role("button", name="Change to dark colours").click()
    assert brightness(page) < 150
    page.reload()
    assert brightness(page) < 150
    page.get_by_role("button", name="Change to light colours").click()
    assert brightness(page) > 700


def width_beyond(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_at_phone_width_nothing_is_wider_and_the_source_lies_over_the_chat(
    library: str, new_page: NewPage
):
    page = new_page(library, **PHONE)
    assert width_beyond(page) <= 0
    ask(page, SEED_QUESTION)
    assert width_beyond(page) <= 0
    page.tap(".cite")
    expect(page.locator(".hit mark")).to_contain_text("Shusha")
    assert in_view(page, ".hit mark")
    assert page.locator("#source").bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 740}
    assert width_beyond(page) <= 0
    page.get_by_role("button", name="Close the source").tap()
    expect(page.locator(".cite")).to_be_visible()
    page.tap("#side-open")
    expect(page.locator("#new")).to_be_in_viewport()
    page.tap("#side-close")
    page.tap("#filter")
    expect(page.locator("#filters")).to_be_visible()
    assert width_beyond(page) <= 0


def nothing(page: Page) -> None:
    page.locator("#suggestions button").first.wait_for()


def with_answer(page: Page) -> None:
    ask(page, SEED_QUESTION)


def with_no_answer(page: Page) -> None:
    ask(page, "What is the annual budget of the Ministry of Health?")


def with_source(page: Page) -> None:
    ask(page, SEED_QUESTION)
    page.click(".cite")
    page.locator(".hit mark").wait_for()


def with_filters(page: Page) -> None:
    page.click("#filter")
    page.locator(".picker input").first.check()
    page.locator(".chip").wait_for()


def with_feedback(page: Page) -> None:
    ask(page, SEED_QUESTION)
    page.get_by_role("button", name="This is wrong").click()
    page.locator(".expected").wait_for()


def with_conversations(page: Page) -> None:
    ask(page, SEED_QUESTION)
    page.locator(".conversation").hover()


def with_shortcuts(page: Page) -> None:
    page.click("#shortcuts")


STATES = [
    nothing, with_answer, with_no_answer, with_source, with_filters, with_feedback,
    with_conversations, with_shortcuts,
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(
    state: Callable[[Page], None], scheme: str, library: str, new_page: NewPage
):
    page = new_page(library, color_scheme=scheme, bypass_csp=True)
    state(page)
    check(page)


@pytest.mark.parametrize("state", [nothing, with_answer, with_source, with_filters])
def test_axe_finds_nothing_on_a_phone(
    state: Callable[[Page], None], library: str, new_page: NewPage
):
    page = new_page(library, bypass_csp=True, **PHONE)
    state(page)
    check(page)


def check(page: Page) -> None:
    """Fails with axe's own words. Its best practices count as well as WCAG's rules."""
    page.wait_for_timeout(250)  # a colour that is still changing is measured wrongly
    found = Axe().run(page)
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()

"""A document does nothing to the page that shows it."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, Serve, ask

NASTY = """The secret password is <img src="http://evil.example/x.png" onerror="window.pwned='i'">
<script>window.pwned = 'text'; alert(1)</script> swordfish [click](javascript:window.pwned='link')
![pixel](http://evil.example/pixel.png) <a href="javascript:window.pwned='a'">here</a>
<svg onload="window.pwned='svg'"></svg> "><iframe src="javascript:window.pwned='frame'"></iframe>.
"""
# Markdown takes markup out, but what is written as code or with entities is text.
MARKDOWN = """---
title: "<script>window.pwned = 'title'</script><b>Title</b>"
date: 2024-03-01
---

# `<img src=x onerror="window.pwned='heading'">` Heading

The secret password is &lt;script&gt;window.pwned='entity'&lt;/script&gt; herring.
"""
HEADING = "<img src=x onerror=\"window.pwned='heading'\"> Heading"
NAME = "<img src=x onerror=window.pwned='name'>.txt"


def test_markup_in_title_heading_text_and_file_name_is_shown_and_does_nothing(
    serve: Serve, new_page: NewPage
):
    address = serve({NAME: NASTY, "other.md": MARKDOWN})
    page = new_page(address)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    ask(page, "What is the secret password?")
    shown = page.locator(".turn").inner_text()
    assert "<script>window.pwned = 'text'; alert(1)</script>" in shown
    assert "[click](javascript:window.pwned='link')" in shown
    assert "<script>window.pwned='entity'</script> herring" in shown
    assert "<script>window.pwned = 'title'</script><b>Title</b>" in shown
    assert HEADING in shown
    assert NAME in shown
    page.locator(".passage", has_text=NAME).locator(".open").first.click()
    expect(page.locator(".document")).to_contain_text("onerror=\"window.pwned='i'\"")
    expect(page.locator("#source .path")).to_contain_text(NAME)
    page.get_by_role("button", name="Close the source").click()
    page.locator(".passage", has_text="other.md").locator(".open").first.click()
    expect(page.locator(".document")).to_contain_text("herring")
    expect(page.locator("#source .meta")).to_contain_text(HEADING)
    page.click("#filter")
    page.locator(".picker label", has_text=NAME).click()
    expect(page.locator(".chip")).to_have_count(1)
    ask(page, "What is the secret password?")
    assert_untouched(page, requested)
    page.reload()
    page.locator(".passage").first.wait_for()
    assert_untouched(page, requested)


def test_markup_in_a_question_and_in_a_title_of_a_conversation_does_nothing(page: Page):
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    question = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>?"
    ask(page, question)
    expect(page.locator(".turn h2")).to_have_text(question)
    expect(page.locator(".choose")).to_have_text(question)
    assert_untouched(page, requested)


def assert_untouched(page: Page, requested: list[str]) -> None:
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None
    inserted = page.locator("main, aside, nav").locator("script, iframe, img[onerror], a, b")
    assert [element.get_attribute("class") for element in inserted.all()] in ([], ["quiet"])
    known = ("/", "/ask", "/page", "/documents", "/about", "/feedback")
    strange = [url for url in requested if not urlsplit(url).path.startswith(known)]
    assert strange == []
    assert not any("evil" in url or urlsplit(url).path == "/x" for url in requested)

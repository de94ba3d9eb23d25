from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SEED_QUESTION, Watched, answer, ask, in_view


def test_the_citation_of_the_seed_question_shows_shusha_marked_in_its_source(
    page: Page,
):
    ask(page, SEED_QUESTION)
    assert "Shusha" in answer(page)
    expect(page.locator(".cite")).to_have_text(["1"])
    page.click(".cite")
    mark = page.locator("#source .hit mark")
    expect(mark).to_contain_text("Shusha")
    assert in_view(page, "#source .hit mark")
    expect(page.locator("#source .source-title")).to_contain_text("Minister of Foreign Affairs")
    expect(page.locator("#source .meta")).to_contain_text("3 Oct 2023")
    expect(page.locator("#source")).to_contain_text("Passage 2 of 5")


def test_passages_say_where_they_stand_how_well_they_match_and_mark_the_sentence(page: Page):
    ask(page, SEED_QUESTION)
    first = page.locator(".passage").first
    expect(first.locator(".meta")).to_contain_text("strong match")
    expect(first.locator(".meta")).to_contain_text("3 Oct 2023")
    expect(first.locator(".meta")).to_contain_text("000_848ef6e4a8e0730e.txt")
    expect(first.locator("mark")).to_contain_text("Shusha")
    assert page.locator(".passage").count() == 5
    assert "weak match" in page.locator(".passage").last.inner_text()


def test_a_long_passage_is_shown_around_its_sentence_until_all_of_it_is_wanted(page: Page):
    ask(page, SEED_QUESTION)
    quote = page.locator(".passage .text").first
    short = quote.inner_text()
    assert short.startswith("…")
    page.locator(".passage .more").first.click()
    assert quote.inner_text().startswith("Bayramov, noting that")
    page.locator(".passage .more").first.click()
    assert quote.inner_text() == short


def test_an_example_question_is_asked_by_a_click_and_answered(page: Page):
    example = page.locator("#suggestions button").first
    question = example.inner_text()
    example.click()
    page.locator(".turn .cite").first.wait_for()
    expect(page.locator(".turn h2")).to_have_text(question)


def test_the_empty_page_says_how_much_there_is(page: Page):
    expect(page.locator("#counts")).to_have_text("5 documents · 9 passages")
    expect(page.locator("#question")).to_be_focused()


def test_a_follow_up_is_answered_from_the_conversation(page: Page):
    ask(page, "Who keeps the lighthouse?")
    ask(page, "When was it built?")
    turn = page.locator(".turn").last
    expect(turn.locator(".searched")).to_have_text(
        re.compile(r"^searching for: When was it built\? \(.*lighthouse.*\)$")
    )
    expect(turn.locator(".passage").first).to_contain_text("1888")
    page.click("#new")
    ask(page, "When was it built?")
    expect(page.locator(".passage").first).to_contain_text("1911")
    expect(page.locator(".searched")).to_be_hidden()


def test_what_the_documents_do_not_say_is_said_plainly_with_the_closest_passages(page: Page):
    ask(page, "What is the annual budget of the Ministry of Health?")
    turn = page.locator(".turn").last
    expect(turn.locator(".sentence")).to_have_text("The documents don’t say.")
    expect(turn.locator(".found h3")).to_have_text("Closest passages")
    expect(turn.locator(".cite")).to_have_count(0)
    assert "strong match" not in turn.inner_text()
    expect(page.locator("#live")).to_contain_text("The documents don’t say.")


def test_shift_and_enter_begin_a_new_line_and_enter_asks(page: Page):
    page.fill("#question", "Who keeps")
    page.press("#question", "End")
    page.press("#question", "Shift+Enter")
    page.keyboard.type("the lighthouse?")
    page.press("#question", "Enter")
    page.locator(".turn .foot").wait_for()
    assert page.locator(".turn h2").inner_text() == "Who keeps\nthe lighthouse?"


def test_a_question_that_takes_long_shows_so_and_can_be_stopped_and_asked_again(page: Page):
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/ask/stream", hold)
    page.fill("#question", SEED_QUESTION)
    page.press("#question", "Enter")
    expect(page.locator(".working")).to_be_visible()
    expect(page.locator(".turn")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#send")).to_be_hidden()
    page.click("#stop")
    expect(page.locator(".turn .problem")).to_contain_text("Stopped.")
    expect(page.locator("#question")).to_be_focused()
    page.unroute("**/ask/stream")
    page.get_by_role("button", name="Ask again").click()
    page.locator(".cite").wait_for()


def test_a_failure_is_told_and_can_be_tried_again(page: Page, watched: Watched):
    watched.expected = ["ERR_INTERNET_DISCONNECTED"]
    page.context.set_offline(True)
    page.fill("#question", SEED_QUESTION)
    page.press("#question", "Enter")
    expect(page.get_by_role("alert")).to_contain_text("The service can’t be reached")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    page.locator(".cite").wait_for()


def test_the_answer_does_not_shift_what_is_on_the_page(page: Page):
    page.evaluate(
        """() => { window.shifts = 0; new PerformanceObserver(list => {
          for (const entry of list.getEntries())
            if (!entry.hadRecentInput) window.shifts += entry.value;
        }).observe({type: "layout-shift", buffered: true}); }"""
    )
    ask(page, SEED_QUESTION)
    page.wait_for_timeout(700)
    assert page.evaluate("window.shifts") < 0.05

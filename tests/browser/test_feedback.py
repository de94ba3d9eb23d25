"""Thumbs land in a file that `qa evaluate` can ask."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import DOCUMENTS, NewPage, Serve, ask
from tests.conftest import RunQA

KEEPER = "The lighthouse on the cape is kept by Ann Berg, who lives there with her two dogs."
NOT_SAID = "What is the annual budget of the Ministry of Health?"


def records(folder: Path, name: str = "feedback.jsonl") -> list[dict]:
    path = folder / "vectors" / name
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def thumb(page: Page, name: str) -> None:
    page.locator(".turn").last.get_by_role("button", name=name).click()


def test_thumbs_are_written_and_can_be_evaluated(
    serve: Serve, new_page: NewPage, tmp_path: Path, qa: RunQA
):
    page = new_page(serve(DOCUMENTS))
    ask(page, "Who keeps the lighthouse?")
    thumb(page, "This is right")
    expect(page.locator("#toast")).to_have_text("Thank you, that is noted")
    ask(page, "When was it built?")
    thumb(page, "This is wrong")
    page.get_by_label("What should it have said?").fill("1888")
    page.keyboard.press("Enter")
    expect(page.locator(".expected")).to_have_count(0)
    ask(page, NOT_SAID)
    thumb(page, "This is right")
    expect(page.locator(".turn").last.locator("[aria-pressed=true]")).to_have_count(1)
    ask(page, "Where does the town hall stand?")
    thumb(page, "This is wrong")
    page.locator(".expected").wait_for()
    lighthouse, built, budget = records(tmp_path)
    assert lighthouse["answers"] == [KEEPER]
    assert lighthouse["sources"][0]["start"] == 0
    assert built["question"].startswith("When was it built? (lighthouse, ")
    assert "1888" not in built["question"]
    assert built["answers"] == ["1888"]
    assert (budget["question"], budget["answers"]) == (NOT_SAID, [])
    (review,) = records(tmp_path, "feedback-review.jsonl")
    assert review["verdict"] == "down"
    run = qa("evaluate", tmp_path / "vectors" / "feedback.jsonl", "--json", tmp_path / "r.json")
    assert run.returncode == 0, run.stderr
    page.reload()
    expect(page.locator(".thumbs [aria-pressed=true]")).to_have_count(4)


def test_of_a_question_that_is_judged_again_the_newest_verdict_stands(
    serve: Serve, new_page: NewPage, tmp_path: Path
):
    page = new_page(serve(DOCUMENTS))
    ask(page, "Who keeps the lighthouse?")
    thumb(page, "This is wrong")
    page.locator(".expected").wait_for()
    assert records(tmp_path) == []
    page.get_by_role("button", name="The documents don’t say").click()
    expect(page.locator(".expected")).to_have_count(0)
    assert [record["answers"] for record in records(tmp_path)] == [[]]
    assert records(tmp_path, "feedback-review.jsonl") == []
    thumb(page, "This is right")
    expect(page.get_by_role("button", name="This is right")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert len(records(tmp_path)) == 1
    assert records(tmp_path)[0]["answers"] == [KEEPER]


def test_no_thumbs_are_shown_where_feedback_is_off(serve: Serve, new_page: NewPage):
    page = new_page(serve(DOCUMENTS, QA_FEEDBACK="false"))
    ask(page, "Who keeps the lighthouse?")
    expect(page.locator(".thumbs")).to_have_count(0)

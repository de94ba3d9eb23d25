"""Which documents are asked, and adding some."""

from __future__ import annotations

import base64

from playwright.sync_api import Page, expect

from tests.browser.conftest import DOCUMENTS, NewPage, Serve, Watched, ask

FEE = "What is the annual fee of the harbour?"


def passages(page: Page) -> str:
    return page.locator(".turn").last.locator(".passages").inner_text()


def test_a_date_narrows_the_answer_until_its_chip_is_removed(page: Page):
    ask(page, FEE)
    assert "forty" in passages(page)
    assert "ninety" in passages(page)
    page.click("#filter")
    page.get_by_label("From", exact=True).fill("2020-01-01")
    page.keyboard.press("Escape")
    expect(page.locator(".chip")).to_have_text(["from 1 Jan 2020"])
    ask(page, FEE)
    assert "ninety" in passages(page)
    assert "forty" not in passages(page)
    page.get_by_role("button", name="Remove the filter from 1 Jan 2020").click()
    expect(page.locator("#chips")).to_be_hidden()
    ask(page, FEE)
    assert "forty" in passages(page)


def test_chosen_documents_are_the_only_ones_that_are_asked(page: Page):
    page.click("#filter")
    page.get_by_label("Only these documents").fill("minutes")
    expect(page.locator(".picker li")).to_have_count(2)
    page.get_by_role("checkbox", name="Minutes of the old board").check()
    page.get_by_label("Only these documents").fill("town hall")
    expect(page.locator(".picker li")).to_have_count(1)
    page.locator(".picker input").check()
    expect(page.locator(".chip")).to_have_count(2)
    page.keyboard.press("Escape")
    ask(page, FEE)
    assert "forty" in passages(page)
    assert "1911" in passages(page)
    assert "ninety" not in passages(page)
    assert "Shusha" not in passages(page)


def test_file_names_that_are_hard_to_quote_can_be_chosen(serve: Serve, new_page: NewPage):
    names = ['it\'s "it" | a=b.txt', "100% *.txt", "plain.txt"]
    page = new_page(serve({name: f"The fee of {n} is {n}0 euros." for n, name in enumerate(names)}))
    for name in names[:2]:
        page.click("#filter")
        page.locator(".picker label", has_text=name).click()
        page.keyboard.press("Escape")
        ask(page, "What is the fee?")
        expect(page.locator(".turn").last.locator(".passage")).to_have_count(1)
        assert name in passages(page)
        page.locator(".chip button").click()


def drop(page: Page, files: dict[str, bytes]) -> None:
    """Drops files onto the page, as a person does who drags them from a folder."""
    encoded = {name: base64.b64encode(data).decode() for name, data in files.items()}
    transfer = page.evaluate_handle(
        """files => {
          const transfer = new DataTransfer();
          for (const [name, data] of Object.entries(files)) {
            transfer.items.add(new File([Uint8Array.from(atob(data), c => c.charCodeAt(0))], name));
          }
          return transfer;
        }""",
        encoded,
    )
    page.dispatch_event("#log", "dragover", {"dataTransfer": transfer})
    expect(page.locator("#drop")).to_be_visible()
    page.dispatch_event("#log", "drop", {"dataTransfer": transfer})
    expect(page.locator("#drop")).to_be_hidden()


def test_documents_that_are_dropped_are_added_and_can_be_asked(
    serve: Serve, new_page: NewPage, watched: Watched
):
    watched.expected = ["422"]
    page = new_page(serve({"hall.txt": DOCUMENTS["hall.txt"]}, QA_UPLOADS="true"))
    page.locator("#upload").wait_for()
    drop(page, {
        "tower.md": b"# Tower\n\nThe water tower holds nine hundred tons.",
        "empty.txt": b"",
        "picture.png": b"\x89PNG",
    })  # fmt: skip
    rows = page.locator(".upload")
    expect(rows.nth(0)).to_contain_text("Added, 1 passage")
    expect(rows.nth(1)).to_have_class("upload failed")
    expect(rows.nth(2)).to_contain_text("It isn’t one of")
    expect(page.locator("#counts")).to_have_text("2 documents · 2 passages")
    ask(page, "How much does the water tower hold?")
    expect(page.locator(".passage").first).to_contain_text("nine hundred tons")
    page.get_by_role("button", name="Dismiss tower.md").click()
    expect(rows).to_have_count(2)
    drop(page, {"tower.md": b"# Tower\n\nThe water tower holds nine hundred tons."})
    expect(rows.nth(2)).to_contain_text("Already there")


def test_documents_can_be_added_by_a_button(serve: Serve, new_page: NewPage):
    page = new_page(serve({"hall.txt": DOCUMENTS["hall.txt"]}, QA_UPLOADS="true"))
    with page.expect_file_chooser() as chooser:
        page.click("#upload")
    file = {"name": "boat.txt", "mimeType": "text/plain", "buffer": b"The boat is called Ida."}
    chooser.value.set_files([file])
    expect(page.locator(".upload")).to_contain_text("Added, 1 passage")


def test_nothing_can_be_added_where_uploads_are_off(page: Page):
    page.locator("#suggestions button").first.wait_for()
    expect(page.locator("#upload")).to_be_hidden()

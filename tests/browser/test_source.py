from __future__ import annotations

import hashlib
import re
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from qa import QA
from qa.types import Document, Section
from tests.browser.conftest import SEED_QUESTION, NewPage, Serve, Watched, ask, in_view


def document_id(address: str, title: str) -> str:
    found = httpx.get(f"{address}/documents", params={"filter": f"title~{title}"}).json()
    return found["documents"][0]["document_id"]


def test_an_address_of_a_passage_opens_it_and_back_closes_it(library: str, new_page: NewPage):
    id_ = document_id(library, "Minister")
    page = new_page(library)
    ask(page, SEED_QUESTION)
    page.click(".cite")
    expect(page.locator(".hit")).to_be_visible()
    assert page.url.endswith(f"/#/documents/{id_}/passages/1")
    address = page.url
    page.go_back()
    expect(page.locator("#source")).to_be_hidden()
    page.go_forward()
    expect(page.locator(".hit mark")).to_contain_text("Shusha")
    other = new_page(address)
    expect(other.locator(".hit")).to_contain_text("Shusha")
    assert in_view(other, ".hit")


def test_a_click_on_a_passage_opens_it_and_steps_lead_through_the_document(page: Page):
    ask(page, SEED_QUESTION)
    page.locator(".passage .text").nth(0).click()
    expect(page.locator(".passage.shown")).to_have_count(1)
    expect(page.locator(".steps")).to_contain_text("Passage 2 of 5")
    page.get_by_role("button", name="Next passage of the document").click()
    expect(page.locator(".steps")).to_contain_text("Passage 3 of 5")
    page.get_by_role("button", name="Close the source").click()
    expect(page.locator("#source")).to_be_hidden()
    assert "#/documents" not in page.url


def test_a_long_text_is_loaded_as_one_scrolls(serve: Serve, new_page: NewPage):
    paragraphs = [f"Paragraph {n} says nothing of any note to anyone at all." for n in range(1000)]
    paragraphs[500] = "The silver key of the chapel lies under the third step. 🗝️"
    page = new_page(serve({"long.txt": "🜁 First.\n\n" + "\n\n".join(paragraphs) + "\n\nLast."}))
    ask(page, "Where does the silver key lie?")
    page.click(".cite")
    expect(page.locator(".hit mark")).to_contain_text("The silver key of the chapel lies under")
    assert page.locator(".hit mark").inner_text().startswith("The silver key")
    assert in_view(page, ".hit mark")
    assert "First." not in page.locator(".document").inner_text()
    for which, end in (("earlier", "0"), ("later", "1e9")):
        button = page.get_by_role("button", name=f"Load {which} text")
        for _ in range(100):
            if not button.is_visible():
                break
            page.evaluate(f"document.querySelector('.reader').scrollTop = {end}")
            page.wait_for_timeout(50)
    text = page.locator(".document").inner_text()
    assert text.startswith("🜁 First.")
    assert text.endswith("Last.")
    numbers = [int(n) for n in re.findall(r"Paragraph (\d+) says", text)]
    assert numbers == [n for n in range(1000) if n != 500]


def test_the_original_and_the_citation_can_be_had(page: Page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, SEED_QUESTION)
    page.click(".cite")
    with page.expect_download() as download:
        page.get_by_role("link", name="Original").click()
    assert download.value.suggested_filename == "000_848ef6e4a8e0730e.txt"
    page.get_by_role("button", name="Copy citation").click()
    expect(page.locator("#toast")).to_have_text("Citation copied")
    assert "Minister of Foreign Affairs" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="as Markdown").click()
    expect(page.locator("#toast")).to_have_text("Markdown copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("> Bayramov, noting")


def test_a_passage_that_is_gone_is_said_to_be(library: str, new_page: NewPage, watched: Watched):
    watched.expected = ["404"]
    page = new_page(f"{library}/#/documents/{'0' * 32}/passages/7")
    expect(page.locator("#source [role=alert]")).to_contain_text("isn’t in the store any more")


PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 500]>>endobj
4 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 500]>>endobj
trailer<</Root 1 0 R>>
"""


def test_a_pdf_is_shown_beside_the_chat_at_its_page(
    serve: Serve, new_page: NewPage, tmp_path: Path
):
    path = tmp_path / "fees.pdf"
    path.write_bytes(PDF)
    sha256 = hashlib.sha256(PDF).hexdigest()
    pages = "The lighthouse is white.\n", "The fee of the harbour is forty euros a year."
    text, first = "".join(pages), len(pages[0])
    structure = (Section(0, 0, first, (), 1), Section(first, first, len(text), (), 2))
    kind = "application/pdf"
    document = Document(sha256[:32], (str(path),), "Fees", None, kind, sha256, text, structure)
    QA.open(tmp_path / "vectors").add([document])
    page = new_page(serve({}))
    ask(page, "What is the fee of the harbour?")
    expect(page.locator(".passage .meta").first).to_contain_text("p. 2")
    page.click(".cite")
    expect(page.locator(".hit mark")).to_contain_text("forty euros")
    page.get_by_role("button", name="Pages").click()
    address = f"/documents/{sha256[:32]}/original#page=2"
    frame = page.locator("iframe.pdf")
    assert (frame.get_attribute("src") or "").startswith(address)
    page.wait_for_timeout(500)
    assert page.frames[1].url.endswith(frame.get_attribute("src") or "-")
    page.get_by_role("button", name="Pages").click()
    expect(page.locator(".hit mark")).to_be_visible()

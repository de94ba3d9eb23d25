"""Documents over HTTP: in pages, in parts, and as they were; nothing else of the machine."""

from __future__ import annotations

import hashlib
import os
from datetime import date
from pathlib import Path

import pytest

from qa.types import Document, Section
from tests.conftest import SEED

SEED_ID = hashlib.sha256(SEED.read_bytes()).hexdigest()[:32]
UNKNOWN = "0" * 32


def document_at(path: Path, text: str, media_type: str = "text/plain") -> Document:
    """A document that says it was made from the file at ``path``."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    section = Section(0, 0, len(text))
    return Document(
        sha256[:32], (str(path),), "Title", date(2023, 10, 3), media_type, sha256, text, (section,)
    )


@pytest.fixture
def one(bot, client, tmp_path):
    """The address of a document's part, and the file it is made from."""
    file = tmp_path / "docs" / "lighthouse.txt"
    file.write_text("The lighthouse stands on the northern cape.", encoding="utf-8")
    bot.ingest()
    (info,) = bot.documents()
    return f"/documents/{info.id}", file


def test_pages_make_up_all_documents_by_path(bot, client, tmp_path):
    for number in range(7):
        (tmp_path / "docs" / f"{number}.txt").write_text(f"Text {number % 5} of these.")
    bot.ingest()
    everything = client.get("/documents").json()
    paths = [info["path"] for info in everything["documents"]]
    assert paths == [str(tmp_path / "docs" / f"{number}.txt") for number in range(5)]
    assert [len(info["paths"]) for info in everything["documents"]] == [2, 2, 1, 1, 1]
    assert everything["documents"] == [info.to_dict() for info in bot.documents()]
    for limit in (1, 2, 5, 200):
        pages = [client.get("/documents", params={"offset": offset, "limit": limit}).json()
                 for offset in range(0, 6, limit)]  # fmt: skip
        assert [info for page in pages for info in page["documents"]] == everything["documents"]
        assert {(page["total"], page["limit"]) for page in pages} == {(5, limit)}


def test_pages_come_in_the_order_asked_for(bot, client, tmp_path):
    for name, text in {"a": "Long " * 9, "b": "Short", "c": "Not so long"}.items():
        (tmp_path / "docs" / f"{name}.txt").write_text(text)
    bot.ingest()

    def listed(**query: str | int) -> str:
        infos = client.get("/documents", params=query).json()["documents"]
        return "".join(Path(info["path"]).stem for info in infos)

    assert listed() == listed(sort="path", order="asc") == "abc"
    assert listed(order="desc") == "cba"
    assert listed(sort="size") == "bca"
    assert listed(sort="size", order="desc", limit=1, offset=1) == "c"


def test_a_filter_leaves_what_it_says_and_counts_it(http):
    def total(*filters: str) -> int:
        page = http.get("/documents", params={"filter": filters}).json()
        assert len(page["documents"]) == page["total"]
        return page["total"]

    assert total() == total("date=2023-10", "language=en") == 1
    assert total("date<2023") == 0


def test_a_store_that_is_empty_lists_nothing(client):
    assert client.get("/documents").json() == {
        "total": 0, "offset": 0, "limit": 50, "documents": []
    }  # fmt: skip
    assert client.get(f"/documents/{UNKNOWN}").status_code == 404


def test_a_document_says_of_itself_what_the_list_says(http):
    (listed,) = http.get("/documents").json()["documents"]
    shown = http.get(f"/documents/{listed['document_id']}").json()
    assert shown == {**listed, "original": True}
    assert shown["document_id"] == SEED_ID


@pytest.mark.parametrize("part", ["", "/text", "/passages/0", "/original"])
@pytest.mark.parametrize(
    "reference",
    [UNKNOWN, SEED_ID[:31], SEED_ID + "0", SEED_ID.upper(), "%00", "%25", "seeds", "..",
     "%2e%2e", "..%2f..%2fetc%2fpasswd", str(SEED).replace("/", "%2f"), "x" * 200],
)  # fmt: skip
def test_only_a_whole_id_is_a_document(http, reference, part):
    response = http.get(f"/documents/{reference}{part}")
    if response.status_code == 200:  # "..": the client itself goes up to the list
        assert reference == ".." and part == ""
        return
    assert response.status_code == response.json()["status"] == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_the_text_comes_in_pieces_of_the_size_that_is_asked_for(http):
    address = f"/documents/{SEED_ID}/text"
    whole = http.get(address).json()
    assert (whole["start"], whole["end"]) == (0, whole["characters"]) == (0, len(whole["text"]))
    pieces = [http.get(address, params={"start": start, "end": start + 100}).json()
              for start in range(0, whole["characters"], 100)]  # fmt: skip
    assert "".join(piece["text"] for piece in pieces) == whole["text"]
    assert all(piece["characters"] == whole["characters"] for piece in pieces)
    behind = http.get(address, params={"start": 999_999}).json()
    assert (behind["text"], behind["start"]) == ("", whole["characters"])
    assert http.get(address, params={"start": 5, "end": 4}).status_code == 400


def test_no_more_than_100_000_characters_come_at_once(bot, client, tmp_path):
    text = f"The first word.{' ' * 150_000}The last word: ☃."
    (tmp_path / "docs" / "long.txt").write_text(text, encoding="utf-8")
    bot.ingest()
    (info,) = bot.documents()
    first = client.get(f"/documents/{info.id}/text").json()
    second = client.get(f"/documents/{info.id}/text", params={"start": first["end"]}).json()
    assert (first["end"], second["end"]) == (100_000, info.characters)
    assert first["text"] + second["text"] == text


def test_an_answers_source_leads_to_its_passage_and_text(http):
    body = {"question": "What was chosen as the 2024 Cultural Capital?"}
    for ranked in http.post("/ask", json=body).json()["passages"]:
        source = ranked["source"]
        address = f"/documents/{source['document_id']}"
        passage = http.get(f"{address}/passages/{source['passage']}").json()
        assert passage["text"] == ranked["text"]
        assert passage["passage"] == source["passage"] < passage["passages"]
        assert (passage["start"], passage["end"]) == (source["start"], source["end"])
        assert set(map(str, ranked["highlights"])) <= set(map(str, passage["sentences"]))
        span = {"start": source["start"], "end": source["end"]}
        assert http.get(f"{address}/text", params=span).json()["text"] == ranked["text"]
        assert passage["document"]["title"] == source["title"]


def test_a_passage_that_is_not_there_is_a_404_that_says_how_many_there_are(http):
    problem = http.get(f"/documents/{SEED_ID}/passages/99").json()
    assert problem["status"] == 404
    assert "5 passages" in problem["detail"]


def test_the_original_comes_byte_by_byte_and_can_do_nothing(http):
    response = http.get(f"/documents/{SEED_ID}/original")
    assert response.content == SEED.read_bytes()
    assert response.headers["content-type"] == "text/plain"
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["content-disposition"].startswith("attachment; ")
    assert response.headers["x-content-type-options"] == "nosniff"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")  # who may frame it comes behind


def test_html_is_never_shown_but_saved(bot, client, tmp_path):
    page = "<title>T</title><p>The lighthouse stands on the cape.</p><script>alert(1)</script>"
    (tmp_path / "docs" / "page.html").write_text(page)
    bot.ingest()
    response = client.get(f"/documents/{bot.documents()[0].id}/original")
    assert response.text == page
    assert response.headers["content-disposition"].startswith("attachment; ")
    assert response.headers["content-security-policy"].startswith("sandbox")


def test_a_pdf_is_shown_in_the_browser(bot, client, tmp_path):
    file = tmp_path / "scan.pdf"
    file.write_bytes(b"%PDF-1.7 not really")
    bot.add([document_at(file, "What a parser read.", "application/pdf")])
    response = client.get(f"/documents/{bot.documents()[0].id}/original")
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == "inline; filename*=UTF-8''scan.pdf"


def test_a_files_name_cannot_break_out_of_its_header(bot, client, tmp_path):
    name = 'a"; filename=evil.exe\r\nX-Evil: 1 ☃.txt'
    (tmp_path / "docs" / name).write_text("The lighthouse stands on the cape.")
    bot.ingest()
    response = client.get(f"/documents/{bot.documents()[0].id}/original")
    assert "x-evil" not in response.headers
    disposition = response.headers["content-disposition"]
    assert disposition.count(";") == 1
    assert disposition.endswith("X-Evil%3A%201%20%E2%98%83.txt")


def expect_gone(client, address: str) -> None:
    response = client.get(f"{address}/original")
    assert response.status_code == 404
    assert "gone or was changed" in response.json()["detail"]
    assert client.get(address).json()["original"] is False


def test_a_file_that_changed_is_not_served(client, one):
    address, file = one
    assert client.get(f"{address}/original").content == file.read_bytes()
    file.write_text("The lighthouse fell into the sea.")
    expect_gone(client, address)
    file.unlink()
    expect_gone(client, address)


def test_a_link_put_in_a_files_place_leads_nowhere(client, one, tmp_path):
    address, file = one
    data = file.read_bytes()
    (tmp_path / "secret").write_text("A secret.")
    for target in (tmp_path / "secret", Path("/etc/passwd"), Path("/dev/zero"), tmp_path):
        file.unlink()
        file.symlink_to(target)
        expect_gone(client, address)
    (tmp_path / "same").write_bytes(data)
    file.unlink()
    file.symlink_to(tmp_path / "same")  # the same bytes are the same document
    assert client.get(f"{address}/original").content == data


def test_a_pipe_put_in_a_files_place_holds_nobody_up(client, one):
    address, file = one
    file.unlink()
    os.mkfifo(file)
    expect_gone(client, address)


def test_a_second_path_serves_where_the_first_is_gone(bot, client, one):
    address, file = one
    copy = file.with_name("a copy.txt")
    copy.write_bytes(file.read_bytes())
    bot.ingest()
    copy.write_text("Something else.")
    assert client.get(f"{address}/original").content == file.read_bytes()


def test_nothing_can_be_deleted_unless_uploads_are_on(http):
    response = http.delete(f"/documents/{SEED_ID}")
    assert response.status_code == response.json()["status"] == 403
    assert http.get(f"/documents/{SEED_ID}").status_code == 200


@pytest.mark.parametrize(
    "query",
    ["offset=-1", "limit=0", "limit=201", "offset=x", "filter=" + "x" * 501,
     "offset=99999999999999999999", "sort=colour", "order=down"],
)  # fmt: skip
def test_a_page_that_makes_no_sense_is_a_422(http, query):
    response = http.get(f"/documents?{query}")
    assert response.status_code == response.json()["status"] == 422


def test_a_malformed_filter_is_a_400(http):
    assert http.get("/documents?filter=nonsense").status_code == 400

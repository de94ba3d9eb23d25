from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from tests.http.conftest import serving

ROOT = Path(__file__).resolve().parents[2]
PAGE = files("qa.http").joinpath("page")
NAMES = sorted(entry.name for entry in PAGE.iterdir())


def test_the_page_is_served_and_names_only_files_of_its_own(server):
    response = httpx.get(f"{server[0]}/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for address in re.findall(r'(?:src|href)="([^"#][^"]*)"', response.text):
        assert address.startswith("/page/")
        assert httpx.get(f"{server[0]}{address}").status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_served_as_what_it_is_and_only_once(name: str, server):
    response = httpx.get(f"{server[0]}/page/{name}")
    kind = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg"}
    assert response.headers["content-type"].startswith(kind[name.rpartition(".")[2]])
    assert response.headers["cache-control"] == "no-cache"
    assert response.content == PAGE.joinpath(name).read_bytes()
    known = {"If-None-Match": response.headers["etag"]}
    again = httpx.get(f"{server[0]}/page/{name}", headers=known)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2Fpages.py", "%2e%2e/pages.py", "%2Fetc%2Fpasswd", "page.css%00"]
)
def test_nothing_else_is_served(name: str, server):
    response = httpx.get(f"{server[0]}/page/{name}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_the_page_is_small_and_has_no_way_to_make_text_into_markup():
    texts = {name: PAGE.joinpath(name).read_text("utf-8") for name in NAMES}
    assert sum(len(text.encode()) for text in texts.values()) < 100_000
    for name, text in texts.items():
        markup = re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|new Function"
            r"|setHTML|srcdoc|createContextualFragment|https?://(?!www\.w3\.org)",
            text,
        )
        assert markup is None or name == "markdown.js", (name, markup)
    html = texts["index.html"]
    assert not re.search(r"<style|style=|\son\w+=|<script(?! (?:src|type=\"module\" src)=)", html)


def test_the_page_is_in_the_wheel(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", tmp_path, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("qa-*.whl")
    inside = zipfile.ZipFile(wheel).namelist()
    assert {f"qa/http/page/{name}" for name in NAMES} <= set(inside)


def test_about_says_what_there_is(server):
    about = httpx.get(f"{server[0]}/about").json()
    assert (about["documents"], about["passages"]) == (1, 5)
    assert (about["uploads"], about["feedback"]) == (False, True)
    assert {".txt", ".md", ".html"} <= set(about["suffixes"])
    assert about["suggestions"]
    for question in about["suggestions"]:
        answer = httpx.post(f"{server[0]}/ask", json={"question": question}).json()
        assert answer["answered"]


def test_feedback_is_kept_beside_the_store(server):
    address, folder = server
    answer = httpx.post(f"{address}/ask", json={"question": "Who met Almalik?"}).json()["answer"]
    where = {name: answer["citation"][name] for name in ("document_id", "start", "end")}
    body = {
        "question": "Who met Almalik?", "verdict": "up", "answered": True,
        "answer": answer["text"], "source": where,
    }  # fmt: skip
    response = httpx.post(f"{address}/feedback", json=body)
    assert (response.status_code, response.content) == (204, b"")
    (line,) = (folder / "vectors" / "feedback.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["answers"] == [answer["text"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"question": "Who?", "verdict": "up"}, 422),
        ({"question": "Who?", "verdict": "perhaps", "answered": False}, 422),
        ({"question": "Who?", "verdict": "up", "answered": False, "more": 1}, 422),
        ({"question": "Who?", "verdict": "up", "answered": True}, 400),
        ({"question": "Who?", "verdict": "up", "answered": True, "answer": "   "}, 400),
        ({"question": " ", "verdict": "up", "answered": False}, 400),
        ({"question": "Who?", "verdict": "down", "answered": True, "answer": "x" * 20_001}, 422),
        ({"question": "Who?", "verdict": "up", "answered": True, "answer": "Ann",
          "source": {"document_id": "no", "start": 0, "end": 1}}, 404),
    ],
)  # fmt: skip
def test_feedback_that_makes_no_sense_is_a_problem(body: dict, status: int, server):
    response = httpx.post(f"{server[0]}/feedback", json=body)
    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == "application/problem+json"


def test_feedback_can_be_turned_off(tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "hall.txt").write_text("The town hall was built in 1911.")
    with serving(tmp_path, QA_FEEDBACK="false") as address:
        body = {"question": "Who?", "verdict": "up", "answered": False}
        assert httpx.post(f"{address}/feedback", json=body).status_code == 403
        assert httpx.get(f"{address}/about").json()["feedback"] is False
    assert not (tmp_path / "vectors" / "feedback.jsonl").exists()

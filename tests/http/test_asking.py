"""A real server process, asked by curl and httpx, must answer as the command line does."""

from __future__ import annotations

import json
import shutil
import subprocess

import httpx
import pytest

from tests.conftest import RunQA

QUESTION = "What was chosen as the 2024 Cultural Capital?"


def without_times(answer: dict) -> dict:
    """An answer as it is to be the same from two processes: figures to five digits."""
    plain = {name: value for name, value in answer.items() if name != "timings_ms"}
    return json.loads(json.dumps(plain), parse_float=lambda figure: round(float(figure), 5))


JSON = {"Content-Type": "application/json"}
BODY = {"question": QUESTION, "top_k": 3}


@pytest.fixture(scope="module")
def by_httpx(server) -> dict:
    return httpx.post(f"{server[0]}/ask", json=BODY).raise_for_status().json()


def test_httpx_and_the_command_line_get_the_same_answer(server, by_httpx, qa: RunQA):
    by_command = json.loads(qa("ask", QUESTION, "-k", "3", "--json", cwd=server[1]).stdout)
    assert "Shusha" in by_httpx["passages"][0]["text"]
    assert without_times(by_command) == without_times(by_httpx)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_curl_gets_the_same_answer(server, by_httpx):
    curl = subprocess.run(
        ["curl", "-sS", f"{server[0]}/ask", "-H", "Content-Type: application/json",
         "-d", json.dumps(BODY)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert without_times(json.loads(curl.stdout)) == without_times(by_httpx)


def test_it_listens_on_loopback_is_healthy_and_describes_itself(server):
    address, _ = server
    assert address.startswith("http://127.0.0.1:")
    assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}
    assert "/ask" in httpx.get(f"{address}/openapi.json").json()["paths"]
    assert httpx.get(f"{address}/docs").status_code == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"json": {"question": "  "}}, 400),
        ({"json": {"question": "Who?", "top_k": 0}}, 422),
        ({"json": {"question": "Who?", "nonsense": 1}}, 422),
        ({"json": {"question": "x" * 5000}}, 422),
        ({"json": {}}, 422),
        ({"json": {"question": "Who?", "filters": ["nonsense"]}}, 400),
        ({"json": {"question": "Who?", "filters": ["date>=lately"]}}, 400),
        ({"json": {"question": "Who?", "filters": ["title~" + "x" * 500]}}, 422),
        ({"json": {"question": "Who?", "filters": ["language=de"] * 21}}, 422),
        ({"json": {"question": "Who?", "filters": "language=de"}}, 422),
        ({"content": rb'{"question": "Who met \ud800?"}', "headers": JSON}, 422),
        ({"content": b"{half", "headers": JSON}, 422),
        ({"content": b"\xff\xfe", "headers": JSON}, 422),
    ],
)
def test_a_bad_request_is_a_problem(request_, status, server):
    response = httpx.post(f"{server[0]}/ask", **request_)
    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["title"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/no", 404), ("PUT", "/ask", 405)])
def test_an_unknown_address_or_method_is_a_problem(method, path, status, server):
    response = httpx.request(method, f"{server[0]}{path}")
    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == "application/problem+json"


def test_what_is_ingested_meanwhile_is_answered_without_a_restart(server, qa: RunQA, tmp_path):
    address, folder = server
    (tmp_path / "lighthouse.txt").write_text("The lighthouse stands on the northern cape.")
    assert qa("ingest", tmp_path / "lighthouse.txt", cwd=folder).returncode == 0
    body = {"question": "Where does the lighthouse stand?"}
    answer = httpx.post(f"{address}/ask", json=body).json()
    assert answer["answer"]["text"] == "The lighthouse stands on the northern cape."
    (tmp_path / "lighthouse.txt").unlink()
    assert qa("ingest", tmp_path / "lighthouse.txt", cwd=folder).returncode == 0
    assert "northern cape" not in httpx.post(f"{address}/ask", json=body).text


def test_filters_leave_what_they_say(server):
    def asked(*filters: str) -> list[dict]:
        body = BODY | {"filters": list(filters)}
        return httpx.post(f"{server[0]}/ask", json=body).raise_for_status().json()["passages"]

    assert len(asked()) == len(asked("date=2023-10", "path=seeds/*", "language=en")) == 3
    assert asked("date=2023-10", "language=de") == []
    assert asked("title~x'; DROP TABLE documents; --") == []
    assert len(asked("title!='; DROP TABLE documents; --'", "path!=%|_|[")) == 3


def test_a_malformed_filter_is_explained_and_the_schema_shows_how_it_is_done(server):
    body = {"question": "Who?", "filters": ["date>=lately"]}
    problem = httpx.post(f"{server[0]}/ask", json=body).json()
    assert "as in date>=2023-10-01" in problem["detail"]
    schemas = httpx.get(f"{server[0]}/openapi.json").json()["components"]["schemas"]
    filters = schemas["AskRequest"]["properties"]["filters"]
    assert (filters["maxItems"], filters["items"]["maxLength"]) == (20, 500)
    assert "date>=2023-10-01" in filters["examples"][0]

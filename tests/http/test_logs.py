"""The log and the traces of real servers: who, what and how long, but not what was asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from qa.keys import Keys
from tests.conftest import SEEDS
from tests.http.conftest import serving
from tests.http.raw import exchange, head

QUESTION = "Which lighthouse xylophone?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "seeds").symlink_to(SEEDS)
    return tmp_path


def lines_of(folder: Path) -> list[dict]:
    """The log's lines; all but the first few words of the command are JSON."""
    lines = (folder / "log.txt").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_a_request_is_a_line_of_json_without_what_was_asked(folder):
    key, token = Keys(folder / "vectors").create("one")
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "from-the-proxy.1"}
    with serving(folder) as address:
        asked = httpx.post(f"{address}/ask", json={"question": QUESTION}, headers=headers)
        quick = httpx.get(f"{address}/ask", params={"q": QUESTION}, headers=headers)
        unread = httpx.post(f"{address}/ask", json={"questoin": QUESTION}, headers=headers)
        missing = httpx.get(f"{address}/{QUESTION}", headers=headers)
        closed = httpx.get(f"{address}/ask", params={"q": QUESTION})
    assert asked.headers["x-request-id"] == quick.headers["x-request-id"] == "from-the-proxy.1"
    found = lines_of(folder)
    responses = [asked, quick, unread, missing, closed]
    assert [line["status"] for line in found] == [r.status_code for r in responses]
    assert [line["request_id"] for line in found] == [r.headers["x-request-id"] for r in responses]
    first = found[0]
    assert first["duration_ms"] > 0
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", first.pop("time"))
    assert first == first | {
        "level": "INFO",
        "message": "request",
        "method": "POST",
        "route": "/ask",
        "status": 200,
        "principal": key.id,
    }
    assert [line["route"] for line in found] == ["/ask", "/ask", "/ask", "", ""]
    assert found[-1]["principal"] == ""
    log = (folder / "log.txt").read_text()
    assert "lighthouse" not in log
    assert "Bayramov" not in log
    assert token.rpartition("_")[2] not in log


def test_questions_are_logged_if_that_is_wished(folder):
    with serving(folder, QA_LOG_QUESTIONS="true") as address:
        response = httpx.post(f"{address}/ask", json={"question": QUESTION})
    question, request = lines_of(folder)
    assert question["question"] == QUESTION
    assert question["request_id"] == request["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("given", ["", "x" * 129, "two words", 'a"b', "<b>", "a\tb", "ä", "a;b"])
def test_a_request_id_that_is_not_sane_is_replaced(given, server):
    request = head("GET /healthz HTTP/1.1", f"X-Request-ID: {given}", "Connection: close")
    found = re.search(rb"x-request-id: (\S*)\r\n", exchange(server[0], request))
    assert found
    assert re.fullmatch(rb"[0-9a-f]{32}", found[1])


class Collector(HTTPServer):
    """Takes traces in as a collector does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[str, bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


def test_traces_go_where_they_are_wanted_and_say_nothing_of_what_was_asked(folder, collector):
    pytest.importorskip("opentelemetry.instrumentation.asgi")
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    with serving(folder, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint) as address:
        httpx.get(f"{address}/ask", params={"q": QUESTION})
        httpx.post(f"{address}/ask", json={"question": QUESTION})
        httpx.get(f"{address}/documents/lighthouse", headers={"Authorization": "Bearer secret"})
    # What was held back is sent when the server stops.
    assert {path for path, _ in collector.received} == {"/v1/traces"}
    sent = b"".join(body for _, body in collector.received)
    assert b"GET /ask" in sent
    assert b"POST /ask" in sent
    for secret in (b"lighthouse", b"xylophone", b"secret", b"Bayramov"):
        assert secret not in sent


def test_without_an_endpoint_no_traces_are_made(folder, collector):
    with serving(folder, OTEL_TRACES_EXPORTER="otlp") as address:
        httpx.get(f"{address}/ask", params={"q": QUESTION})
    assert collector.received == []

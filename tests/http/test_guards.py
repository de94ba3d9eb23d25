"""Whatever application stands behind the guards: mounted ones, and ones that fail."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pty
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from qa import QA
from qa.http import create_app, logs
from qa.http.access import address_of
from qa.keys import Keys

Lines = Callable[[], list[dict]]


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """The application, with routes of these tests' own."""
    app = create_app(QA.open(tmp_path / "vectors"))
    inner = FastAPI()
    app.mount("/inner", inner)

    @inner.get("/who")
    @app.get("/who")
    async def who(request: Request) -> str:
        return request.state.principal

    @app.get("/fails")
    async def fails() -> None:
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise RuntimeError("which lighthouse?") from error

    @app.get("/fails-halfway")
    async def fails_halfway() -> StreamingResponse:
        async def half() -> Iterator[bytes]:
            yield b"half"
            raise RuntimeError("which lighthouse?")

        return StreamingResponse(half())

    @app.get("/original")
    async def original() -> Response:
        policy = {
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private",
        }
        return Response(b"%PDF", media_type="application/pdf", headers=policy)

    @app.post("/swallows")
    async def swallows(request: Request) -> str:
        try:
            return str(len(await request.body()))
        except Exception as error:
            return f"never mind {error}"

    return app


def ask(app: FastAPI, path: str, method: str = "GET", **options) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, **options)

    return asyncio.run(asked())


@contextmanager
def logging_to(capsys: pytest.CaptureFixture, log_questions: bool = False) -> Iterator[Lines]:
    """What is logged meanwhile, as lines of JSON."""
    loggers = [logging.getLogger(name) for name in ("qa", "uvicorn", "asyncio")]
    before = [(each, each.handlers, each.propagate, each.level) for each in loggers]
    logs.configure(log_questions)
    try:
        yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        for each, handlers, propagate, level in before:
            each.handlers, each.propagate = handlers, propagate
            each.setLevel(level)


def test_who_asks_is_the_keys_id_also_behind_a_mount(app, tmp_path):
    assert ask(app, "/who").json() == ""
    key, token = Keys(tmp_path / "vectors").create("one")
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/who", "/inner/who"):
        assert ask(app, path).status_code == 401
        assert ask(app, path, headers=headers).json() == key.id


def test_an_unexpected_failure_is_a_problem_and_a_traceback_that_quotes_nothing(app, capsys):
    with logging_to(capsys) as lines:
        response = ask(app, "/fails")
        failure, request = lines()
    assert response.status_code == response.json()["status"] == 500
    assert "lighthouse" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert failure["level"] == "ERROR"
    assert failure["request_id"] == request["request_id"] == response.headers["x-request-id"]
    assert (request["status"], request["route"]) == (500, "/fails")
    trace = failure["traceback"]
    assert "RuntimeError" in trace
    assert "in fails" in trace
    assert "No space left on device" in trace  # the system's words
    assert "RuntimeError: which" not in trace


def test_with_questions_logged_a_failure_says_all(app, capsys):
    with logging_to(capsys, log_questions=True) as lines:
        ask(app, "/fails")
        assert "RuntimeError: which lighthouse?" in lines()[0]["traceback"]


def test_on_a_terminal_the_log_is_words_and_nothing_in_it_is_acted_on(app, capsys, monkeypatch):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", terminal)
        with logging_to(capsys, log_questions=True):
            logs.logger.info("question", extra={"question": "\x1b[31mred\u202e"})
            ask(app, "/who", headers={"X-Request-ID": "one"})
        shown = os.read(ours, 100_000).decode()
    os.close(ours)
    lines = shown.splitlines()
    assert re.match(r"\d\d:\d\d:\d\d INFO question question='\\x1b\[31mred\\u202e'", lines[0])
    assert "route='/who' status=200" in lines[-1]
    assert lines[-1].endswith("request_id='one'")
    assert "\x1b" not in shown


def test_a_failure_halfway_is_logged_once(app, capsys):
    with logging_to(capsys) as lines:
        with pytest.raises(AssertionError):  # httpx's: the answer never came to its end
            ask(app, "/fails-halfway")
        assert [line["message"] for line in lines()] == ["request failed", "request"]


def test_a_routes_own_policy_wins_and_only_our_page_may_frame_it(app):
    headers = ask(app, "/original").headers
    policy = "sandbox; default-src 'none'; frame-ancestors 'self'"
    assert headers["content-security-policy"] == policy
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["cache-control"] == "private"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_body_that_is_too_large_is_refused_whatever_the_route_makes_of_it(app):
    async def endless():
        for _ in range(20):
            yield b" " * 100_000

    headers = {"Content-Type": "application/json"}
    assert ask(app, "/swallows", "POST", content=b"{}", headers=headers).json() == "2"
    response = ask(app, "/swallows", "POST", content=endless(), headers=headers)
    assert response.status_code == response.json()["status"] == 413


def test_a_damaged_file_of_keys_stops_the_start(tmp_path):
    (tmp_path / "vectors").mkdir()
    (tmp_path / "vectors" / "keys.json").write_text("[]")
    with pytest.raises(Exception, match="it is damaged"):
        create_app(QA.open(tmp_path / "vectors"))


def test_a_client_has_one_address_in_ipv4_and_one_network_in_ipv6():
    def address(client: str) -> str:
        return address_of({"client": (client, 1)})

    assert address("192.0.2.7") == "192.0.2.7"
    assert address("2001:db8::1") == address("2001:db8::ffff:1") != address("2001:db8:0:1::1")
    assert address_of({"client": None}) == ""

"""How much, how often and how slowly a client may ask, against real servers."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from qa.keys import Keys
from tests.conftest import SEEDS
from tests.http.conftest import serving
from tests.http.raw import connect, exchange, head, problem_of, read_all, read_one, status_of

SECONDS = 1.0
"""What the server gives a client."""

POST = ("POST /ask HTTP/1.1", "Content-Type: application/json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("limited")
    (folder / "seeds").symlink_to(SEEDS)
    return folder


@pytest.fixture(scope="module")
def strict(folder: Path) -> Iterator[str]:
    limits = {"QA_MAX_BODY_KB": "10", "QA_CLIENT_SECONDS": str(SECONDS), "QA_MAX_UPLOAD_MB": "0.05"}
    with serving(folder, QA_MAX_CONNECTIONS="30", **limits) as address:
        yield address


# ---------------------------------------------------------------------- how often


def test_requests_are_limited_per_key(folder, tmp_path):
    (tmp_path / "seeds").symlink_to(SEEDS)
    keys = [Keys(tmp_path / "vectors").create(name)[1] for name in ("one", "two")]
    with serving(tmp_path, QA_RATE_LIMIT="5/minute") as address:

        def asked(key: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {key}"}
            return httpx.get(f"{address}/openapi.json", headers=headers)

        responses = [asked(keys[0]) for _ in range(7)]
        assert [r.status_code for r in responses] == [200] * 5 + [429] * 2
        assert asked(keys[1]).status_code == 200
        assert [r.headers["ratelimit"].split(";")[1] for r in responses[:3]] == [
            "r=4",
            "r=3",
            "r=2",
        ]
        assert responses[0].headers["ratelimit-policy"] == '"default";q=5;w=60'
        refused = responses[-1]
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.json()["status"] == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert {httpx.get(f"{address}/healthz").status_code for _ in range(8)} == {200}


def test_a_limit_passes(folder):
    with serving(folder, QA_RATE_LIMIT="2/second") as address:
        statuses = [httpx.get(f"{address}/openapi.json").status_code for _ in range(4)]
        assert 429 in statuses
        time.sleep(1.1)
        assert httpx.get(f"{address}/openapi.json").status_code == 200


def test_on_loopback_without_keys_nothing_is_counted(strict):
    assert "ratelimit" not in httpx.get(f"{strict}/openapi.json").headers


# ---------------------------------------------------------------------- how much


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(strict):
    with connect(strict) as connection:
        connection.sendall(head(*POST, "Content-Length: 10001"))
        assert status_of(read_one(connection)) == 413


def test_a_body_that_becomes_too_large_is_refused_while_it_comes(strict):
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b" " * 1000

    json_type = {"Content-Type": "application/json"}
    response = httpx.post(f"{strict}/ask", content=endless(), headers=json_type)
    assert response.status_code == response.json()["status"] == 413
    assert "10,000 bytes" in response.json()["detail"]
    assert httpx.get(f"{strict}/healthz").status_code == 200


def test_a_body_of_just_the_limit_is_read(strict):
    body = json.dumps({"question": "Who met whom?"}).encode().ljust(10_000)
    headers = {"Content-Type": "application/json"}
    assert httpx.post(f"{strict}/ask", content=body, headers=headers).status_code == 200
    assert httpx.post(f"{strict}/ask", content=body + b" ", headers=headers).status_code == 413


def test_an_upload_has_a_limit_of_its_own(strict):
    def status(size: int, path: str) -> int:
        files = {"file": ("a.txt", b"x" * size)}
        return httpx.post(strict + path, files=files).status_code

    assert status(20_000, "/documents") not in {413, 415}
    assert status(80_000, "/documents") == 413
    assert status(100, "/ask") == 415


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "9" * 30, "1, 2", "+5"])
def test_a_length_that_is_none_is_a_problem(length, strict):
    response = exchange(strict, head(*POST, f"Content-Length: {length}", "Connection: close"))
    assert problem_of(response)["status"] in {400, 413}


def test_a_head_without_end_is_a_problem(strict):
    lines = [f"X-{n}: {'x' * 1000}" for n in range(200)]
    assert problem_of(exchange(strict, head("GET / HTTP/1.1", *lines)))["status"] == 400


def test_a_body_that_is_cut_into_no_pieces_is_a_problem(strict):
    with connect(strict) as connection:
        connection.sendall(head(*POST, "Transfer-Encoding: chunked") + b"2\r\n{}\r\nnonsense\r\n")
        assert problem_of(read_all(connection))["status"] == 400


# ---------------------------------------------------------------------- of which kind


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "",
     "application/xml", "text/plain; application/json", "application/jsonp"],
)  # fmt: skip
def test_questions_are_json(kind, strict):
    headers = {"Content-Type": kind} if kind else {}
    body = json.dumps({"question": "Who met whom?"})
    response = httpx.post(f"{strict}/ask", content=body, headers=headers)
    assert response.status_code == response.json()["status"] == 415


def test_an_upload_is_a_form(strict):
    assert httpx.post(f"{strict}/documents", json={}).status_code == 415


def test_a_json_type_may_name_its_characters(strict):
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    body = json.dumps({"question": "Who met whom?"})
    assert httpx.post(f"{strict}/ask", content=body, headers=headers).status_code == 200


NESTED = 200_000


@pytest.mark.parametrize(
    "body",
    ["[" * NESTED, '{"question":' * 50_000, '{"question": ' + "[" * NESTED + "]" * NESTED + "}",
     "{", "nul", '{"question": NaN}', '{"question": "\\ud800"}', '{"question": "a\\u0000b"}',
     '{"question": 1e999}', '{"question": "Who?", "top_k": ' + "9" * 5000 + "}", "\ufeff{}", "[]",
     '"', "[]" * 9],
)  # fmt: skip
def test_bad_json_is_the_clients_fault(body, server):
    headers = {"Content-Type": "application/json"}
    response = httpx.post(f"{server[0]}/ask", content=body.encode(), headers=headers)
    assert response.status_code in ({200} if "u0000" in body else {400, 422})


# ---------------------------------------------------------------------- how slowly


def assert_ended_in_time(connection: socket.socket, since: float) -> bytes:
    response = read_all(connection)
    assert SECONDS * 0.8 < time.monotonic() - since < SECONDS + 2
    return response


def trickle(connection: socket.socket, data: bytes, seconds: float) -> None:
    """A byte at a time, until the other side has had enough."""
    end = time.monotonic() + seconds
    for byte in data:
        if time.monotonic() > end:
            return
        try:
            connection.sendall(bytes([byte]))
        except (BrokenPipeError, ConnectionResetError):
            return
        time.sleep(0.1)


def test_who_connects_and_says_nothing_is_cut_off(strict):
    since = time.monotonic()
    with connect(strict) as connection:
        assert assert_ended_in_time(connection, since) == b""


def test_half_a_head_is_waited_for_only_so_long(strict):
    since = time.monotonic()
    with connect(strict) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        assert problem_of(assert_ended_in_time(connection, since))["status"] == 408


def test_a_head_that_comes_byte_by_byte_is_cut_off(strict):
    since = time.monotonic()
    with connect(strict) as connection:
        trickle(connection, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 99, SECONDS)
        assert problem_of(assert_ended_in_time(connection, since))["status"] == 408


@pytest.mark.parametrize("coding", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_comes_byte_by_byte_is_cut_off(coding, strict):
    since = time.monotonic()
    with connect(strict) as connection:
        connection.sendall(head(*POST, coding))
        connection.sendall(b"3e8\r\n" if "chunked" in coding else b"")
        trickle(connection, b" " * 1000, SECONDS)
        assert problem_of(assert_ended_in_time(connection, since))["status"] == 408


def test_a_body_that_goes_on_after_the_refusal_is_cut_off(strict):
    with connect(strict) as connection:
        connection.sendall(head(*POST[:1], "Content-Type: text/plain", "Content-Length: 1000"))
        assert status_of(read_one(connection)) == 415
        since = time.monotonic()
        trickle(connection, b" " * 1000, SECONDS + 3)
        assert time.monotonic() - since < SECONDS + 3


def test_a_second_request_is_waited_for_only_so_long(strict):
    with connect(strict) as connection:
        connection.sendall(head("GET /healthz HTTP/1.1"))
        assert status_of(read_one(connection)) == 200
        since = time.monotonic()
        trickle(connection, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 99, SECONDS)
        assert problem_of(assert_ended_in_time(connection, since))["status"] == 408


def not_reading(address: str) -> socket.socket:
    """A client that asks for a lot and takes none of it up."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", int(address.rpartition(":")[2])))
    connection.sendall(head("GET /openapi.json HTTP/1.1") * 1500)
    return connection


def test_who_does_not_take_the_answer_up_is_cut_off(strict):
    with not_reading(strict) as connection:
        time.sleep(SECONDS + 2)
        received = read_all(connection)
    assert 0 < received.count(b"HTTP/1.1 200 OK") < 1500


def test_slow_clients_keep_nobody_from_being_served(strict):
    """As many as the server has connections, and half as many again."""
    with ExitStack() as stack:
        for _ in range(45):
            connection = stack.enter_context(connect(strict))
            connection.sendall(b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        for _ in range(5):
            since = time.monotonic()
            assert httpx.post(f"{strict}/ask", json={"question": "Who?"}).status_code == 200
            assert time.monotonic() - since < 1


def test_where_every_connection_is_at_work_one_more_is_told_so(folder):
    with serving(folder, QA_MAX_CONNECTIONS="1", QA_CLIENT_SECONDS="5") as address:
        with not_reading(address):
            time.sleep(2)
            problem = problem_of(exchange(address, head("GET /healthz HTTP/1.1")))
            assert (problem["status"], problem["title"]) == (503, "Too much to do")
        time.sleep(0.5)
        assert httpx.get(f"{address}/healthz").status_code == 200

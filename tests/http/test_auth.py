"""API keys, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from qa.keys import Keys
from tests.conftest import SEEDS
from tests.http.conftest import serving
from tests.http.raw import exchange, head, status_of

BODY = {"question": "Who met whom?", "top_k": 1}


class Served:
    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.keys = Keys(folder / "vectors")

    def ask(self, token: str | None = None, **options) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.post(f"{self.address}/ask", json=BODY, headers=headers, **options)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("closed")
    (folder / "seeds").symlink_to(SEEDS)
    Keys(folder / "vectors").create("first")
    with serving(folder) as address:
        yield Served(address, folder)


@pytest.fixture(scope="module")
def reader(served) -> str:
    return served.keys.create("reader")[1]


@pytest.fixture(scope="module")
def writer(served) -> str:
    return served.keys.create("writer", "write")[1]


def assert_refused(response: httpx.Response, status: int = 401) -> None:
    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "path",
    ["/ask?q=Who", "/docs", "/docs/style.css", "/openapi.json", "/nowhere", "/documents", "/about",
     "/metrics", "/v1/models", "/mcp", "/healthz/", "/page", "/pages/x"],
)  # fmt: skip
def test_no_path_but_the_open_ones_is_had_without_a_key(path, served):
    assert_refused(httpx.get(served.address + path))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_no_method_is_had_without_a_key(method, served):
    assert httpx.request(method, f"{served.address}/documents").status_code == 401


@pytest.mark.parametrize(
    "target", ["//healthz", "/healthz%2f", "/%2fhealthz", "/healthz;x", "/HEALTHZ", "/./healthz",
               "/page%2f..%2fask", "/./ask", "//ask", "*", "http://127.0.0.1/healthz"]
)  # fmt: skip
def test_no_spelling_of_an_open_path_opens_another(target, served):
    request = head(f"GET {target} HTTP/1.1", "Connection: close")
    # Under /page/ there are files of the page only, and none by such a name.
    assert status_of(exchange(served.address, request)) in {401, 404}


def test_probes_need_no_key(served):
    assert httpx.get(f"{served.address}/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer qa_", "Basic {}", "{}", "Bearer {} {}", "Bearer {}x",
     "Bearer qa_00000000_" + "0" * 64, "Bearer\t{}", "Token {}"],
)  # fmt: skip
def test_what_is_no_key_is_refused(header, served, reader):
    authorization = {"Authorization": header.format(reader, reader)}
    # From an address of its own: wrong keys are counted by address.
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.3")) as client:
        response = client.post(f"{served.address}/ask", json=BODY, headers=authorization)
    assert_refused(response)


def test_two_keys_are_none(served, reader):
    lines = [f"Authorization: Bearer {reader}"] * 2
    request = head("GET /ask?q=Who HTTP/1.1", "Connection: close", *lines)
    assert status_of(exchange(served.address, request)) == 401


def test_a_key_in_the_address_or_a_cookie_is_not_accepted(served, reader):
    for name in ("key", "api_key", "token", "access_token", "Authorization"):
        response = httpx.get(f"{served.address}/ask", params={"q": "Who?", name: reader})
        assert_refused(response)
    assert_refused(served.ask(cookies={"Authorization": f"Bearer {reader}"}))


def test_a_key_lets_in(served, reader, writer):
    assert served.ask(reader).status_code == served.ask(writer).status_code == 200
    headers = {"Authorization": f"bearer {reader}"}
    assert httpx.get(f"{served.address}/openapi.json", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/documents/x"), ("POST", "/documents"), ("PUT", "/documents/x/y"),
     ("POST", "/documents/")],
)  # fmt: skip
def test_a_key_to_read_changes_nothing(method, path, served, reader, writer):
    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        response = httpx.request(method, served.address + path, headers=headers)
        if token == reader:
            assert_refused(response, 403)
            assert "insufficient_scope" in response.headers["www-authenticate"]
        return response.status_code

    assert status(reader) == 403
    assert status(writer) != 401


def test_keys_come_and_go_while_the_server_runs(served):
    key, token = served.keys.create("guest")
    assert served.ask(token).status_code == 200
    served.keys.revoke(key.id)
    assert_refused(served.ask(token))


def test_a_damaged_or_missing_file_closes_the_service(served, reader):
    kept = served.keys.path.read_bytes()
    try:
        served.keys.path.write_bytes(b"{}}")
        response = served.ask(reader)
        assert (response.status_code, response.json()["title"]) == (503, "API keys not usable")
        assert served.ask().status_code == 503
        assert httpx.get(f"{served.address}/healthz").status_code == 200
        served.keys.path.unlink()
        assert_refused(served.ask())
        assert_refused(served.ask(reader))
    finally:
        served.keys.path.write_bytes(kept)
    assert served.ask(reader).status_code == 200


def test_many_wrong_keys_are_too_many_requests_and_harm_no_other(served, reader):
    wrong = f"qa_00000000_{'0' * 64}"
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as client:

        def status(token: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return client.post(f"{served.address}/ask", json=BODY, headers=headers)

        responses = [status(wrong) for _ in range(25)]
        assert [r.status_code for r in responses] == [401] * 20 + [429] * 5
        assert 1 <= int(responses[-1].headers["retry-after"]) <= 60
        assert responses[-1].json()["title"] == "Too many requests"
        assert status(reader).status_code == 200
    assert_refused(served.ask(wrong))

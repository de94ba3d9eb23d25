"""What responses tell a browser, and what the service makes of what a browser tells it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import SEEDS
from tests.http.conftest import serving
from tests.http.raw import exchange, head, status_of

QUESTION = {"question": "Who met whom?", "top_k": 1}
WIKI = "https://wiki.example.org"


@pytest.fixture(scope="module")
def open_to_wiki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("cors")
    (folder / "seeds").symlink_to(SEEDS)
    (folder / "qa.toml").write_text(f'cors_origins = ["{WIKI}"]\nallowed_hosts = ["qa.lan"]\n')
    with serving(folder) as address:
        yield address


def assert_protected(headers: httpx.Headers) -> None:
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "camera=()" in headers["permissions-policy"]
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (("POST", "/ask", {"json": QUESTION}), 200),
        (("GET", "/docs", {}), 200),
        (("GET", "/docs/style.css", {}), 200),
        (("GET", "/openapi.json", {}), 200),
        (("POST", "/ask", {"json": {"question": ""}}), 400),
        (("GET", "/nowhere", {}), 404),
        (("PUT", "/ask", {}), 405),
        (("POST", "/ask", {"json": {}}), 422),
        (("POST", "/ask", {"content": "x"}), 415),
        (("POST", "/ask", {"json": {"question": "x" * 1_000_000}}), 413),
        (("GET", "/healthz", {"headers": {"Host": "evil.example"}}), 421),
        (("POST", "/ask", {"json": QUESTION, "headers": {"Origin": "http://evil.example"}}), 403),
        (("OPTIONS", "/ask", {}), 405),
    ],
)
def test_every_response_is_protected(request_, status, server):
    method, path, options = request_
    response = httpx.request(method, server[0] + path, **options)
    assert response.status_code == status
    assert_protected(response.headers)
    assert response.headers["x-request-id"]


TLS = b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"


@pytest.mark.parametrize("request_", [b"nonsense", b"GET / HTTP/1.1", b"GET / HTTP/9", TLS])
def test_what_is_no_http_is_a_protected_problem(request_, server):
    response = exchange(server[0], request_ + b"\r\n\r\n")
    assert status_of(response) == 400
    lines = response.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    assert_protected(httpx.Headers([tuple(line.split(": ", 1)) for line in lines]))


def test_the_description_for_people_loads_nothing_from_elsewhere_and_runs_nothing(server):
    page = httpx.get(f"{server[0]}/docs").text
    assert "POST /ask" in page
    assert "AskRequest" in page
    assert "<script" not in page
    assert "style=" not in page
    assert "http://" not in page
    assert "https://" not in page


# ---------------------------------------------------------------------- Host


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8000", 200),
        ("LOCALHOST", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example:8000", 421),
        ("evil.example@localhost", 421),
        ("localhost/evil.example", 421),
        ("localhost#evil.example", 421),
        ("192.0.2.7", 421),
        ("qa.lan", 421),
        ("", 421),
        ("[::1", 421),
    ],
)
def test_only_the_services_own_names_are_answered(host, status, server):
    request = head("GET /healthz HTTP/1.1", "Connection: close", host=host)
    assert status_of(exchange(server[0], request)) == status


def test_a_further_name_can_be_allowed(open_to_wiki):
    hosts = {"qa.lan": 200, "qa.lan:8000": 200, "qa.lan.evil": 421, "x.qa.lan": 421}
    for host, status in hosts.items():
        response = httpx.get(f"{open_to_wiki}/healthz", headers={"Host": host})
        assert response.status_code == status, host


# ---------------------------------------------------------------------- other sites' pages


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_pages_of_other_sites_may_not_ask(headers, server):
    response = httpx.post(f"{server[0]}/ask", json=QUESTION, headers=headers)
    assert response.status_code == response.json()["status"] == 403
    assert httpx.delete(f"{server[0]}/documents/x", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "own"}],
)
def test_the_services_own_page_and_programs_may_ask(headers, server):
    headers = {name: server[0] if value == "own" else value for name, value in headers.items()}
    assert httpx.post(f"{server[0]}/ask", json=QUESTION, headers=headers).status_code == 200


def test_a_link_may_be_followed_but_an_image_asks_nothing(server):
    def status(mode: str) -> int:
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}
        return httpx.get(f"{server[0]}/ask?q=Who", headers=headers).status_code

    assert status("navigate") == 200
    assert status("no-cors") == status("cors") == 403


def test_no_other_site_is_named_unless_it_is_allowed(server, open_to_wiki):
    preflight = {
        "Origin": WIKI,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,authorization",
    }
    refused = httpx.options(f"{server[0]}/ask", headers=preflight)
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers
    allowed = httpx.options(f"{open_to_wiki}/ask", headers=preflight)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == WIKI
    assert "access-control-allow-credentials" not in allowed.headers


def test_an_allowed_site_is_answered_and_another_is_not(open_to_wiki):
    def asked(origin: str) -> httpx.Response:
        headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        return httpx.post(f"{open_to_wiki}/ask", json=QUESTION, headers=headers)

    allowed = asked(WIKI)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == WIKI
    for other in ("https://evil.example", f"{WIKI}.evil.example", WIKI.replace("https", "http")):
        refused = asked(other)
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers


# ---------------------------------------------------------------------- files

OUTSIDE = ["etc/passwd", "qa.toml", "vectors/keys.json", "keys.json", "vectors/catalog.sqlite"]
UP = ["..", "../..", "../" * 8 + "..", "%2e%2e", "%2e%2e%2f%2e%2e", "..%2f" * 8 + "..",
      "%252e%252e", "%252e%252e%252f" * 8 + "..", "..%5c..", "..\\..", ".%00.", "%c0%ae%c0%ae",
      "..;", "/", "//", "%2f", "file:///"]  # fmt: skip
PLACES = ["/{}", "/page/{}", "/docs/{}", "/documents/{}", "/documents/{}/original",
          "/documents/{}/text", "/documents/{}/passages/0", "/documents/x/{}", "/v1/{}",
          "/mcp/{}"]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_path_leads_out_of_the_store(place, server, tmp_path):
    address, folder = server
    (folder / "qa.toml").write_text("# a secret of the machine\n")
    targets = [f"{up}/{file}" for up in UP for file in OUTSIDE]
    targets += [target.replace("/", "%2f") for target in targets]
    for target in targets:
        request = head(f"GET {place.format(target)} HTTP/1.1", "Connection: close")
        response = exchange(address, request)
        assert status_of(response) in {400, 403, 404, 405, 422}, target
        for secret in (b"root:", b"a secret of the machine", b'"sha256"', b"SQLite format"):
            assert secret not in response, target


def test_a_path_may_be_any_bytes(server):
    for target in (
        "/%ff%fe",
        "/%00",
        "/" + "a" * 30_000,
        "/documents/%F0%9F",
        "/ask?q=%ff",
        "/?%00",
    ):
        status = status_of(exchange(server[0], head(f"GET {target} HTTP/1.1", "Connection: close")))
        assert status in {200, 400, 404, 422}, target

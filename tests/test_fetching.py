"""Pages from a real server on loopback into a folder, and what must not be fetched."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.fetching import Fetched, fetch
from qa.fetching.downloading import _leads_inwards

MOMENT = "Tue, 01 Oct 2024 00:00:00 GMT"
Reply = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A server that answers each path as it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.stopping = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append((self.path, dict(self.headers)))
                site.replies.get(self.path, says(b"", status=404))(self)

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with suppress(OSError):  # who asked has hung up
                    super().handle()

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}{path}"

    def stop(self) -> None:
        self.stopping.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def says(body: bytes, kind: str = "text/html", status: int = 200, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def tagged(body: bytes, tag: str) -> Reply:
    """Answers 304 to those who have it already."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == tag:
            says(b"", status=304)(handler)
        else:
            says(body, ETag=tag)(handler)

    return reply


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.stop()


class Run:
    """Fetches a list again and again into one folder."""

    def __init__(self, folder: Path) -> None:
        self.list = folder / "list.txt"
        self.folder = folder / "pages"

    def __call__(self, *urls: str, most_bytes: int = 10_000, seconds: float = 20) -> list[Fetched]:
        self.list.write_text("\n".join(urls), encoding="utf-8")
        return list(fetch(self.list, self.folder, most_bytes=most_bytes, seconds=seconds))

    def reason(self, url: str, **limits: float) -> str:
        (page,) = self(url, **limits)
        assert (page.outcome, page.path) == ("failed", None)
        assert not self.folder.exists() or not list(self.folder.iterdir())
        return page.reason or ""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def sidecar(page: Fetched) -> dict[str, str]:
    assert page.path
    return json.loads(page.path.with_name(page.path.name + ".meta.json").read_bytes())


def test_a_list_becomes_files_with_sidecars_each_address_once(run, site):
    site.replies = {
        "/wiki/Caf%C3%A9?x=1": says(b"<p>Coffee</p>", "text/html; charset=utf-8"),
        "/paper": says(b"%PDF-1.4", "application/pdf", Last_Modified=MOMENT),
        "/notes.md": says(b"# Notes", "text/plain"),
        "/plain": says(b"Text", "text/plain"),
    }  # fmt: skip
    urls = [site.url(path) for path in site.replies]
    pages = run("\ufeff# my list", "", urls[0], *urls, f"{urls[0]}#part", "  ")
    assert [(page.url, page.outcome) for page in pages] == [(url, "fetched") for url in urls]
    assert [page.path.suffix for page in pages] == [".html", ".pdf", ".md", ".txt"]
    assert pages[0].path.name.startswith("127.0.0.1-wiki-Café-")
    assert pages[0].path.read_bytes() == b"<p>Coffee</p>"
    assert sidecar(pages[0])["url"] == urls[0]
    assert sidecar(pages[1])["last_modified"] == MOMENT
    assert len(list(run.folder.iterdir())) == 8
    assert len(site.asked) == 4


FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>The &lt;b&gt;bridge&lt;/b&gt; opens</title><link>{0}</link>
<pubDate>Tue, 01 Oct 2024 10:00:00 GMT</pubDate></item>
<item><title>No link</title></item>
<item><link>file:///etc/passwd</link></item></channel></rss>"""


def test_a_feed_says_title_and_date_and_what_a_person_wrote_stays(run, site):
    site.replies["/1"] = says(b"<p>The bridge opened.</p>")
    opened, other = run(FEED.format(site.url("/1")))
    facts = sidecar(opened)
    assert (facts["title"], facts["date"]) == ("The bridge opens", "2024-10-01")
    assert other.reason.startswith("it is no http or https address: file:")
    beside = opened.path.with_name(opened.path.name + ".meta.json")
    beside.write_text(json.dumps({**facts, "title": "Mine", "tags": ["bridges"]}))
    site.replies["/1"] = says(b"<p>The bridge was closed again.</p>")
    assert run(FEED.format(site.url("/1")))[0].outcome == "fetched"
    assert sidecar(opened) | {"fetched": ""} == {
        "title": "Mine", "date": "2024-10-01", "tags": ["bridges"], "url": site.url("/1"),
        "fetched": "",
    }  # fmt: skip


def test_what_has_not_changed_is_not_written_anew(run, site):
    site.replies = {"/tagged": tagged(b"One", '"1"'), "/plain": says(b"Same")}
    urls = [site.url(path) for path in site.replies]
    first = run(*urls)
    written = {path: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    assert [page.outcome for page in run(*urls)] == ["unchanged", "unchanged"]
    assert {path: path.stat().st_mtime_ns for path in run.folder.iterdir()} == written
    site.replies["/tagged"] = tagged(b"Two", '"2"')
    assert [page.outcome for page in run(*urls)] == ["fetched", "unchanged"]
    assert first[0].path.read_bytes() == b"Two"
    assert sidecar(first[0])["etag"] == '"2"'
    first[0].path.unlink()  # without the file, its tag isn't asked with
    assert [page.outcome for page in run(*urls)] == ["fetched", "unchanged"]
    assert first[0].path.read_bytes() == b"Two"


def test_a_page_that_is_of_another_kind_now_takes_the_place_of_the_one_before(run, site):
    site.replies["/1"] = says(b"<p>Page</p>")
    run(site.url("/1"))
    site.replies["/1"] = says(b"%PDF-1.4", "application/pdf")
    (page,) = run(site.url("/1"))
    assert sorted(run.folder.iterdir()) == [
        page.path, page.path.with_name(page.path.name + ".meta.json")
    ]  # fmt: skip
    assert page.path.suffix == ".pdf"


def test_one_failure_leaves_the_others(run, site):
    site.replies["/good"] = says(b"<p>Good</p>")
    closed = "http://127.0.0.1:1/"
    pages = run(site.url("/missing"), "ftp://example.org/a", closed, "http://[::1", "nonsense",
                "http://ada:secret@127.0.0.1/", site.url("/good"))  # fmt: skip
    reasons = [page.reason for page in pages]
    assert reasons[0] == "the server answers 404 Not Found"
    assert reasons[1] == "it is no http or https address: ftp://example.org/a"
    assert "Connection refused" in reasons[2]
    assert "it is no address" in reasons[3]
    assert reasons[4] == "it is no http or https address: nonsense"
    assert "user name or password" in reasons[5]
    assert pages[6].outcome == "fetched"


def test_redirects_are_followed_and_bounded_and_looked_at(run, site):
    site.replies = {
        "/old": says(b"", status=301, Location="/new"),
        "/new": says(b"<p>New</p>"),
        "/round": says(b"", status=302, Location="/round"),
        "/file": says(b"", status=302, Location="file:///etc/passwd"),
    }
    assert "more than 5 times" in run.reason(site.url("/round"))
    assert len(site.asked) == 6
    assert run.reason(site.url("/file")) == "it is no http or https address: file:///etc/passwd"
    (page,) = run(site.url("/old"))
    assert page.path.read_bytes() == b"<p>New</p>"
    assert sidecar(page)["url"] == site.url("/old")


@pytest.mark.parametrize(
    ("url", "target", "inwards"),
    [
        ("http://93.184.216.34/", "http://127.0.0.1:9200/", True),
        ("http://93.184.216.34/", "http://169.254.169.254/latest", True),
        ("http://93.184.216.34/", "http://[::ffff:10.0.0.1]/", True),
        ("http://93.184.216.34/", "https://93.184.216.35/", False),
        ("http://10.0.0.5/wiki", "http://10.0.0.6/", False),
    ],
)
def test_a_page_from_outside_may_not_lead_to_what_is_inside(url, target, inwards):
    assert _leads_inwards(url, target) is inwards


def test_what_is_too_large_is_not_kept_even_if_it_was_packed(run, site):
    site.replies = {
        "/large": says(b"x" * 10_001),
        "/bomb": says(gzip.compress(b"x" * 5_000_000), Content_Encoding="gzip"),
        "/fits": says(b"x" * 10_000),
    }
    assert "more than 0.01 MB: raise max_file_mb" in run.reason(site.url("/large"))
    assert "more than 0.01 MB" in run.reason(site.url("/bomb"))
    assert run(site.url("/fits"))[0].outcome == "fetched"


def test_a_server_that_hangs_or_drips_is_given_up(run, site):
    def hangs(handler: BaseHTTPRequestHandler) -> None:
        site.stopping.wait(20)

    def drips(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while not site.stopping.wait(0.05):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return

    site.replies = {"/hangs": hangs, "/drips": drips}
    for path in site.replies:
        started = time.monotonic()
        assert run.reason(site.url(path), seconds=0.5) == "the server takes too long"
        assert time.monotonic() - started < 5


def test_what_has_no_parser_is_not_downloaded(run, site):
    site.replies = {"/a.png": says(b"\x89PNG", "image/png"), "/b": says(b"?", "")}
    assert run.reason(site.url("/a.png")) == "its format isn't supported (image/png)"
    assert run.reason(site.url("/b")) == "its format isn't supported (unknown)"


def test_hostile_addresses_make_harmless_names(run, site):
    paths = ["/..%2F..%2Fetc%2Fpasswd", "/%00%1b[31m/a", "/" + "%C3%A4" * 300, "/.hidden", "/"]
    site.replies = dict.fromkeys(paths, says(b"<p>Page</p>"))
    pages = run(*map(site.url, paths))
    assert [page.outcome for page in pages] == ["fetched"] * len(paths)
    for page in pages:
        name = page.path.name
        assert page.path.parent == run.folder
        assert name.isprintable()
        assert not name.startswith(".")
        assert len(name.encode()) < 200
    assert len({page.path for page in pages}) == len(paths)


def test_a_list_that_cannot_be_read_is_said(run, tmp_path):
    with pytest.raises(DocumentError, match="There is no file"):
        list(fetch(tmp_path / "none.txt", run.folder, most_bytes=1))
    run.list.write_text("<html><body>No feed</body></html>")
    with pytest.raises(DocumentError, match="no RSS or Atom feed"):
        list(fetch(run.list, run.folder, most_bytes=1))


def test_what_the_command_fetched_is_ingested_as_any_folder_is(qa, site, tmp_path):
    site.replies["/1"] = says(b"<html><body><p>The new bridge crosses the Elbe.</p></body></html>")
    (tmp_path / "list.txt").write_text(f"{site.url('/1')}\n{site.url('/2')}\n")
    run = qa("fetch", "list.txt", "--to", "pages")
    assert run.returncode == 0, run.stderr
    first, second, counts = run.stdout.splitlines()
    assert first.startswith(f"fetched {site.url('/1')}: pages/127.0.0.1-1-")
    assert second == f"failed {site.url('/2')}: the server answers 404 Not Found"
    assert counts == "fetched 1, unchanged 0, failed 1"
    assert qa("ingest", "pages").stdout.startswith("added 1, ")
    pages = json.loads(qa("fetch", "list.txt", "--to", "pages", "--json").stdout)
    assert [page["outcome"] for page in pages] == ["unchanged", "failed"]
    (tmp_path / "list.txt").write_text(site.url("/2"))
    run = qa("fetch", "list.txt")
    assert run.returncode == 1
    assert "Error: No page could be fetched from list.txt" in run.stderr

"""Whatever is sent as an upload: no failure of the server, nothing outside of its folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa import QA

NASTY = [
    "../../../../../../tmp/qa-fuzz-was-here.txt", "..\\..\\qa-fuzz-was-here.txt",
    "/etc/qa-fuzz-was-here.txt", "C:\\qa-fuzz-was-here.txt", "..", ".", "", ".txt", "con.txt",
    "LPT1.md", "a\x00.txt", "\x1b]0;x\x07.txt", "\u202etxt.html", "x" * 3000 + ".txt",
    "é" * 300 + ".md", "catalog.sqlite", "catalog.sqlite.txt", "writer.lock", ".lock", "a.txt/",
    "%2e%2e%2fa.txt", "|touch a.txt", "$(touch a).txt", "🙂" * 60 + ".html", "-rf.txt", "a.pdf",
]  # fmt: skip
TEXTS = [
    b"", b" \n", b"The lighthouse stands on the northern cape.", b"# A title\n\nA text.",
    b"<html><script>alert(1)</script><p>Text.", b"---\ntitle: [\n---\nText.", b"\xff\xfe\x00T",
    b"\x00" * 100, b"a" * 5000, b"%PDF-1.7", "Не".encode() * 500, b"\xf0\x9f" * 9,
]  # fmt: skip
names = st.sampled_from(NASTY) | st.text(max_size=60) | st.text(max_size=40).map("{}.txt".format)
texts = st.sampled_from(TEXTS) | st.binary(max_size=400) | st.text(max_size=400).map(str.encode)
types = st.sampled_from(
    ["multipart/form-data; boundary=B", "multipart/form-data; boundary=b",
     'multipart/form-data; boundary="B"', "multipart/form-data", "multipart/form-data; boundary=",
     "multipart/form-data; boundary=" + "B" * 300, "multipart/mixed; boundary=B", "text/plain",
     "multipart/form-data; boundary=B; charset=utf-16", "application/x-www-form-urlencoded",
     "multipart/form-data; charset=nonsense; boundary=B", ""]
)  # fmt: skip


def body_of(name: str, data: bytes, field: str) -> bytes:
    """A part as a client would send it that takes no care."""
    file = name.encode("utf-8", "surrogatepass").replace(b'"', b"%22")
    disposition = b'form-data; name="%s"; filename="%s"' % (field.encode(), file)
    return b"--B\r\nContent-Disposition: %s\r\nContent-Type: text/html\r\n\r\n%s\r\n--B--\r\n" % (
        disposition,
        data,
    )


@st.composite
def uploads(draw: st.DrawFn) -> tuple[str, bytes]:
    """A content type and a body, more often than not in order."""
    body = body_of(draw(names), draw(texts), draw(st.sampled_from(["file", "file", "x", ""])))
    kind = "multipart/form-data; boundary=B"
    match draw(st.integers(0, 5)):
        case 0:
            body = body[: draw(st.integers(0, len(body)))]
        case 1:
            kind = draw(types)
        case 2:
            body = draw(st.binary(max_size=300)) if draw(st.booleans()) else body + body
        case 3:
            at = draw(st.integers(0, len(body)))
            body = body[:at] + draw(st.binary(max_size=5)) + body[at + 1 :]
    return kind, body


def outside(folder: Path) -> set[str]:
    """Every file of the server's but for its uploads and indexes."""
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    left_out = ("vectors/uploads/", "vectors/dense", "vectors/lexical", "vectors/index")
    return {name for name in files if not name.startswith(left_out)}


def fuzz(address: str, folder: Path, examples: int) -> None:
    before = outside(folder)
    statuses: set[int] = set()
    with httpx.Client(base_url=address, timeout=60) as client:

        @settings(
            max_examples=examples, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(uploads())
        def send(upload: tuple[str, bytes]) -> None:
            kind, body = upload
            response = client.post("/documents", content=body, headers={"Content-Type": kind})
            statuses.add(response.status_code)
            assert response.status_code in (200, 201, 400, 413, 415, 422), response.text
            if response.status_code >= 400:
                assert response.headers["content-type"] == "application/problem+json"
                assert response.json()["status"] == response.status_code
            json.dumps(response.json()).encode()  # no lone surrogates

        send()
        question = {"question": "What was chosen as the 2024 Cultural Capital?"}
        assert "Shusha" in client.post("/ask", json=question).json()["answer"]["text"]
    assert {201, 400, 415, 422} <= statuses  # all was tried
    assert outside(folder) == before
    assert not any(Path(place, "qa-fuzz-was-here.txt").exists() for place in ("/tmp", "/etc", "/"))
    _check_store(QA.open(folder / "vectors"))
    assert "Traceback" not in (folder / "log.txt").read_text()


def _check_store(bot: QA) -> None:
    """Every upload kept is a document of the store's, and the other way round."""
    home = bot.library.uploads.folder
    infos = {info.path: info for info in bot.documents() if home in Path(info.path).parents}
    kept = [path for path in home.rglob("*") if path.is_file() and path.name != ".lock"]
    assert {str(path) for path in kept} == set(infos)
    for path in kept:
        info = infos[str(path)]
        assert path.parent == home / info.id
        assert hashlib.sha256(path.read_bytes()).hexdigest() == info.sha256
    assert {path.name for path in home.iterdir()} == {".lock", *(i.id for i in infos.values())}
    status = bot.status()
    assert status["complete"]
    assert status["passages"] == status["embeddings"] == sum(i.passages for i in bot.documents())


def test_no_upload_makes_it_fail_or_write_elsewhere(uploading):
    fuzz(*uploading, examples=150)


@pytest.mark.server
def test_no_upload_of_thousands_makes_it_fail_or_write_elsewhere(uploading):
    fuzz(*uploading, examples=3000)

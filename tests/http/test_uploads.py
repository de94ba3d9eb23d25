"""Uploads: taken in whole or not at all, kept in the store's own folder, gone once deleted."""

from __future__ import annotations

import hashlib
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from qa import QA
from qa.http import create_app
from qa.store.opening import locked
from tests.conftest import SEED, SEEDS
from tests.http.conftest import bot_of, events_of

TEXT = b"The lighthouse stands on the northern cape."
WHERE = "Where does the lighthouse stand?"
SEED_ID = hashlib.sha256(SEED.read_bytes()).hexdigest()[:32]


def upload(client, data: bytes = TEXT, name: str = "lighthouse.txt", **headers: str):
    return client.post("/documents", files={"file": (name, data)}, headers=headers)


def kept(bot: QA) -> dict[str, bytes]:
    """All files below the store's folder of uploads, but for its lock."""
    folder = bot.library.uploads.folder
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def answered(client, question: str = WHERE) -> str | None:
    answer = client.post("/ask", json={"question": question}).json()["answer"]
    return answer and answer["text"]


def test_an_upload_is_answered_kept_and_served(uploader):
    response = upload(uploader)
    assert response.status_code == 201
    document = response.json()["document"]
    assert response.json()["report"]["added"] == 1
    assert kept(bot_of(uploader)) == {f"{document['document_id']}/lighthouse.txt": TEXT}
    assert answered(uploader) == TEXT.decode()
    address = f"/documents/{document['document_id']}"
    assert uploader.get(address).json() == {**document, "original": True}
    assert uploader.get(f"{address}/original").content == TEXT


def test_a_deleted_upload_is_gone_from_answers_and_disk(uploader):
    address = f"/documents/{upload(uploader).json()['document']['document_id']}"
    response = uploader.delete(address)
    assert (response.status_code, response.content) == (204, b"")
    assert "northern cape" not in uploader.post("/ask", json={"question": WHERE}).text
    folder = bot_of(uploader).library.uploads.folder
    assert [path.name for path in folder.iterdir()] == [".lock"]
    assert uploader.delete(address).status_code == uploader.get(address).status_code == 404
    assert upload(uploader).status_code == 201  # it can come back


def test_deleting_a_document_leaves_the_users_own_file(uploader):
    assert uploader.delete(f"/documents/{SEED_ID}").status_code == 204
    assert uploader.get("/documents").json()["total"] == 0
    assert SEED.exists()


def test_deleting_never_follows_a_link_out_of_the_store(uploader, tmp_path):
    id_ = upload(uploader).json()["document"]["document_id"]
    folder = bot_of(uploader).library.uploads.folder / id_
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file.txt").write_text("Mine.")
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(tmp_path / "mine")
    assert uploader.delete(f"/documents/{id_}").status_code == 204
    assert (tmp_path / "mine" / "file.txt").exists()
    assert not folder.is_symlink()


def test_removing_by_command_removes_the_upload_too(uploader):
    bot = bot_of(uploader)
    document = upload(uploader).json()["document"]
    bot.remove(document["document_id"][:8])
    assert kept(bot) == {}


def test_what_is_there_already_is_a_200_and_is_kept_once(uploader):
    first, second = upload(uploader), upload(uploader, name="another name.md")
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["document"] == first.json()["document"]
    assert second.json()["report"]["unchanged"] == 1
    known = upload(uploader, SEED.read_bytes())
    assert known.status_code == 200
    assert known.json()["document"]["document_id"] == SEED_ID
    assert len(kept(bot_of(uploader))) == 1


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [("a.txt", b"", "no text"), ("a.txt", b" \n", "no text"), ("a.exe", TEXT, "isn't supported"),
     ("txt", TEXT, "isn't supported"), ("a.txt", b"\x00\x01\x02\x03" * 50, "")],
)  # fmt: skip
def test_what_cannot_be_read_is_a_422_with_the_reason_and_leaves_nothing(
    uploader, name, data, reason
):
    before = bot_of(uploader).status()
    response = upload(uploader, data, name)
    assert response.status_code == response.json()["status"] == 422
    assert reason in response.json()["detail"]
    assert kept(bot_of(uploader)) == {}
    assert bot_of(uploader).status()["documents"] == before["documents"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"content": TEXT, "headers": {"Content-Type": "text/plain"}}, 415),
        ({"json": {"file": "x"}}, 415),
        ({"data": {"file": "x"}}, 415),
        ({}, 415),
        ({"content": TEXT, "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"content": TEXT, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
        ({"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
         422),
        ({"files": {"other": ("a.txt", TEXT)}}, 422),
        ({"files": {"file": (None, TEXT)}}, 422),
        ({"files": {"file": ("a.txt", TEXT)}, "data": {"more": "x"}}, 422),
        ({"files": [("file", ("a.txt", TEXT)), ("file", ("b.txt", TEXT))]}, 400),
        ({"files": {"file": ("a.txt", TEXT)}, "data": {"a": "x", "b": "y"}}, 400),
        ({"files": {"file": ("a.txt", b"x" * 100_001)}}, 413),
        ({"files": {"file": ("a.txt", b"x" * 300_000)}}, 413),
    ],
)  # fmt: skip
def test_what_is_no_upload_is_a_problem(uploader, request_, status):
    response = uploader.post("/documents", **request_)
    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert kept(bot_of(uploader)) == {}


PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="half.txt"\r\n\r\n'


def begin_upload(address: str, *headers: bytes) -> socket.socket:
    """A connection on which an upload has begun."""
    host, port = address.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    lines = [b"POST /documents HTTP/1.1", b"Host: " + f"{host}:{port}".encode(), *headers,
             b"Content-Type: multipart/form-data; boundary=x", b"", b""]  # fmt: skip
    connection.sendall(b"\r\n".join(lines))
    return connection


def test_what_is_too_large_is_refused_before_it_is_all_there(uploading):
    address, folder = uploading
    with closing(begin_upload(address, b"Content-Length: 99000000")) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
    with closing(begin_upload(address, b"Transfer-Encoding: chunked")) as connection:
        for data in (PART, *[b"x" * 10_000] * 30):
            connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
    assert kept(QA.open(folder / "vectors")) == {}


def test_nothing_is_taken_in_unless_uploads_are_on(bot, client):
    for data in (TEXT, b""):
        response = upload(client, data)
        assert response.status_code == response.json()["status"] == 403
        assert "QA_UPLOADS" in response.json()["detail"]
    assert not bot.library.uploads.folder.exists()


def test_its_progress_is_told_as_events(uploader):
    text = b"Cats sit on mats. Dogs run in parks all the day long, and birds sing. " * 900
    response = upload(uploader, text, "pets.txt", Accept="text/event-stream")
    assert response.status_code == 200
    events = events_of(response.text)
    progress = [data for name, data in events if name == "progress"]
    stages = list(dict.fromkeys(data["stage"] for data in progress))
    assert stages == ["received", "parsed", "embedding", "stored"]
    assert progress[0] == {"stage": "received", "done": len(text), "total": len(text)}
    embedding = [data for data in progress if data["stage"] == "embedding"]
    assert len(embedding) > 1  # not only at the end
    assert [data["done"] for data in embedding] == sorted({data["done"] for data in embedding})
    assert [name for name, _ in events[-2:]] == ["document", "done"]
    document = events[-2][1]["document"]
    assert embedding[-1]["done"] == embedding[-1]["total"] == document["passages"]
    assert uploader.get(f"/documents/{document['document_id']}").status_code == 200


def test_an_error_on_the_way_is_an_event(uploader):
    events = events_of(upload(uploader, b" ", Accept="text/event-stream").text)
    assert [name for name, _ in events] == ["progress", "error", "done"]
    assert events[1][1]["status"] == 422
    assert "no text" in events[1][1]["detail"]


def test_a_later_ingest_leaves_uploads_alone_and_a_rebuild_keeps_them(uploader, tmp_path):
    bot = bot_of(uploader)
    upload(uploader)
    (tmp_path / "note.txt").write_text("A note beside the store.")
    report = bot.ingest([tmp_path])  # the store is in this folder
    assert (len(report.added), report.removed) == (1, [])
    assert bot.ingest().removed == []
    assert bot.ingest(rebuild=True).removed == []
    assert answered(uploader) == TEXT.decode()
    assert uploader.get("/documents").json()["total"] == 3


def test_a_rebuild_of_a_store_whose_catalog_is_spoilt_keeps_uploads(uploader, tmp_path):
    id_ = upload(uploader).json()["document"]["document_id"]
    folder = tmp_path / "rescued"
    shutil.copytree(bot_of(uploader).library.uploads.folder, folder / "uploads")
    (folder / "catalog.sqlite").write_bytes(b"spoilt" * 1000)
    bot = QA.open(folder, seeds=SEEDS)
    bot.ingest(rebuild=True)
    assert {info.id for info in bot.documents()} == {id_, SEED_ID}
    assert bot.library.has_original(id_)


def test_while_another_writes_uploads_wait_or_are_asked_to_come_again(tmp_path):
    bot = QA.open(tmp_path / "vectors", seeds=SEEDS, uploads=True, request_seconds=1)
    bot.prepare()
    with TestClient(create_app(bot), base_url="http://localhost") as client:
        with locked(bot.store.folder):
            response = upload(client)
            assert response.status_code == response.json()["status"] == 503
            assert int(response.headers["retry-after"]) > 0
            assert kept(bot) == {}
            deleted = client.delete(f"/documents/{SEED_ID}")
            assert deleted.status_code == 503
        assert upload(client).status_code == 201


def test_many_uploads_at_once_queue_and_all_are_taken_in(uploading):
    address, folder = uploading
    texts = [f"Lighthouse number {n} stands on cape {n % 10}.".encode() for n in range(24)]

    def one(text: bytes) -> httpx.Response:
        with httpx.Client(base_url=address, timeout=60) as client:
            return upload(client, text, "same name.txt")

    with ThreadPoolExecutor(12) as pool:
        responses = list(pool.map(one, texts + texts[:6]))
    assert sorted(response.status_code for response in responses) == [200] * 6 + [201] * 24
    ids = {response.json()["document"]["document_id"] for response in responses}
    bot = QA.open(folder / "vectors")
    assert ids | {SEED_ID} == {info.id for info in bot.documents()}
    assert {Path(name).parts[0] for name in kept(bot)} == ids
    with httpx.Client(base_url=address) as client:
        for id_ in ids:
            assert client.delete(f"/documents/{id_}").status_code == 204
    assert kept(bot) == {}


def test_an_upload_that_is_broken_off_leaves_nothing(uploading):
    address, folder = uploading
    for sent in (0, 1, 40_000):
        with closing(begin_upload(address, b"Content-Length: 90000")) as connection:
            connection.sendall(PART + b"Half of this text. " * (sent // 19))
            time.sleep(0.2)
    bot = QA.open(folder / "vectors")
    assert kept(bot) == {}
    assert [info.id for info in bot.documents()] == [SEED_ID]
    log = (folder / "log.txt").read_text()
    assert "Traceback" not in log, log


def test_while_others_ask_no_answer_shows_what_was_deleted(uploading):
    address, _ = uploading
    stop = threading.Event()
    seen: list[tuple[float, bool]] = []

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=60) as client:
            while not stop.is_set():
                begun = time.monotonic()
                response = client.post("/ask", json={"question": WHERE})
                assert response.status_code == 200, response.text
                seen.append((begun, "northern cape" in response.text))

    def answers_since(moment: float) -> list[bool]:
        """Whether the document is shown, by six questions that were asked and answered since."""
        end = time.monotonic() + 60
        while True:
            shown = [shows for begun, shows in list(seen) if begun > moment]
            if len(shown) >= 6 or time.monotonic() > end:
                return shown
            time.sleep(0.02)

    with httpx.Client(base_url=address, timeout=60) as client, ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            for _ in range(4):
                id_ = upload(client).json()["document"]["document_id"]
                here = answers_since(time.monotonic())
                assert client.delete(f"/documents/{id_}").status_code == 204
                gone = answers_since(time.monotonic())
                assert all(here) and not any(gone)
                assert len(here) >= 6 and len(gone) >= 6
        finally:
            stop.set()  # or the pool would wait for ever
        for each in asking:
            each.result()

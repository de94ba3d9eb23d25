"""The server process: where it may listen, what it says, how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path

import httpx
import pytest

from qa.errors import ListenError, UsageError
from qa.http import listening
from qa.http.address import url_of
from qa.keys import Keys
from qa.settings import load_settings
from tests.cli.test_commands import assert_error
from tests.conftest import SEEDS, RunQA
from tests.http.raw import connect, head, problem_of, read_all, read_one, status_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "seeds").symlink_to(SEEDS)
    return tmp_path


SERVE = (str(Path(sys.executable).parent / "qa"), "serve", "--port", "0")


class Running:
    """A server of a test's own; unless another command is given, `qa serve` on a free port."""

    def __init__(
        self, folder: Path, *arguments: str, command: Sequence[str] = SERVE, **environment: str
    ) -> None:
        self.process = subprocess.Popen(
            [*command, *arguments], cwd=folder, env=os.environ | environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout
        first = self.process.stdout.readline()
        found = re.search(r"running on (http://\S+)", first)
        assert found, self.process.communicate()
        self.address = found[1]

    def stop(self, sent: int = signal.SIGTERM) -> None:
        self.process.send_signal(sent)
        end = time.monotonic() + 10
        while time.monotonic() < end:  # until it has heard it
            try:
                connect(self.address).close()
            except ConnectionRefusedError:
                return
            time.sleep(0.02)
        raise AssertionError("it goes on listening")

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


# ---------------------------------------------------------------------- where it listens


def test_elsewhere_than_on_loopback_it_listens_only_with_a_key(qa: RunQA, folder):
    run = qa("serve", "--host", "0.0.0.0")
    assert_error(run, 2, "`qa keys create NAME`", "--insecure")
    assert not (folder / "vectors").exists()  # it is refused before all else


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_a_revoked_key_is_none(host, tmp_path):
    keys = Keys(tmp_path)
    keys.revoke(keys.create("one")[0].id)
    with pytest.raises(UsageError, match="qa keys create NAME"), listen(tmp_path, host=host):
        pass


def test_with_a_key_it_listens_anywhere_and_wants_the_key(folder):
    _, token = Keys(folder / "vectors").create("one")
    with closing(Running(folder, "--host", "0.0.0.0")) as running:
        port = running.address.rpartition(":")[2]
        for host in ("127.0.0.1", "127.0.0.2"):  # all addresses are listened on, and are its names
            url = f"http://{host}:{port}/openapi.json"
            assert httpx.get(url).status_code == 401
            headers = {"Authorization": f"Bearer {token}"}
            response = httpx.get(url, headers=headers)
            assert response.status_code == 200
            assert response.headers["ratelimit-policy"] == '"default";q=600;w=60'
            refused = httpx.get(url, headers=headers | {"Host": "evil.example"})
            assert refused.status_code == 421


def test_insecure_says_so_and_limits_each_address(folder):
    with closing(Running(folder, "--host", "0.0.0.0", "--insecure")) as running:
        url = running.address.replace("0.0.0.0", "127.0.0.1")
        response = httpx.post(f"{url}/ask", json={"question": "Who?"})
        assert response.status_code == 200
        assert "ratelimit" in response.headers
        since = time.monotonic()
        running.stop()
        log = running.process.communicate(timeout=10)[1]
        assert running.process.returncode == 0
        assert time.monotonic() - since < 3  # nothing was in flight
    assert "anyone who reaches" in log


def listen(folder: Path, **settings: object) -> AbstractContextManager[socket.socket]:
    return listening(load_settings(store=folder, port=0, **settings))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.5", "::1"])
def test_loopback_has_several_names(host, tmp_path):
    with listen(tmp_path, host=host) as listener:
        listener.listen()
        connect(url_of(listener)).close()


def test_a_port_in_use_is_said_in_a_sentence(qa: RunQA, folder):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = qa("serve", "--port", str(port))
    assert_error(run, 1, f"Port {port} of 127.0.0.1", "in use", "--port")
    assert len(run.stderr.splitlines()) == 1
    assert not (folder / "vectors").exists()


@pytest.mark.parametrize(
    ("host", "reason"), [("192.0.2.7", "no such address"), ("no.such.host.invalid", "no host")]
)
def test_an_address_that_cannot_be_had_is_said_in_a_sentence(host, reason, tmp_path):
    with pytest.raises(ListenError, match=reason), listen(tmp_path, host=host, insecure=True):
        pass


def test_damaged_keys_are_no_reason_to_open(qa: RunQA, folder):
    (folder / "vectors").mkdir()
    (folder / "vectors" / "keys.json").write_text("{")
    run = qa("serve", "--host", "0.0.0.0", "--insecure")
    assert_error(run, 1, "correct the file, or remove it")


# ---------------------------------------------------------------------- how it ends


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_flight_is_answered_before_it_ends(sent, folder):
    body = json.dumps({"question": "What was chosen as the 2024 Cultural Capital?"}).encode()
    with (
        closing(Running(folder, QA_CLIENT_SECONDS="60")) as running,
        connect(running.address) as asking,
        connect(running.address) as idle,
    ):
        idle.sendall(head("GET /healthz HTTP/1.1"))
        assert status_of(read_one(idle)) == 200
        kind = "Content-Type: application/json"
        asking.sendall(head("POST /ask HTTP/1.1", kind, f"Content-Length: {len(body)}"))
        time.sleep(0.2)
        running.stop(sent)
        assert read_all(idle) == b""
        assert running.process.poll() is None
        asking.sendall(body)
        response = read_all(asking)
        log = running.process.communicate(timeout=10)[1]
    assert status_of(response) == 200
    answer = json.loads(response.partition(b"\r\n\r\n")[2])
    assert "Shusha" in answer["answer"]["text"]
    assert answer["timings_ms"].get("load", 0) < 100  # it was loaded before it said that it runs
    assert running.process.returncode == 0
    assert "ERROR" not in log
    assert "Traceback" not in log


def test_it_waits_only_so_long(folder):
    with (
        closing(Running(folder, QA_CLIENT_SECONDS="60", QA_DRAIN_SECONDS="1")) as running,
        connect(running.address) as asking,
    ):
        kind = "Content-Type: application/json"
        asking.sendall(head("POST /ask HTTP/1.1", kind, "Content-Length: 9"))
        time.sleep(0.2)
        running.stop()
        assert problem_of(read_all(asking))["title"] == "Stopping"
        log = running.process.communicate(timeout=5)[1]
        assert running.process.returncode == 0
    assert "traceback" not in log.lower()


STUCK = """
import socket, sys, time
from pathlib import Path
import qa.http.server as server
from qa import QA
from qa.http import listening

bot = QA.open("vectors", port=0, drain_seconds=1)
bot.prepare()
answer = type(bot).ask_many
answers = iter([answer, lambda *_: time.sleep(60)])
QA.ask_many = lambda *given: next(answers)(*given)
server._GRACE = 0.5
with listening(bot.settings) as listener:
    server.serve(bot, listener)
"""


@pytest.mark.slow
def test_a_question_without_end_is_left_behind(folder):
    """The first question, that loads all, is answered; the next takes a minute."""
    command = [sys.executable, "-c", STUCK]
    with closing(Running(folder, command=command)) as running:
        with connect(running.address) as asking:
            body = b'{"question": "Who?"}'
            kind = "Content-Type: application/json"
            asking.sendall(head("POST /ask HTTP/1.1", kind, f"Content-Length: {len(body)}") + body)
            time.sleep(0.5)
            running.stop()
            log = running.process.communicate(timeout=8)[1]
        assert running.process.returncode == 1
        assert "not everything was finished in time" in log

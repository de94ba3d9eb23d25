"""A disk that is full, at whatever moment: one clear sentence, exit 1, and the store as it was.

The disk is a small tmpfs in a mount namespace of its own, which the commands are run in. Each is
run with more and more room on it until it has enough.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.test_migration import format_of, unpacked

QA_COMMAND = str(Path(sys.executable).parent / "qa")
SIZE = 16_000_000
STEPS = (0, 20_000, 60_000, 150_000, 300_000, 600_000, 1_200_000, 2_500_000, 8_000_000)  # fmt: skip
"""Bytes that are free."""

pytestmark = pytest.mark.slow


LOOK = """
import json, sys
from qa import QA
from qa.errors import StoreEmptyError
bot = QA.open(sys.argv[1])
try:
    found = [finding.kind for finding in bot.examine()]
except StoreEmptyError:
    found = []
texts = {info.id: bot.document(info.id)[0].text for info in bot.documents()}
print(json.dumps({"found": found, "texts": texts}))
"""
DAMAGE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1] + "/catalog.sqlite")
connection.execute("UPDATE passages SET suffix = 'x', prefix = 'y' WHERE key % 3")
connection.execute("UPDATE embeddings SET vector = x'00' WHERE passage_key % 3 = 0")
connection.commit()
"""


class Disk:
    """A small disk, which only its own commands see at ``path``; others see it at ``seen``, but
    for SQLite, which follows that link to where it leads here."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        script = f"mount -t tmpfs -o size={SIZE} none '{path}' && echo ready && exec sleep 3600"
        self._process = subprocess.Popen(
            ["unshare", "-rm", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.path = path
        assert self._process.stdout
        self.is_there = self._process.stdout.readline() == b"ready\n"
        self.seen = Path(f"/proc/{self._process.pid}/root{path}")

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Runs `qa` in the disk's folder."""
        return self.start(QA_COMMAND, *arguments)

    def start(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        namespace = ["nsenter", "--preserve-credentials", "-U", "-m", "-t", str(self._process.pid)]
        within = ["sh", "-c", f"cd '{self.path}' && exec \"$@\"", "sh"]
        return subprocess.run(
            [*namespace, *within, *map(str, command)],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def look(self, store: str = "vectors") -> tuple[set[str], dict[str, str]]:
        """What is wrong with a store on the disk, and its documents' texts by id."""
        run = self.start(sys.executable, "-c", LOOK, store)
        assert run.returncode == 0, run.stderr
        return set(json.loads(run.stdout)["found"]), json.loads(run.stdout)["texts"]

    def leave(self, free: int) -> None:
        """Fills the disk but for so many bytes."""
        filler = self.seen / "filler"
        filler.unlink(missing_ok=True)
        status = os.statvfs(self.seen)
        filler.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - free)))

    def close(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if not shutil.which("unshare") or not shutil.which("nsenter"):
        pytest.skip("there is no unshare")
    disk = Disk(tmp_path / "disk")
    try:
        if not disk.is_there:
            pytest.skip("mounting is allowed neither to root nor in a user namespace here")
        yield disk
    finally:
        disk.close()


@pytest.fixture
def docs(tmp_path: Path, embedder: object) -> Path:
    """Files that are on another disk."""
    return write_documents(tmp_path / "docs", range(150))


def write_documents(folder: Path, numbers: range) -> Path:
    folder.mkdir()
    for number in numbers:
        text = f"Report {number} is on the harbour of district {number * 37 % 101}. "
        text += f"It has {number * 13 % 29} cranes. " + f"They moved {'very ' * 60}much."
        (folder / f"report-{number:03}.txt").write_text(text)
    return folder


def until_there_is_room(disk: Disk, run: Callable[[], int], check: Callable[[], None]) -> int:
    """Runs something with more and more room, until it succeeds; how often it failed."""
    for failed, free in enumerate(STEPS):
        disk.leave(free)
        code = run()
        (disk.seen / "filler").unlink()
        if code == 0:
            return failed
        assert code == 1
        check()
    raise AssertionError("there never was enough room")


def one_sentence(run: subprocess.CompletedProcess[str]) -> int:
    """Its exit code, once it is seen that it failed as it should."""
    if run.returncode:
        assert run.stderr.startswith("Error: "), run.stderr
        assert run.stderr.count("\n") == 1, run.stderr
        assert "Traceback" not in run.stderr
        assert "disk" in run.stderr or "make room" in run.stderr, run.stderr
    return run.returncode


def test_an_ingest(disk, docs, tmp_path):
    first = write_documents(tmp_path / "first", range(900, 905))
    assert disk.run("ingest", first).returncode == 0
    _, before = disk.look()

    def check() -> None:
        found, now = disk.look()
        assert found <= {"note"}
        assert before.items() <= now.items()
        assert all(text.endswith("much.") for text in now.values()), "a document is half there"

    failed = until_there_is_room(disk, lambda: one_sentence(disk.run("ingest", docs)), check)
    assert failed >= 3
    found, texts = disk.look()
    assert (found, len(texts)) == (set(), 155)


def test_the_upgrade_of_an_earlier_store(disk, tmp_path):
    shutil.copytree(unpacked(tmp_path / "made", 2), disk.seen / "store")
    catalog = (disk.seen / "store" / "catalog.sqlite").read_bytes()
    command = ("documents", "--store", "store")

    def check() -> None:
        assert (disk.seen / "store" / "catalog.sqlite").read_bytes() == catalog
        shutil.copyfile(disk.seen / "store" / "catalog.sqlite", tmp_path / "catalog.sqlite")
        assert format_of(tmp_path) == 2

    assert until_there_is_room(disk, lambda: one_sentence(disk.run(*command)), check) >= 1
    found, texts = disk.look("store")
    assert (found, len(texts)) == ({"upload"}, 5)  # its original lies elsewhere


def test_an_export(disk, docs, tmp_path):
    store = tmp_path / "vectors"
    assert disk.run("ingest", docs, "--store", store).returncode == 0

    def check() -> None:
        assert [path.name for path in disk.seen.iterdir()] == []

    command = ("export", "b.qa", "--store", store, "--originals")
    assert until_there_is_room(disk, lambda: one_sentence(disk.run(*command)), check) >= 3
    assert [path.name for path in disk.seen.iterdir()] == ["b.qa"]
    assert zipfile.is_zipfile(disk.seen / "b.qa")


@pytest.fixture
def backup(disk: Disk, docs: Path, tmp_path: Path) -> Path:
    """Of 150 documents with their originals, which are gone."""
    store = tmp_path / "vectors"
    assert disk.run("ingest", docs, "--store", store).returncode == 0
    run = disk.run("export", tmp_path / "b.qa", "--store", store, "--originals")
    assert run.returncode == 0, run.stderr
    shutil.rmtree(docs)
    return tmp_path / "b.qa"


@pytest.mark.parametrize("replaces", [False, True])
@pytest.mark.parametrize("is_estimated", [True, False])
def test_an_import(disk, backup, tmp_path, replaces, is_estimated):
    """What it takes is estimated beforehand; but somebody else may take the room meanwhile."""
    before: dict[str, str] = {}
    if replaces:
        first = write_documents(tmp_path / "first", range(900, 905))
        assert disk.run("ingest", first).returncode == 0
        _, before = disk.look()
    plenty = "shutil.disk_usage = lambda path: types.SimpleNamespace(free=10**9)"
    code = (
        f"import shutil, sys, types\n{'' if is_estimated else plenty}\n"
        "sys.argv[0] = 'qa'\nfrom qa.cli import main; main()"
    )
    options = ["--replace"] if replaces else []

    def run() -> int:
        return one_sentence(disk.start(sys.executable, "-c", code, "import", backup, *options))

    def check() -> None:
        assert disk.look() == (set(), before)
        assert not list((disk.seen / "vectors").glob(".qa-import*"))
        assert not list((disk.seen / "vectors").glob("originals/**/*.txt"))

    assert until_there_is_room(disk, run, check) >= 3
    found, texts = disk.look()
    assert (found, len(texts)) == (set(), 150)
    assert len(list((disk.seen / "vectors").glob("originals/**/*.txt"))) == 150


def test_a_repair(disk, docs):
    assert disk.run("ingest", docs).returncode == 0
    assert disk.start(sys.executable, "-c", DAMAGE, "vectors").returncode == 0
    found, before = disk.look()
    assert found == {"facts", "passages"}

    def check() -> None:
        assert disk.look() == (found, before)

    def run() -> int:
        return one_sentence(disk.run("doctor", "--repair"))

    assert until_there_is_room(disk, run, check) >= 2
    assert disk.look() == (set(), before)

"""`qa watch`: the real command in a process of its own, and the iterator it is made of."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qa import QA
from qa.embedding import Embedder
from qa.errors import UsageError
from qa.store.opening import locked

QA_COMMAND = str(Path(sys.executable).parent / "qa")
PATIENCE = 60.0


class Watching:
    """A running `qa watch` whose lines are read as they come."""

    def __init__(self, folder: Path, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [QA_COMMAND, "watch", *map(str, arguments)],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(re.sub(r"^\d\d:\d\d:\d\d  ", "", line.rstrip("\n")))

    def line(self) -> str:
        return self._lines.get(timeout=PATIENCE)

    def expect(self, *lines: str) -> None:
        assert [self.line() for _ in lines] == list(lines)

    def is_quiet(self, seconds: float) -> bool:
        try:
            self._lines.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def end(self, sign: int = signal.SIGINT) -> int:
        self.process.send_signal(sign)
        self.process.wait(PATIENCE)
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()
        return self.process.returncode


Start = Callable[..., Watching]


@pytest.fixture
def start(tmp_path: Path, embedder: Embedder) -> Iterator[Start]:  # so that it is prepared
    running: list[Watching] = []

    def start(*arguments: str | Path) -> Watching:
        running.append(Watching(tmp_path, *arguments))
        first = running[-1].line()
        assert first.endswith("Ctrl-C ends it."), first
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cats.md").write_text("Cats sleep all day.")
    return tmp_path / "docs"


def stored(tmp_path: Path) -> list[str]:
    infos = QA.open(tmp_path / "vectors").documents()
    return [os.path.relpath(path, tmp_path / "docs") for info in infos for path in info.paths]


def counts(
    added: int = 0, updated: int = 0, moved: int = 0, removed: int = 0, failed: int = 0
) -> str:
    moves = f"moved {moved}, " if moved else ""
    return f"added {added}, updated {updated}, {moves}removed {removed}, failed {failed}"


@pytest.mark.slow
def test_what_is_written_changed_moved_and_deleted_is_followed(start, docs, tmp_path):
    watching = start("docs")
    watching.expect(counts(added=1))
    (docs / "sub").mkdir()
    (docs / "sub" / "dogs.md").write_text("Dogs bark at night.")
    watching.expect(counts(added=1))
    (docs / "sub" / "dogs.md").write_text("Dogs guard the house.")
    watching.expect(counts(updated=1))
    (docs / "sub" / "dogs.md").rename(docs / "wolves.md")
    watching.expect(counts(moved=1))
    (docs / "broken.txt").write_bytes(b"\x00\x01")
    watching.expect(counts(failed=1), "failed docs/broken.txt: it is binary, not text")
    (docs / "wolves.md").rename(docs / "sub" / "dogs.md")
    watching.expect(counts(moved=1, failed=1))
    shutil.rmtree(docs / "sub")
    watching.expect(counts(removed=1, failed=1))
    (docs / "cats.md.meta.json").write_text(json.dumps({"author": "Ada"}))
    (docs / ".qaignore").write_text("broken.txt\n")
    watching.expect(counts(updated=1))
    assert stored(tmp_path) == ["cats.md"]
    assert watching.end() == 130
    watching.expect("Stopped: what is finished is kept.")


def test_an_ingest_and_what_is_hidden_bring_no_other_even_around_the_store(bot, tmp_path):
    (tmp_path / "docs" / "cats.md").write_text("Cats sleep all day.")
    (tmp_path / "docs" / "around").symlink_to("..")
    stop = threading.Event()
    reports = bot.watch([tmp_path], stop=stop)  # the store lies within
    assert len(next(reports).added) == 1
    (tmp_path / ".hidden").write_text("Nobody sees it.")
    threading.Timer(2, stop.set).start()
    assert list(reports) == []


@pytest.mark.slow
def test_a_store_that_is_busy_is_told_once_and_tried_again(start, docs, tmp_path):
    watching = start("docs")
    watching.expect(counts(added=1))
    with locked(tmp_path / "vectors"):
        (docs / "dogs.md").write_text("Dogs bark at night.")
        assert "Another process is writing" in (line := watching.line())
        assert line.endswith("It will be tried again.")
        assert watching.is_quiet(6), "the same isn't said twice"
    watching.expect(counts(added=1))


@pytest.mark.slow
def test_a_store_that_goes_away_and_a_root_that_does_are_survived(start, docs, tmp_path):
    watching = start("docs")
    watching.expect(counts(added=1))
    docs.rename(tmp_path / "away")
    watching.expect(counts(failed=1), "failed docs: there is no such file or folder")
    assert stored(tmp_path) == ["cats.md"]
    (tmp_path / "away" / "dogs.md").write_text("Dogs bark at night.")
    (tmp_path / "away").rename(docs)
    watching.expect(counts(added=1))
    (tmp_path / "vectors").rename(tmp_path / "elsewhere")
    (tmp_path / "vectors").write_text("in the way")
    (docs / "birds.md").write_text("Birds sing early.")
    assert watching.line().startswith("Error: ")
    (tmp_path / "vectors").unlink()
    (tmp_path / "elsewhere").rename(tmp_path / "vectors")
    watching.expect(counts(added=1))
    assert sorted(stored(tmp_path)) == ["birds.md", "cats.md", "dogs.md"]
    assert watching.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_single_files_patterns_and_folders_behind_links_are_followed(start, docs, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    watching = start("docs/cats.md", "other/*.txt")
    watching.expect(counts(added=1, failed=1), "failed other/*.txt: no file matches it")
    (docs / "new.md").write_text("Cats sleep at night.")
    (docs / "new.md").rename(docs / "cats.md")  # as editors do
    watching.expect(counts(updated=1, failed=1))
    (tmp_path / "far").mkdir()
    (other / "link").symlink_to("../far")
    (other / "birds.md").write_text("Birds sing early.")  # isn't asked for
    (other / "dogs.txt").write_text("Dogs bark at night.")
    watching.expect(counts(added=1))


def test_a_program_iterates_over_reports_until_it_says_stop(bot):
    docs, stop = bot.settings.seeds, threading.Event()
    (docs / "far").mkdir()
    (docs / "link").symlink_to("far")
    reports = bot.watch([docs], stop=stop)
    assert next(reports).added == []
    (docs / "far" / "cats.md").write_text("Cats sleep all day.")
    assert [Path(path).name for path in next(reports).added] == ["cats.md"]
    (docs.parent / "away").mkdir()
    (docs / "new").symlink_to("../away")
    assert next(reports).added == []
    (docs.parent / "away" / "dogs.md").write_text("Dogs bark at night.")
    assert next(reports).added == [str(docs / "new" / "dogs.md")]
    threading.Timer(0.5, stop.set).start()
    assert list(reports) == []


def test_a_change_is_found_by_every_path_that_leads_there(bot, tmp_path):
    docs, other, stop = bot.settings.seeds, tmp_path / "other", threading.Event()
    for folder in (docs / "far", other):
        folder.mkdir()
    (docs / "far" / "cats.md").write_text("Cats sleep all day.")
    (docs / "link").symlink_to("far")
    (other / "link").symlink_to("../docs/far")
    reports = bot.watch([docs, other], stop=stop)
    paths = [str(docs / "far" / "cats.md"), str(other / "link" / "cats.md")]
    assert sorted(next(reports).added) == paths
    (docs / "far" / "cats.md").write_text("Cats sleep all night.")
    assert sorted(next(reports).updated) == paths
    reports.close()


def test_the_stores_own_folder_cannot_be_watched(bot):
    with pytest.raises(UsageError, match="keep the documents outside"):
        bot.watch([bot.store.folder / "uploads"])

"""Files are read by processes of their own, and what one does to its process harms no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.parsing import Options
from qa.parsing.reading import UnreadableError
from qa.parsing.unpacking import Broken
from qa.parsing.workers import CrashError, Limits, Reading, TimeLimitError, Workers
from qa.types import Document
from tests.samples import FORMATS, Sample

SAMPLE = Sample("The keeper is Edith Marlow.", "Staff")


def read(workers: Workers, *files: Path) -> dict[str, list[Document | Broken] | DocumentError]:
    """What came of each file, by its name, in order."""
    came: dict[str, list[Document | Broken] | DocumentError] = {}
    with workers.reading(Reading(file) for file in files) as readings:
        for reading in readings:
            try:
                came[reading.path.name] = list(reading)
            except DocumentError as error:
                came[reading.path.name] = error
    return came


def write_slow(path: Path) -> None:
    """A page of so many rows that it takes many seconds and much memory to read."""
    rows = "".join(f"<tr><td>{n}</td><td>row {n}</td></tr>" for n in range(48_000))
    path.write_text(f"<html><body><h1>Rows</h1><table>{rows}</table></body></html>")


def write_notes(folder: Path, number: int) -> list[Path]:
    files = [folder / f"note-{n:03}.txt" for n in range(number)]
    for n, file in enumerate(files):
        file.write_text(f"Note {n} speaks of harbour {n * 7}.")
    return files


def processes_of(program: int) -> list[int]:
    """The processes that read for a program."""
    listed = subprocess.run(
        ["pgrep", "-P", str(program), "-f", "qa.parsing.worker"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [int(pid) for pid in listed.stdout.split()]


def test_files_come_in_their_order_whoever_reads_them(tmp_path):
    files = write_notes(tmp_path, 200)
    came = read(Workers(Limits(workers=3)), *files)
    assert list(came) == [file.name for file in files]
    for number, found in enumerate(came.values()):
        assert isinstance(found, list)
        assert found[0].text == f"Note {number} speaks of harbour {number * 7}."


def test_a_container_gives_each_of_its_documents(tmp_path):
    FORMATS["archive.zip"].write(tmp_path / "archive.zip", SAMPLE)
    (found,) = read(Workers(), tmp_path / "archive.zip").values()
    assert isinstance(found, list)
    assert [Path(one.path).name for one in found] == ["other.txt", "page.html"]


def test_a_file_that_can_be_read_no_more_says_so(tmp_path):
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    came = read(Workers(), tmp_path / "gone.txt", tmp_path / "folder.txt", tmp_path / "picture.txt")
    assert isinstance(came["gone.txt"], UnreadableError)
    assert isinstance(came["folder.txt"], UnreadableError)
    assert str(came["picture.txt"]) == "it is a picture"


def test_a_file_that_takes_too_long_is_given_up_and_the_rest_is_read(tmp_path):
    write_slow(tmp_path / "slow.html")
    notes = write_notes(tmp_path, 20)
    began = time.monotonic()
    came = read(Workers(Limits(workers=2, seconds=1)), tmp_path / "slow.html", *notes)
    assert time.monotonic() - began < 8
    assert isinstance(came["slow.html"], TimeLimitError)
    assert "longer than 1 s" in str(came["slow.html"])
    assert all(isinstance(came[note.name], list) for note in notes)


def test_a_file_that_takes_too_much_memory_is_given_up_and_the_rest_is_read(tmp_path):
    write_slow(tmp_path / "large.html")
    notes = write_notes(tmp_path, 5)
    workers = Workers(Limits(workers=1, memory_bytes=180_000_000))
    came = read(workers, tmp_path / "large.html", *notes)
    assert "more than 180 MB of memory" in str(came["large.html"])
    assert all(isinstance(came[note.name], list) for note in notes)


def test_a_process_that_dies_costs_its_file_alone(tmp_path):
    write_slow(tmp_path / "slow.html")
    notes = write_notes(tmp_path, 5)
    workers = Workers(Limits(workers=1))
    came: dict[str, object] = {}
    with workers.reading(map(Reading, [tmp_path / "slow.html", *notes])) as readings:
        for reading in readings:
            if reading.path.name == "slow.html":
                (child,) = processes_of(os.getpid())
                os.kill(child, signal.SIGKILL)
            try:
                came[reading.path.name] = list(reading)
            except DocumentError as error:
                came[reading.path.name] = error
    assert isinstance(came["slow.html"], CrashError)
    assert all(isinstance(came[note.name], list) for note in notes)


def test_who_stops_early_leaves_no_process_at_work(tmp_path):
    write_slow(tmp_path / "slow.html")
    began = time.monotonic()
    workers = Workers(Limits(workers=2))
    with (
        pytest.raises(KeyboardInterrupt),
        workers.reading(map(Reading, [*write_notes(tmp_path, 3), tmp_path / "slow.html"])) as some,
    ):
        list(next(some))
        raise KeyboardInterrupt
    assert time.monotonic() - began < 5
    assert len(processes_of(os.getpid())) <= 1  # the one that waits for the next use


@pytest.mark.slow
def test_processes_end_with_the_program_even_if_it_is_killed(tmp_path):
    write_slow(tmp_path / "slow.html")
    script = (
        "from pathlib import Path\nfrom qa.parsing.workers import *\n"
        f"w = Workers(Limits(workers=1, seconds=1))\n"
        f"with w.reading([Reading(Path({str(tmp_path / 'slow.html')!r}))]) as r:\n"
        "    print(w and 'begun', flush=True)\n    [list(one) for one in r]\n"
    )
    program = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert program.stdout
    program.stdout.readline()
    time.sleep(0.7)
    (child,) = processes_of(program.pid)
    program.kill()
    program.communicate()
    for _ in range(150):
        if not Path(f"/proc/{child}").exists():
            break
        time.sleep(0.1)
    assert not Path(f"/proc/{child}").exists()


def test_a_script_without_a_main_guard_can_read_files(tmp_path):
    write_notes(tmp_path, 1)
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom qa.parsing.workers import Reading, Workers\n"
        "print('begins')\n"
        f"with Workers().reading([Reading(Path({str(tmp_path / 'note-000.txt')!r}))]) as some:\n"
        "    print([document.text for one in some for document in one])\n"
    )
    (tmp_path / "json.py").write_text("raise SystemExit('what lies in the folder was imported')")
    run = subprocess.run(
        [sys.executable, "-P", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.stdout.splitlines() == ["begins", "['Note 0 speaks of harbour 0.']"], run.stderr


def test_settings_of_the_parsers_reach_them(tmp_path):
    (tmp_path / "one.json").write_text('{"summary": "The dredger came."}')
    workers = Workers(options=Options(json_text=("summary",)))
    (found,) = read(workers, tmp_path / "one.json").values()
    assert isinstance(found, list)
    assert found[0].text == "The dredger came."

"""kill -9 at random moments of an ingest: nothing broken, nothing half there, nothing lost."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from qa import QA
from tests.conftest import RunQA

DOCUMENTS = 300
QA_COMMAND = str(Path(sys.executable).parent / "qa")


def report(number: int) -> str:
    return " ".join([
        f"Report {number} covers the harbour of district {number * 37 % 101}.",
        f"Its {number * 13 % 29} cranes moved {number * 7919 % 10007} containers last year.",
        "The harbour master expects about the same in the year to come. " * 3,
    ])  # fmt: skip


def write_documents(folder: Path) -> None:
    """Two in three in files of their own, the others in archives of ten."""
    folder.mkdir()
    for number in range(2 * DOCUMENTS // 3):
        (folder / f"report-{number:03}.txt").write_text(report(number))
    for first in range(2 * DOCUMENTS // 3, DOCUMENTS, 10):
        with zipfile.ZipFile(folder / f"reports-{first:03}.zip", "w") as archive:
            for number in range(first, first + 10):
                archive.writestr(f"report-{number:03}.txt", report(number))


def check_store(qa: RunQA, store: Path) -> dict:
    status = json.loads(qa("status", "--json", "--store", store).stdout)
    assert status["passages"] == status.get("embeddings", 0)
    assert status["documents"] <= DOCUMENTS
    if status["documents"]:
        bot = QA.open(store)
        infos = bot.documents()
        assert len(infos) == status["documents"]
        assert all(info.passages > 0 for info in infos), "no document is half there"
    return status


@pytest.mark.slow
@pytest.mark.usefixtures("embedder")  # the model is prepared: its export isn't what is killed
def test_a_killed_ingest_can_always_be_asked_and_completed(qa: RunQA, tmp_path: Path):
    docs = tmp_path / "seeds"
    write_documents(docs)
    started = time.perf_counter()
    assert qa("ingest", docs, "--store", tmp_path / "whole").returncode == 0
    whole_time = time.perf_counter() - started
    expected = json.loads(qa("status", "--json", "--store", tmp_path / "whole").stdout)

    moments = random.Random(20231003)
    partial = 0  # kills that left some of the documents, and not all
    for number in range(20):
        store = tmp_path / f"store-{number}"
        process = subprocess.Popen(
            [QA_COMMAND, "ingest", docs, "--store", store],
            cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(moments.uniform(0.3, whole_time))
        process.send_signal(signal.SIGKILL)
        process.wait()

        killed = check_store(qa, store)
        partial += 0 < killed["documents"] < DOCUMENTS
        ask = qa("ask", "Which harbour is in report 1?", "--json", "--store", store)
        assert ask.returncode == 0, ask.stderr
        assert json.loads(ask.stdout)["passages"]

        again = qa("ingest", docs, "--store", store, "--json")
        assert again.returncode == 0, again.stderr
        after = check_store(qa, store)
        assert after["complete"] is True
        for name in ("documents", "paths", "passages", "embeddings", "fingerprint"):
            assert after[name] == expected[name], name
        assert len(list(store.glob("dense-*"))) == 1
        assert 1 <= len(list(store.glob("lexical-*"))) <= 2  # the one before is kept for readers
    assert partial >= 5, "too few kills hit the middle of the work to prove anything"

"""Several at once: two ingests, and an ingest while a thousand questions are asked. Nothing is lost
or half there, and no question fails."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from qa import QA
from tests.conftest import RunQA

QA_COMMAND = str(Path(sys.executable).parent / "qa")
ASKS = 1000


def write_reports(folder: Path, name: str, number: int) -> list[str]:
    """Reports in files of their own and, of every four, one in an archive; their sentences."""
    folder.mkdir(parents=True, exist_ok=True)
    sentences = []
    for n in range(number):
        sentence = f"The crane {name}-{n} lifted {n * 7919 % 10007} containers last year."
        text = f"{sentence} The harbour master expects about the same in the year to come."
        if n % 4:
            (folder / f"{name}-{n:03}.txt").write_text(text)
        else:
            with zipfile.ZipFile(folder / f"{name}-{n:03}.zip", "w") as archive:
                archive.writestr("report.txt", text)
                archive.writestr("note.md", f"# Note\n\nA note beside report {name}-{n}.")
        sentences.append(sentence)
    return sentences


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [QA_COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def assert_whole(bot: QA, sentences: list[str]) -> None:
    """Every sentence is in exactly one document, which can be shown and is complete."""
    texts = [bot.document(info.id)[0].text for info in bot.documents()]
    for sentence in sentences:
        assert sum(sentence in text for text in texts) == 1
    status = bot.status()
    assert status["complete"] is True
    assert status["passages"] == status["embeddings"]
    for info in bot.documents():
        document, passages = bot.document(info.id)
        assert len(passages) == info.passages > 0
        assert all(document.text[p.start : p.end] == p.text for p in passages)


@pytest.mark.slow
@pytest.mark.usefixtures("embedder")
def test_two_ingests_at_once_both_go_in_whole(tmp_path: Path):
    store = tmp_path / "vectors"
    sentences = [
        *write_reports(tmp_path / "one", "north", 120),
        *write_reports(tmp_path / "two", "south", 120),
    ]
    both = [start("ingest", tmp_path / name, "--store", store, "--wait", 120, "--json")
            for name in ("one", "two")]  # fmt: skip
    for process in both:
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        assert json.loads(output)["added"] == 150
    assert_whole(QA.open(store), sentences)


@pytest.mark.slow
@pytest.mark.usefixtures("embedder")
def test_who_does_not_wait_is_told_to_and_harms_nothing(qa: RunQA, tmp_path: Path):
    store = tmp_path / "vectors"
    sentences = write_reports(tmp_path / "one", "north", 800)
    first = start("ingest", tmp_path / "one", "--store", store)
    while not (store / "writer.lock").exists() or not QA.open(store).documents():
        assert first.poll() is None
    second = qa("ingest", tmp_path / "one", "--store", store)
    assert second.returncode == 1
    assert "Another process is writing to the store" in second.stderr
    _, errors = first.communicate(timeout=300)
    assert first.returncode == 0, errors
    assert_whole(QA.open(store), sentences)


@pytest.mark.slow
@pytest.mark.usefixtures("embedder")
def test_no_question_fails_while_an_ingest_adds_changes_and_removes(qa: RunQA, tmp_path: Path):
    store, docs = tmp_path / "vectors", tmp_path / "docs"
    stay = write_reports(docs / "stay", "harbour", 60)
    come = write_reports(docs / "come", "yard", 120)
    leave = write_reports(docs / "leave", "quay", 60)
    for file in (docs / "come").iterdir():
        file.rename(tmp_path / file.name)
    assert qa("ingest", docs, "--store", store).returncode == 0
    bot, asked = QA.open(store), count()
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            sentence = stay[next(asked) % len(stay)]
            crane = sentence.split()[2]
            answer = bot.ask(f"How many containers did the crane {crane} lift last year?")
            assert any(sentence in passage.text for passage in answer.passages), answer

    for file in tmp_path.glob("yard-*"):
        file.rename(docs / "come" / file.name)
    for file in (docs / "leave").iterdir():
        file.unlink()
    changed = docs / "stay" / "harbour-001.txt"
    reports = []
    with ThreadPoolExecutor(16) as pool:
        asking = [pool.submit(ask) for _ in range(16)]
        while not reports or next(asked) < ASKS:  # not one question is asked in quiet
            changed.write_text(f"{stay[1]} It was painted {len(reports)} times.")
            process = start("ingest", docs, "--store", store, "--json")
            output, errors = process.communicate(timeout=600)
            assert process.returncode == 0, errors
            reports.append(json.loads(output))
        ended.set()
        for future in asking:
            future.result()
    first = reports[0]
    assert (first["added"], first["updated"], first["removed"]) == (150, 1, 75)
    assert all(report["updated"] == 1 for report in reports)
    assert_whole(bot, [*stay, *come])
    texts = "\n".join(bot.document(info.id)[0].text for info in bot.documents())
    assert not any(sentence in texts for sentence in leave)

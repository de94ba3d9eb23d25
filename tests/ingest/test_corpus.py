"""Two thousand mixed documents, one in twenty broken: one run takes in all that can be read and
names the rest, and another one embeds only what changed. `pytest -m slow -s` prints the figures.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from qa import QA
from qa.types import Answer, Ask
from tests.corpus import BROKEN, Item, write_corpus
from tests.samples import FORMATS, Sample

QA_COMMAND = str(Path(sys.executable).parent / "qa")
DOCUMENTS = 2000
CHANGES = 100
MOST_MEMORY_MB = 2048


def memory_mb(program: int) -> float:
    """What a process and all below it hold of their own; shared pages count in shares."""
    kilobytes = 0
    for pid in (program, *below(program)):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended meanwhile
            continue
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024


def below(program: int) -> list[int]:
    listed = subprocess.run(
        ["pgrep", "-P", str(program)], capture_output=True, text=True, check=False
    )
    children = [int(pid) for pid in listed.stdout.split()]
    return [*children, *(pid for child in children for pid in below(child))]


def ingest(folder: Path, store: Path) -> tuple[dict, float, float]:
    """The report of `qa ingest`, its seconds, and the most memory it took in MB."""
    began, most = time.monotonic(), 0.0
    with subprocess.Popen(
        [QA_COMMAND, "ingest", folder, "--store", store, "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        while process.poll() is None:
            most = max(most, memory_mb(process.pid))
            time.sleep(0.1)
        output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output), time.monotonic() - began, most


def answers(bot: QA, items: list[Item]) -> list[Answer]:
    found = []
    for start in range(0, len(items), 64):
        for answer in bot.ask_many([Ask(item.question) for item in items[start : start + 64]]):
            assert isinstance(answer, Answer)
            found.append(answer)
    return found


def assert_answered(bot: QA, items: list[Item]) -> None:
    for item, answer in zip(items, answers(bot, items), strict=True):
        best = answer.passages[0]
        assert item.sentence in best.text, item.path
        assert best.source.path == item.source


def assert_failures(report: dict, items: list[Item]) -> None:
    """Each broken file is named with a reason, and no other."""
    reasons = {failure["path"]: failure["reason"] for failure in report["failed"]}
    broken = {str(item.path): item.broken for item in items if item.broken}
    for path, kind in broken.items():
        assert any(named.startswith(path) for named in reasons), (path, kind)
    for path, reason in reasons.items():
        assert any(path.startswith(named) for named in broken), (path, reason)
        assert reason


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.usefixtures("embedder")
def test_all_that_can_be_read_goes_in_and_a_second_run_embeds_what_changed(tmp_path):
    items = write_corpus(tmp_path / "corpus", DOCUMENTS)
    good = [item for item in items if not item.broken]
    assert {item.broken for item in items} >= set(BROKEN)
    report, first, memory = ingest(tmp_path / "corpus", tmp_path / "vectors")
    print(f"\n{DOCUMENTS} files: {first:.1f} s, {memory:.0f} MB at most, {report['embedded']} "
          f"passages, {len(report['failed'])} failures")  # fmt: skip
    assert memory < MOST_MEMORY_MB
    assert_failures(report, items)
    assert_answered(QA.open(tmp_path / "vectors"), good)

    again, unchanged, _ = ingest(tmp_path / "corpus", tmp_path / "vectors")
    assert again["embedded"] == again["added"] == again["updated"] == again["removed"] == 0
    assert sorted(again["failed"], key=str) == sorted(report["failed"], key=str)

    now, changed, counts = change(good)
    report, second, _ = ingest(tmp_path / "corpus", tmp_path / "vectors")
    print(f"nothing changed: {unchanged:.1f} s; {CHANGES} changed: {second:.1f} s, "
          f"{report['embedded']} passages embedded")  # fmt: skip
    assert {name: report[name] for name in counts} == counts
    bot = QA.open(tmp_path / "vectors")
    stored = {path: info for info in bot.documents() for path in info.paths}
    assert report["embedded"] == sum(stored[item.source].passages for item in changed)
    assert second < first / 2
    assert_answered(bot, now)
    gone = {item.source for item in good} - {item.source for item in now}
    assert len(gone) == 3 * CHANGES // 4
    assert not gone & stored.keys()


def change(items: list[Item]) -> tuple[list[Item], list[Item], dict[str, int]]:
    """Changes, renames, moves and deletes a quarter of `CHANGES` each, of every format that is one
    document: what there is now, what of it changed, and what a report says of it all."""
    single = [item for item in items if item.source == str(item.path)]
    chosen = random.Random(1).sample(single, CHANGES)
    quarter = CHANGES // 4
    changed = [with_other_words(item) for item in chosen[:quarter]]
    renamed = [
        moved(item, item.path.with_name(f"renamed-{item.path.name}"))
        for item in chosen[quarter : 2 * quarter]
    ]
    elsewhere = [
        moved(item, item.path.parent / "elsewhere" / item.path.name)
        for item in chosen[2 * quarter : 3 * quarter]
    ]
    for item in chosen[3 * quarter :]:
        item.path.unlink()
    others = [item for item in items if item not in chosen]
    counts = {"added": 0, "updated": quarter, "moved": 2 * quarter, "removed": quarter}
    return [*others, *changed, *renamed, *elsewhere], changed, counts


def with_other_words(item: Item) -> Item:
    name = item.path.name.split("-", 1)[1]
    sentence = item.sentence.replace("has looked after", "has painted")
    FORMATS[name].write(item.path, Sample(sentence, "Paint"))
    question = item.question.replace("looked after", "painted")
    return replace(item, sentence=sentence, question=question)


def moved(item: Item, path: Path) -> Item:
    path.parent.mkdir(exist_ok=True)
    item.path.rename(path)
    return replace(item, path=path, source=str(path))

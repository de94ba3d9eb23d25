"""Two thousand mixed documents, one in twenty broken: one run takes in all that can be read and
names the rest, and another one embeds only what changed. `pytest -m slow -s` prints the figures.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from qa import QA
from qa.types import Answer, Ask
from tests.corpus import BROKEN, CHANGES, Item, change, write_corpus
from tests.measuring import run_measured

DOCUMENTS = 2000
MOST_MEMORY_MB = 2048


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


def ingest(folder: Path) -> tuple[dict, float, float]:
    command = ["qa", "ingest", folder / "corpus", "--store", folder / "vectors", "--json"]
    run = run_measured(*command)
    return json.loads(run.output), run.seconds, run.most_mb


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
    report, first, memory = ingest(tmp_path)
    print(f"\n{DOCUMENTS} files: {first:.1f} s, {memory:.0f} MB at most, {report['embedded']} "
          f"passages, {len(report['failed'])} failures")  # fmt: skip
    assert memory < MOST_MEMORY_MB
    assert_failures(report, items)
    assert_answered(QA.open(tmp_path / "vectors"), good)

    again, unchanged, _ = ingest(tmp_path)
    assert again["embedded"] == again["added"] == again["updated"] == again["removed"] == 0
    assert sorted(again["failed"], key=str) == sorted(report["failed"], key=str)

    now, changed, counts = change(good)
    report, second, _ = ingest(tmp_path)
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

"""What an ingest would do is told without doing it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from qa import QA


@pytest.fixture
def docs(bot: QA) -> Path:
    return bot.settings.seeds


def names(paths) -> list[str]:
    return sorted(Path(path).name for path in paths)


def test_of_a_new_store_all_would_be_added_and_nothing_is_made(bot, docs):
    (docs / "cats.txt").write_text("Cats sleep all day.")
    report = bot.preview()
    assert names(report.added) == ["cats.txt"]
    assert not bot.store.folder.exists()


def test_what_is_new_changed_moved_gone_the_same_or_refused_is_told(bot, docs):
    for name in ("same", "changed", "moved", "gone"):
        (docs / f"{name}.txt").write_text(f"The file {name} says this of cats.")
    with zipfile.ZipFile(docs / "a.zip", "w") as archive:
        archive.writestr("dogs.txt", "Dogs bark at night.")
    bot.ingest()
    before = bot.store.catalog_path.read_bytes()
    (docs / "changed.txt").write_text("Dogs bark at night, and so on.")
    (docs / "moved.txt").rename(docs / "elsewhere.txt")
    (docs / "gone.txt").unlink()
    (docs / "new.txt").write_text("Birds sing early.")
    (docs / "copy.txt").write_text("The file same says this of cats.")
    (docs / "unreadable.txt").symlink_to(docs / "nowhere")
    report = bot.preview()
    assert names(report.added) == ["copy.txt", "new.txt"]
    assert names(report.updated) == ["changed.txt"]
    assert {Path(a).name: Path(b).name for a, b in report.moved.items()} == {
        "elsewhere.txt": "moved.txt"
    }
    assert names(report.removed) == ["gone.txt"]
    assert names(report.unchanged) == ["a.zip", "same.txt"]
    assert bot.store.catalog_path.read_bytes() == before
    done = bot.ingest()
    assert names(done.added) == names(report.added)
    assert names(done.moved) == names(report.moved)
    assert names(done.removed) == names(report.removed)


@pytest.mark.skipif(os.name == "nt", reason="needs a process of its own")
def test_the_command_prints_each_change_and_loads_no_model(qa, tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "cats.txt").write_text("Cats sleep all day.")
    (tmp_path / "seeds" / "dogs.txt").write_text("Dogs bark at night.")
    assert qa("ingest").returncode == 0
    (tmp_path / "seeds" / "cats.txt").write_text("Cats sleep at noon.")
    (tmp_path / "seeds" / "dogs.txt").rename(tmp_path / "seeds" / "hounds.txt")
    (tmp_path / "seeds" / "birds.txt").write_text("Birds sing early.")
    run = qa("ingest", "--dry-run", "--model", "no/such")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [
        "would add     seeds/birds.txt",
        "would update  seeds/cats.txt",
        "would move    seeds/dogs.txt to seeds/hounds.txt",
        "added 1, updated 1, moved 1, unchanged 0, removed 0, failed 0 (nothing was changed)",
    ]
    assert "Cats sleep all day" in qa("ask", "When do cats sleep?").stdout

"""A store stays in step with files: counted by what had to be embedded."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path, PurePath

import pytest

from qa import QA, feedback, keys
from qa.errors import StoreMismatchError
from qa.parsing import parse
from qa.store.store import PRIVATE
from qa.types import Document


@pytest.fixture
def docs(bot: QA) -> Path:
    return bot.settings.seeds


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")


def counts(report) -> dict[str, int]:
    values = report.to_dict()
    values["failed"] = len(values["failed"])
    return {name: value for name, value in values.items() if value}


def answer_path(bot: QA, question: str) -> str:
    return Path(bot.ask(question).passages[0].source.path).name


def test_new_unchanged_changed_and_vanished_files(bot, docs):
    write(docs, cats="Cats sleep all day.", dogs="Dogs bark at night.", birds="Birds sing early.")
    assert counts(bot.ingest()) == {"added": 3, "embedded": 3}
    assert counts(bot.ingest()) == {"unchanged": 3}
    write(docs, dogs="Dogs guard the house.")
    (docs / "birds.txt").unlink()
    assert counts(bot.ingest()) == {"updated": 1, "unchanged": 1, "removed": 1, "embedded": 1}
    assert sorted(Path(info.path).name for info in bot.documents()) == ["cats.txt", "dogs.txt"]
    assert bot.ask("What do dogs do?").passages[0].text == "Dogs guard the house."
    assert bot.status()["passages"] == bot.status()["embeddings"] == 2


def test_an_unchanged_store_gets_no_new_generation(bot, docs):
    write(docs, cats="Cats sleep all day.")
    bot.ingest()
    generation = bot.status()["generation"]
    bot.ingest()
    assert bot.status()["generation"] == generation


def test_a_renamed_or_moved_file_is_not_embedded_again(bot, docs):
    write(docs, cats="Cats sleep all day.")
    bot.ingest()
    (docs / "sub").mkdir()
    (docs / "cats.txt").rename(docs / "sub" / "tigers.txt")
    report = bot.ingest()
    assert counts(report) == {"moved": 1}
    assert report.moved == {str(docs / "sub" / "tigers.txt"): str(docs / "cats.txt")}
    assert answer_path(bot, "What do cats do?") == "tigers.txt"


def test_identical_copies_are_one_document_with_all_paths(bot, docs):
    write(docs, a="Cats sleep all day.", b="Cats sleep all day.")
    assert counts(bot.ingest()) == {"added": 2, "embedded": 1}
    write(docs, c="Cats sleep all day.")
    assert counts(bot.ingest()) == {"added": 1, "unchanged": 2}
    (info,) = bot.documents()
    assert [Path(path).name for path in info.paths] == ["a.txt", "b.txt", "c.txt"]
    assert len(bot.ask("What do cats do?").passages) == 1
    (docs / "a.txt").unlink()
    write(docs, b="Dogs bark at night.")
    assert counts(bot.ingest()) == {"updated": 1, "unchanged": 1, "removed": 1, "embedded": 1}
    assert answer_path(bot, "What do cats do?") == "c.txt"


def test_two_files_that_swap_their_contents(bot, docs):
    write(docs, a="Cats sleep all day.", b="Dogs bark at night.")
    bot.ingest()
    write(docs, b="Cats sleep all day.", a="Dogs bark at night.")
    assert counts(bot.ingest()) == {"updated": 2}
    assert answer_path(bot, "What do cats do?") == "b.txt"
    assert answer_path(bot, "What do dogs do?") == "a.txt"


def test_files_that_swap_their_contents_with_many_new_ones_between(bot, docs):
    write(docs, a="Cats sleep all day.", z="Dogs bark at night.")
    bot.ingest()
    write(docs, a="Dogs bark at night.", z="Cats sleep all day.")
    write(docs, **{f"m{n:03}": f"Report {n} is about harbour {n * 7}." for n in range(200)})
    report = bot.ingest()
    assert (len(report.added), len(report.updated)) == (200, 2)
    assert answer_path(bot, "What do cats do?") == "z.txt"
    assert answer_path(bot, "What do dogs do?") == "a.txt"
    assert bot.examine() == []


def test_only_what_lies_below_the_ingested_roots_is_removed(bot, docs, tmp_path):
    other = tmp_path / "docs-other"  # its name begins as the other's does
    other.mkdir()
    write(docs, cats="Cats sleep all day.")
    write(other, dogs="Dogs bark at night.")
    bot.ingest([docs, other])
    (docs / "cats.txt").unlink()
    (other / "dogs.txt").unlink()
    write(docs, birds="Birds sing early.")
    assert counts(bot.ingest([docs])) == {"added": 1, "removed": 1, "embedded": 1}
    assert len(bot.documents()) == 2
    assert counts(bot.ingest([other])) == {"removed": 1}


def test_a_named_file_that_is_gone_is_removed_and_a_missing_folder_empties_nothing(bot, docs):
    write(docs, cats="Cats sleep all day.", dogs="Dogs bark at night.")
    bot.ingest()
    (docs / "cats.txt").unlink()
    assert counts(bot.ingest([docs / "cats.txt"])) == {"removed": 1}
    docs.rename(docs.with_name("away"))
    assert counts(bot.ingest([docs])) == {"failed": 1}
    assert len(bot.documents()) == 1


def test_a_bad_file_is_reported_and_the_rest_goes_in(bot, docs):
    write(docs, good="Cats sleep all day.", empty="", blank=" \n ")
    (docs / "binary.txt").write_bytes(b"\x00\x01" * 100)
    (docs / "broken.txt").symlink_to(docs / "nowhere")
    (docs / "endless.txt").symlink_to("/dev/zero")
    os.mkfifo(docs / "pipe.txt")
    (docs / "picture.jpg").write_bytes(b"\xff\xd8")
    (docs / ".hidden.txt").write_text("hidden")
    report = bot.ingest()
    assert [Path(path).name for path in report.added] == ["good.txt"]
    assert {Path(skip.path).name: skip.reason for skip in report.skipped} == {
        "broken.txt": "it is a link that leads nowhere",
        "endless.txt": "it is not a regular file",
        "picture.jpg": "its format isn't supported",
        "pipe.txt": "it is not a regular file",
    }
    reasons = {Path(f.path).name: f.reason for f in report.failed}
    assert sorted(reasons) == ["binary.txt", "blank.txt", "empty.txt"]
    assert "binary" in reasons["binary.txt"]
    assert "no text" in reasons["empty.txt"]
    assert bot.ask("What do cats do?").passages[0].text == "Cats sleep all day."


def test_a_file_that_can_be_opened_but_not_read_is_reported(bot, docs):
    write(docs, good="Cats sleep all day.")
    (docs / "memory.txt").symlink_to("/proc/self/mem")  # reading its first byte is an I/O error
    report = bot.ingest()
    assert [Path(f.path).name for f in report.failed] == ["memory.txt"]
    assert "can't be read" in report.failed[0].reason


def test_an_unreadable_file_keeps_what_it_said_and_a_spoilt_one_does_not(bot, docs):
    write(docs, cats="Cats sleep all day.", dogs="Dogs bark at night.")
    bot.ingest()
    for name in ("cats", "dogs"):
        (docs / f"{name}.txt").unlink()
    (docs / "cats.txt").symlink_to("/proc/self/mem")
    (docs / "dogs.txt").write_bytes(b"\x00" * 10)
    assert counts(bot.ingest()) == {"removed": 1, "failed": 2}
    assert [Path(info.path).name for info in bot.documents()] == ["cats.txt"]


def test_a_file_over_the_limit_is_reported_with_the_way_out(tmp_path):
    (tmp_path / "docs").mkdir()
    big = tmp_path / "docs" / "big.txt"
    big.write_text("word " * 500)
    bot = QA.open(tmp_path / "vectors", max_file_mb=0.001)
    (failure,) = bot.ingest([big]).failed
    assert "limit" in failure.reason
    assert "QA_MAX_FILE_MB" in failure.reason
    assert QA.open(tmp_path / "vectors").ingest([big]).added == [str(big)]


def test_a_root_given_twice_or_within_another_counts_once(bot, docs):
    (docs / "sub").mkdir()
    write(docs / "sub", cats="Cats sleep all day.")
    report = bot.ingest([docs, docs / "sub", docs / "." / "sub" / "cats.txt"])
    assert counts(report) == {"added": 1, "embedded": 1}


def test_the_store_may_lie_within_what_is_ingested(tmp_path):
    write(tmp_path, cats="Cats sleep all day.")
    bot = QA.open(tmp_path / "vectors")
    assert counts(bot.ingest([tmp_path])) == {"added": 1, "embedded": 1}


def test_another_passage_size_needs_a_rebuild_that_keeps_every_document(bot, docs, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write(docs, cats="Cats sleep all day. " * 40)
    write(elsewhere, dogs="Dogs bark at night. " * 40)
    bot.ingest([docs, elsewhere])
    (elsewhere / "dogs.txt").unlink()  # its text is in the store: a rebuild doesn't need the file
    smaller = QA.open(tmp_path / "vectors", seeds=docs, passage_tokens=32)
    with pytest.raises(StoreMismatchError, match="--rebuild"):
        smaller.ingest()
    before = bot.status()
    report = smaller.ingest(rebuild=True)
    after = smaller.status()
    assert counts(report) == {"unchanged": 1, "embedded": after["passages"]}
    assert after["documents"] == before["documents"] == 2
    assert after["passages"] > 2 * before["passages"]
    assert after["passage_tokens"] == 32
    assert answer_path(smaller, "What do dogs do?") == "dogs.txt"


def test_progress_is_told_after_each_file(bot, docs):
    write(docs, a="Cats sleep.", b="Dogs bark.", c="")
    seen = []
    bot.ingest(on_progress=lambda progress: seen.append((progress.done, progress.total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_many_small_documents_are_embedded_together(bot, docs):
    for number in range(300):
        write(docs, **{f"n{number}": f"Note {number} says that item {number * 7} was delivered."})
    report = bot.ingest()
    assert len(report.added) == report.embedded == 300
    assert answer_path(bot, "What does note 123 say?") == "n123.txt"


def test_a_persons_own_files_beside_the_store_are_left_alone(tmp_path):
    write(tmp_path, cats="Cats sleep all day.")
    own = [tmp_path / "dense-forest.txt", tmp_path / "dense-1.faiss.bak"]
    for file in own:
        file.write_text("Trees stand close together.")
    (tmp_path / "dense-folder").mkdir()
    bot = QA.open(tmp_path)  # the store is the folder of the documents
    bot.ingest([tmp_path])
    write(tmp_path, dogs="Dogs bark at night.")
    bot.ingest([tmp_path])
    assert all(file.is_file() for file in own)


def test_keys_and_verdicts_are_no_documents_even_where_documents_lie_beside_them(tmp_path):
    assert {keys.FILE, feedback.FILE, feedback.REVIEW_FILE} == PRIVATE
    write(tmp_path, cats="Cats sleep all day.")
    for name in PRIVATE:
        (tmp_path / name).write_text('{"text": "This is secret."}')
    bot = QA.open(tmp_path)
    assert counts(bot.ingest([tmp_path]))["added"] == 1
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "keys.json").write_text('{"text": "Pianos have 88 keys."}')
    assert counts(bot.ingest([tmp_path]))["added"] == 1


def test_a_file_that_outgrew_the_limit_no_longer_answers(tmp_path):
    (tmp_path / "docs").mkdir()
    write(tmp_path / "docs", cats="Cats sleep all day.")
    bot = QA.open(tmp_path / "vectors", max_file_mb=0.001)
    bot.ingest([tmp_path / "docs"])
    write(tmp_path / "docs", cats="Dogs bark at night. " * 100)
    assert counts(bot.ingest([tmp_path / "docs"])) == {"removed": 1, "failed": 1}
    assert bot.documents() == []


def test_a_rebuild_needs_no_seeds_and_brings_none_in(bot, docs, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    write(other, cats="Cats sleep all day.")
    bot.ingest([other])
    write(docs, dogs="Dogs bark at night.")
    assert counts(bot.ingest(rebuild=True)) == {"embedded": 1}
    assert [Path(info.path).name for info in bot.documents()] == ["cats.txt"]


def test_removing_a_document_does_not_finish_an_unfinished_ingest(bot, docs):
    write(docs, cats="Cats sleep all day.", dogs="Dogs bark at night.")
    bot.ingest()
    with bot.store.snapshot() as snapshot:
        identity = snapshot.identity
    with bot.store.writer(identity) as writer:
        writer.remove_path(str(docs / "cats.txt"))
        writer.commit(final=False)  # and then it is ended by force
    bot.remove(str(docs / "dogs.txt"))
    assert bot.status()["complete"] is False
    bot.ingest()
    assert bot.status()["complete"] is True


# ---------------------------------------------------------------- documents from elsewhere


def parsed(text: str, path: str) -> Document:
    return parse(text.encode(), PurePath(path))


def test_documents_that_come_from_no_file_are_added_once(bot):
    cats, dogs = parsed("Cats sleep all day.", "mail:1.txt"), parsed("Dogs bark.", "mail:2.txt")
    assert counts(bot.add([cats, dogs])) == {"added": 2, "embedded": 2}
    assert bot.ask("What do cats do?").passages[0].source.path == "mail:1.txt"
    generation = bot.status()["generation"]
    assert counts(bot.add([dogs, cats])) == {"unchanged": 2}
    assert bot.status()["generation"] == generation
    assert bot.status()["documents"] == 2


def test_a_document_added_again_from_another_path_has_both(bot):
    cats = parsed("Cats sleep all day.", "mail:1.txt")
    copy = replace(cats, paths=("mail:2.txt", "mail:3.txt"))
    assert counts(bot.add([cats, copy])) == {"added": 1, "unchanged": 1, "embedded": 1}
    assert counts(bot.add([replace(cats, paths=("mail:4.txt",))])) == {"unchanged": 1}
    (info,) = bot.documents()
    assert info.paths == ("mail:1.txt", "mail:2.txt", "mail:3.txt", "mail:4.txt")


def test_another_document_at_a_path_takes_the_place_of_the_one_before(bot):
    bot.add([parsed("Cats sleep all day.", "mail:1.txt")])
    assert counts(bot.add([parsed("Dogs bark at night.", "mail:1.txt")])) == {
        "added": 1, "embedded": 1
    }  # fmt: skip
    (info,) = bot.documents()
    assert bot.document(info.id)[0].text == "Dogs bark at night."


def test_language_and_metadata_of_added_documents_are_kept_and_files_do_not_disturb_them(bot, docs):
    text = "Kediler bütün gün uyur, köpekler bütün gece havlar."
    bot.add([replace(parsed(text, "mail:1.txt"), metadata={"from": "Ayşe"})])
    write(docs, birds="Birds sing early in the morning.")
    assert counts(bot.ingest()) == {"added": 1, "embedded": 1}
    by_path = {Path(info.path).name: info for info in bot.documents()}
    assert by_path["mail:1.txt"].to_dict()["metadata"] == {"from": "Ayşe"}
    assert {name: info.language for name, info in by_path.items()} == {
        "mail:1.txt": "tr", "birds.txt": "en"
    }  # fmt: skip
    bot.ingest(rebuild=True)
    by_path = {Path(info.path).name: info for info in bot.documents()}
    assert (by_path["mail:1.txt"].language, by_path["mail:1.txt"].metadata) == (
        "tr", {"from": "Ayşe"}
    )  # fmt: skip

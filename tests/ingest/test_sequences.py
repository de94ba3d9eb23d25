"""Sequences of changes after which a store once wasn't what the files say."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from qa import QA
from qa.ingest.report import Progress
from tests.samples import Sample, message

HEADED = "# Beta head\n\nBeta two goes to the harbour.\n"
LONG = "# Report\n\n" + "\n\n".join(
    f"Paragraph {n} speaks of harbour {n * 7}. " + "It goes on for a while. " * 12
    for n in range(90)
)
"""More passages than are committed together."""


@pytest.fixture
def docs(bot: QA) -> Path:
    return bot.settings.seeds


def cut_off(bot: QA, file: Path) -> None:
    """Ingests a file, and ends the next ingest in the midst of what it became."""

    def on_progress(progress: Progress) -> None:
        if Path(progress.path) == file:
            raise RuntimeError

    file.write_text("Cats sleep all day.")
    bot.ingest()
    file.write_text(LONG)
    with pytest.raises(RuntimeError):
        bot.ingest(on_progress=on_progress)


def texts(bot: QA, docs: Path) -> dict[str, str]:
    """What is said at each path; after checks that nothing is wrong or left to do."""
    assert bot.examine() == []
    again = bot.ingest()
    assert (again.changed, again.embedded, again.failed) == (0, 0, [])
    return {
        str(Path(path).relative_to(docs)): bot.document(info.id)[0].text
        for info in bot.documents()
        for path in info.paths
    }


def test_a_sidecar_and_a_copy_of_another_format_at_once(bot, docs):
    (docs / "a.txt").write_text(HEADED)
    bot.ingest()
    (docs / "a.txt.meta.json").write_text(json.dumps({"date": "2020-01-02"}))
    (docs / "c.md").write_text(HEADED)
    bot.ingest()
    assert texts(bot, docs)["a.txt"] == HEADED


def test_a_long_document_moves_to_another_format_and_a_new_one_takes_its_place(bot, docs):
    (docs / "a.txt").write_text(LONG)
    bot.ingest()
    (docs / "a.txt").rename(docs / "b.md")
    (docs / "a.txt").write_text("Something short.")
    bot.ingest()
    found = texts(bot, docs)
    assert found["a.txt"] == "Something short."
    assert found["b.md"].startswith("Report\n\nParagraph 0")


def test_a_change_that_was_cut_off_and_taken_back(bot, docs):
    cut_off(bot, docs / "a.txt")
    (docs / "a.txt").write_text("Cats sleep all day.")
    bot.ingest()
    assert texts(bot, docs) == {"a.txt": "Cats sleep all day."}


def test_a_change_that_was_cut_off_and_its_old_words_elsewhere(bot, docs):
    cut_off(bot, docs / "a.txt")
    (docs / "b.txt").write_text("Cats sleep all day.")
    bot.ingest()
    assert texts(bot, docs) == {"a.txt": LONG, "b.txt": "Cats sleep all day."}


def test_a_copy_takes_nothing_from_what_is_known(bot, docs):
    (docs / "a.txt").write_text(HEADED)
    (docs / "a.txt.meta.json").write_text(json.dumps({"title": "T", "author": "me"}))
    bot.ingest()
    shutil.copy(docs / "a.txt", docs / "b.txt")
    shutil.copy(docs / "a.txt", docs / "c.md")
    bot.ingest()
    (info,) = bot.documents()
    assert (info.title, info.metadata, info.media_type) == ("T", {"author": "me"}, "text/plain")
    (docs / "a.txt").unlink()
    (docs / "a.txt.meta.json").unlink()
    (docs / "c.md").unlink()
    bot.ingest()
    (info,) = bot.documents()
    assert (info.metadata, info.media_type) == ({}, "text/plain")
    assert texts(bot, docs) == {"b.txt": HEADED}


def test_what_is_left_is_read_as_what_it_is(bot, docs):
    (docs / "c.md").write_text(HEADED)
    bot.ingest()
    with zipfile.ZipFile(docs / "z.zip", "w") as archive:
        archive.writestr("y.txt", HEADED)
    bot.ingest()
    (docs / "c.md").unlink()
    bot.ingest()
    (info,) = bot.documents()
    assert info.media_type == "text/plain"
    assert texts(bot, docs) == {"z.zip/y.txt": HEADED}


def test_a_message_that_was_uploaded_has_its_attachments_where_it_is_ingested(bot, docs):
    mail = message(Sample("The keeper is Edith Marlow.", "Staff"))
    mail.add_attachment("The dredger is called Marigold.", filename="boats.txt")
    bot.library.upload(io.BytesIO(mail.as_bytes()), "m.eml")
    (docs / "k.eml").write_bytes(mail.as_bytes())
    bot.ingest()
    paths = {path for info in bot.documents() for path in info.paths}
    assert {str(docs / "k.eml"), str(docs / "k.eml" / "boats.txt")} <= paths


def test_an_archive_gives_way_to_a_folder_of_its_name(bot, docs):
    with zipfile.ZipFile(docs / "x.zip", "w") as archive:
        archive.writestr("a.txt", HEADED)
    bot.ingest()
    (docs / "x.zip").unlink()
    (docs / "x.zip").mkdir()
    (docs / "x.zip" / "a.txt").write_text(HEADED)
    bot.ingest()
    assert texts(bot, docs) == {"x.zip/a.txt": HEADED}
    shutil.rmtree(docs / "x.zip")
    bot.ingest()
    assert texts(bot, docs) == {}


def test_verify_believes_bytes_and_no_record(bot, docs):
    cut_off(bot, docs / "a.txt")
    (docs / "a.txt").write_text("Cats sleep all day.")
    states = {state.state.value for state in bot.verify()}
    assert states <= {"changed", "unchanged"}
    for document in bot.verify():
        says = bot.document(document.document_id)[0].text
        assert (says == "Cats sleep all day.") == (document.state.value == "unchanged")

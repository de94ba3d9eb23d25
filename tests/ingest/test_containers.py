"""Documents within archives, mailboxes and feeds stay in step with the file that holds them."""

from __future__ import annotations

import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from qa import QA
from tests.samples import FORMATS, Sample, message

KEEPER = Sample("The keeper of the lighthouse is Edith Marlow.", "Staff")


@pytest.fixture
def docs(bot: QA) -> Path:
    return bot.settings.seeds


def write_zip(path: Path, **texts: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"{name}.txt", text)


def counts(report) -> dict[str, int]:
    values = report.to_dict()
    return {name: len(v) if isinstance(v, list) else v for name, v in values.items() if v}


def paths(bot: QA) -> list[str]:
    docs = bot.settings.seeds
    return sorted(
        str(Path(path).relative_to(docs)) for info in bot.documents() for path in info.paths
    )


def test_each_document_of_an_archive_is_one_with_a_path_in_it(bot, docs):
    write_zip(docs / "a.zip", cats="Cats sleep all day.", dogs="Dogs bark at night.")
    assert counts(bot.ingest()) == {"added": 2, "embedded": 2}
    assert paths(bot) == ["a.zip/cats.txt", "a.zip/dogs.txt"]
    source = bot.ask("What do dogs do?").passages[0].source
    assert source.path == str(docs / "a.zip" / "dogs.txt")


def test_an_archive_that_is_the_same_is_not_opened_again(bot, docs):
    write_zip(docs / "a.zip", cats="Cats sleep all day.", dogs="Dogs bark at night.")
    bot.ingest()
    generation = bot.status()["generation"]
    assert counts(bot.ingest()) == {"unchanged": 2}
    assert bot.status()["generation"] == generation


def test_of_a_changed_archive_only_what_changed_is_embedded(bot, docs):
    write_zip(docs / "a.zip", cats="Cats sleep all day.", dogs="Dogs bark.", birds="Birds sing.")
    bot.ingest()
    write_zip(docs / "a.zip", cats="Cats sleep all day.", dogs="Dogs guard.", fish="Fish swim.")
    report = bot.ingest()
    assert counts(report) == {
        "added": 1, "updated": 1, "unchanged": 1, "removed": 1, "embedded": 2
    }  # fmt: skip
    assert report.removed == [str(docs / "a.zip" / "birds.txt")]
    assert paths(bot) == ["a.zip/cats.txt", "a.zip/dogs.txt", "a.zip/fish.txt"]
    assert counts(bot.ingest()) == {"unchanged": 3}


def test_a_renamed_archive_is_moved_with_all_that_is_in_it(bot, docs):
    write_zip(docs / "a.zip", cats="Cats sleep all day.", dogs="Dogs bark at night.")
    bot.ingest()
    (docs / "sub").mkdir()
    (docs / "a.zip").rename(docs / "sub" / "b.zip")
    assert counts(bot.ingest()) == {"moved": 2}
    assert paths(bot) == ["sub/b.zip/cats.txt", "sub/b.zip/dogs.txt"]
    assert counts(bot.ingest()) == {"unchanged": 2}


def test_an_archive_that_is_gone_takes_its_documents_with_it(bot, docs):
    write_zip(docs / "a.zip", cats="Cats sleep all day.", dogs="Dogs bark at night.")
    shutil.copy(docs / "a.zip", docs / "b.zip")
    (docs / "dogs.txt").write_text("Dogs bark at night.")
    assert counts(bot.ingest()) == {"added": 5, "embedded": 2}
    (docs / "a.zip").unlink()
    (docs / "b.zip").unlink()
    assert counts(bot.ingest()) == {"unchanged": 1, "removed": 4}
    assert paths(bot) == ["dogs.txt"]


def test_a_file_that_is_packed_or_unpacked_is_not_embedded_again(bot, docs):
    (docs / "cats.txt").write_text("Cats sleep all day.")
    bot.ingest()
    (docs / "cats.txt").unlink()
    write_zip(docs / "a.zip", cats="Cats sleep all day.")
    assert counts(bot.ingest()) == {"moved": 1}
    assert paths(bot) == ["a.zip/cats.txt"]


def test_what_is_broken_in_an_archive_is_named_each_time_and_the_rest_goes_in(bot, docs):
    with zipfile.ZipFile(docs / "a.zip", "w") as archive:
        archive.writestr("cats.txt", "Cats sleep all day.")
        archive.writestr("scan.pdf", b"%PDF-1.7 torn off")
    first = bot.ingest()
    assert counts(first) == {"added": 1, "failed": 1, "embedded": 1}
    assert first.failed[0].path == str(docs / "a.zip" / "scan.pdf")
    again = bot.ingest()
    assert counts(again) == {"unchanged": 1, "failed": 1}
    assert again.failed == first.failed
    (docs / "a.zip").rename(docs / "b.zip")
    moved = bot.ingest()
    assert counts(moved) == {"moved": 1, "failed": 1}
    assert moved.failed[0].path == str(docs / "b.zip" / "scan.pdf")


def test_an_archive_that_got_broken_no_longer_says_what_it_said(bot, docs):
    write_zip(docs / "a.zip", cats="Cats sleep all day.")
    (docs / "dogs.txt").write_text("Dogs bark at night.")
    bot.ingest()
    data = (docs / "a.zip").read_bytes()
    (docs / "a.zip").write_bytes(data[: len(data) // 2])
    assert counts(bot.ingest()) == {"unchanged": 1, "removed": 1, "failed": 1}
    (docs / "a.zip").write_bytes(data)
    assert counts(bot.ingest()) == {"added": 1, "unchanged": 1, "embedded": 1}


def test_a_message_and_what_is_attached_to_it_are_documents(bot, docs):
    mail = message(KEEPER)
    mail.add_attachment("The dredger is called Marigold.", filename="boats.txt")
    (docs / "mail.eml").write_bytes(mail.as_bytes())
    assert counts(bot.ingest()) == {"added": 2, "embedded": 2}
    assert paths(bot) == ["mail.eml", "mail.eml/boats.txt"]
    assert counts(bot.ingest()) == {"unchanged": 2}
    (docs / "mail.eml").rename(docs / "letter.eml")
    assert counts(bot.ingest()) == {"moved": 2}
    assert paths(bot) == ["letter.eml", "letter.eml/boats.txt"]


def test_a_removed_document_comes_back_with_the_next_ingest_of_its_archive(bot, docs):
    write_zip(docs / "a.zip", cats="Cats sleep all day.", dogs="Dogs bark at night.")
    bot.ingest()
    bot.remove(str(docs / "a.zip" / "cats.txt"))
    assert paths(bot) == ["a.zip/dogs.txt"]
    assert counts(bot.ingest()) == {"added": 1, "unchanged": 1, "embedded": 1}


def test_an_ingest_that_was_killed_within_an_archive_goes_on_with_it(bot, docs):
    FORMATS["archive.zip"].write(docs / "a.zip", KEEPER)
    bot.ingest()
    with closing(sqlite3.connect(bot.store.catalog_path)) as connection, connection:
        connection.execute("DELETE FROM files")  # as if the end of the file was never reached
        connection.execute("DELETE FROM paths WHERE path LIKE '%other.txt'")
        connection.execute(
            "DELETE FROM documents WHERE key NOT IN (SELECT document_key FROM paths)"
        )
    assert counts(bot.ingest()) == {"added": 1, "unchanged": 1, "embedded": 1}
    assert counts(bot.ingest()) == {"unchanged": 2}


def test_an_archive_cut_short_and_gone_before_the_next_ingest_leaves_nothing(bot, docs):
    FORMATS["archive.zip"].write(docs / "a.zip", KEEPER)
    bot.ingest()
    with closing(sqlite3.connect(bot.store.catalog_path)) as connection, connection:
        connection.execute("DELETE FROM files")
    (docs / "a.zip").unlink()
    (docs / "dogs.txt").write_text("Dogs bark at night.")
    bot.ingest()
    assert paths(bot) == ["dogs.txt"]

"""What is said of a document, in it or beside it, is known of it, and kept in step."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path

import pytest

from qa import QA
from qa.types import DocumentInfo


@pytest.fixture
def docs(bot: QA) -> Path:
    return bot.settings.seeds


def say(file: Path, **fields: object) -> None:
    file.write_text(json.dumps(fields), encoding="utf-8")


def only(bot: QA, *where: str) -> DocumentInfo:
    (info,) = bot.documents(where=where)
    return info


def test_a_sidecar_says_title_author_date_language_and_anything_else(bot, docs):
    (docs / "cats.txt").write_text("Cats sleep all day. They hunt at night.")
    say(
        docs / "cats.txt.meta.json",
        title="Of cats", author="Ada Brook", date="2024-03-05", language="de",
        section="Animals", pages=12, tags=["pets", "sleep"], checked=True, note=None,
    )  # fmt: skip
    bot.ingest()
    info = only(bot)
    assert (info.title, info.published, info.language) == ("Of cats", date(2024, 3, 5), "de")
    assert info.metadata == {
        "author": "Ada Brook", "section": "Animals", "pages": "12", "tags": "pets, sleep",
        "checked": "true",
    }  # fmt: skip
    for where in ("author=Ada Brook", "section=animals", "pages>10", "tags~pets", "date>=2024"):
        assert only(bot, where).id == info.id
    assert bot.documents(where=["section=Plants"]) == []
    source = bot.ask("When do cats hunt?", where=["section=Animals"]).passages[0].source
    assert (source.title, source.date) == ("Of cats", date(2024, 3, 5))


def test_a_sidecar_may_be_named_without_the_files_ending_and_is_no_document(bot, docs):
    (docs / "cats.txt").write_text("Cats sleep all day.")
    say(docs / "cats.meta.json", section="Animals")
    report = bot.ingest()
    assert (len(report.added), report.failed) == (1, [])
    assert only(bot).metadata == {"section": "Animals"}


def test_a_changed_sidecar_changes_what_is_known_and_embeds_nothing(bot, docs):
    (docs / "cats.txt").write_text("Cats sleep all day.")
    bot.ingest()
    say(docs / "cats.txt.meta.json", section="Animals", date="2024-03-05")
    report = bot.ingest()
    assert (len(report.updated), report.embedded) == (1, 0)
    assert (only(bot).metadata, only(bot).published) == ({"section": "Animals"}, date(2024, 3, 5))
    assert len(bot.ingest().unchanged) == 1
    (docs / "cats.txt.meta.json").unlink()
    report = bot.ingest()
    assert (len(report.updated), report.embedded) == (1, 0)
    assert (only(bot).metadata, only(bot).published) == ({}, None)


def test_a_title_that_is_embedded_is_embedded_anew(bot, docs):
    (docs / "cats.txt").write_text("They sleep all day.")
    bot.ingest()
    say(docs / "cats.txt.meta.json", title="The life of cats")
    assert bot.ingest().embedded == 1
    assert only(bot).title == "The life of cats"
    assert "life of cats" in bot.ask("What is the life of cats?").passages[0].source.title


def test_a_sidecar_that_cannot_be_read_is_named_and_the_document_goes_in(bot, docs):
    (docs / "cats.txt").write_text("Cats sleep all day.")
    for text, reason in (
        ("{", "isn't valid JSON"),
        ("[1]", "isn't a JSON object"),
        ('{"date": "the day before"}', "its date 'the day before'"),
        ('{"language": "Elvish"}', "its language 'Elvish'"),
        ('{"a": {"b": 1}}', "its field 'a' is an object"),
        ("[" * 100_000, "isn't valid JSON"),
    ):
        (docs / "cats.txt.meta.json").write_text(text)
        report = bot.ingest()
        (failure,) = report.failed
        assert failure.path == str(docs / "cats.txt.meta.json")
        assert reason in failure.reason
        assert only(bot).metadata == {}
    assert bot.ingest().failed, "it is named each time"
    say(docs / "cats.txt.meta.json", section="Animals")
    assert bot.ingest().failed == []
    assert only(bot).metadata == {"section": "Animals"}


def test_a_sidecar_moves_with_its_file(bot, docs):
    (docs / "cats.txt").write_text("Cats sleep all day.")
    say(docs / "cats.txt.meta.json", section="Animals")
    bot.ingest()
    for name in ("cats.txt", "cats.txt.meta.json"):
        (docs / name).rename(docs / name.replace("cats", "tigers"))
    report = bot.ingest()
    assert (len(report.moved), report.embedded) == (1, 0)
    assert only(bot).metadata == {"section": "Animals"}


def test_what_is_said_of_an_archive_holds_for_all_in_it_but_the_title(bot, docs):
    with zipfile.ZipFile(docs / "a.zip", "w") as archive:
        archive.writestr("cats.txt", "Cats sleep all day.")
        archive.writestr("dogs.txt", "Dogs bark at night.")
    say(docs / "a.zip.meta.json", section="Animals", title="All animals")
    bot.ingest()
    for info in bot.documents():
        assert info.metadata == {"section": "Animals"}
        assert info.title != "All animals"


def test_front_matter_and_the_elements_of_a_page_say_it_too(bot, docs):
    (docs / "cats.md").write_text(
        "---\ntitle: Of cats\nauthor: Ada Brook\nlanguage: de\nsection: Animals\n---\n\nCats sleep."
    )
    (docs / "dogs.html").write_text(
        "<html><head><title>Of dogs</title><meta name='author' content='Bo Lind'>"
        "<meta property='article:section' content='Animals'></head>"
        "<body><h1>Of dogs</h1><p>Dogs bark at night, and guard the house by day.</p></body></html>"
    )
    bot.ingest()
    assert {info.title for info in bot.documents(where=["section=Animals"])} == {
        "Of cats", "Of dogs"
    }  # fmt: skip
    assert only(bot, "author=Ada Brook").language == "de"
    assert only(bot, "author=Bo Lind").title == "Of dogs"


def test_a_title_made_of_the_files_name_is_renamed_with_the_file(bot, docs):
    (docs / "boats.csv").write_text("Boat;Length\nMarigold;12\n")
    bot.ingest()
    assert only(bot).title == "boats"
    (docs / "boats.csv").rename(docs / "ships.csv")
    assert len(bot.ingest().moved) == 1
    assert only(bot).title == "ships"


def test_a_file_renamed_to_another_format_is_read_as_that(bot, docs):
    (docs / "notes.txt").write_text("# Of cats\n\nCats sleep all day.\n")
    bot.ingest()
    assert only(bot).media_type == "text/plain"
    (docs / "notes.txt").rename(docs / "notes.md")
    report = bot.ingest()
    assert len(report.moved) == 1
    assert only(bot).media_type == "text/markdown"
    assert bot.ask("What do cats do?").passages[0].source.heading == "Of cats"


def test_other_settings_of_a_parser_read_its_files_again(bot, docs):
    (docs / "one.json").write_text('{"text": "Cats sleep all day.", "lead": "Dogs bark at night."}')
    bot.ingest()
    other = QA.open(bot.store.folder, seeds=docs, json_text=["lead"])
    report = other.ingest()
    assert (len(report.updated), report.embedded) == (1, 1)
    assert other.document(only(bot).id)[0].text == "Dogs bark at night."
    assert len(other.ingest().unchanged) == 1

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.parsing import parse
from qa.parsing.base import decode
from tests.conftest import SEED


def parse_text(data: str | bytes, name: str = "note.txt"):
    return parse(data.encode() if isinstance(data, str) else data, Path(name))


def test_the_seed_article_keeps_its_text_and_states_its_date():
    document = parse(SEED.read_bytes(), SEED)
    assert document.text == SEED.read_text(encoding="utf-8")
    assert document.published == date(2023, 10, 3)
    assert document.title.startswith("Minister of Foreign Affairs of the Republic of Azerbaijan")
    assert not document.title_stated


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-04 Something happened.", date(2024, 3, 4)),
        ("Published: 2021-02-03T10:00:00Z\n\nText.", date(2021, 2, 3)),
        ("March 4, 2024 - Something happened.", date(2024, 3, 4)),
        ("LONDON, 4 March 2024 (Reuters) - Something happened.", date(2024, 3, 4)),
        ("A title\n\nDate: 2024-03-04\nSomething happened.", date(2024, 3, 4)),
        ("Something happened on 2024-03-04.", None),  # a date told of is not the document's
        ("2024-13-45 is no date.", None),
        ("BAKU, Azerbaijan, October 3. No year, no date.", None),
        ("Plain text.", None),
    ],
)
def test_a_date_is_taken_from_the_opening_only(text, expected):
    assert parse_text(text).published == expected


@pytest.mark.parametrize(
    ("text", "title", "stated"),
    [
        ("Annual report\n\nIt was a good year.", "Annual report", True),
        ("It was a good year. We grew.", "It was a good year.", False),
        ("2024-03-04 It was a good year. We grew.", "It was a good year.", False),
        ("This ends as a sentence.\n\nSo it is no title.", "This ends as a sentence.", False),
    ],
)
def test_a_title_is_the_title_line_or_the_first_sentence(text, title, stated):
    document = parse_text(text)
    assert (document.title, document.title_stated) == (title, stated)


def test_a_long_first_sentence_is_cut_between_words():
    title = parse_text("word " * 100 + ".").title
    assert len(title) <= 121
    assert title.endswith("word…")


def test_a_document_without_sentences_is_called_by_its_file_name():
    assert parse_text("2024-03-04", "minutes.txt").title in ("2024-03-04", "minutes")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_common_encodings_are_read(encoding):
    text = "Die Straße führt über die Brücke und über schöne Hügel nach Süden. " * 3
    assert parse_text(text.encode(encoding)).text == text


def test_a_few_words_in_a_western_encoding_are_no_chinese():
    text = "Boat;Remark\nYacht;für Gäste\n"
    assert parse_text(text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("shift_jis", "港の管理人は灯台を見守っています。船は夏に多く入港します。" * 3),
        ("gb18030", "港口管理员看守灯塔。夏天有很多船只进港。今年的费用在五月到期。" * 3),
        ("cp1251", "Смотритель маяка живёт на холме. Летом в гавань приходит много лодок." * 3),
    ],
)
def test_other_scripts_in_their_usual_encodings(encoding, text):
    assert parse_text(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x00\x01\x02\x03", "binary"),
        (bytes(range(128, 256)) * 20, "no known encoding"),
        ("﻿".encode("utf-16") + b"\xd8", "utf-16"),
        (b"", "no text"),
        (b" \n\t ", "no text"),
    ],
)
def test_what_is_no_text_is_refused_with_the_reason(data, reason):
    with pytest.raises(DocumentError, match=reason):
        parse_text(data)


def test_an_unknown_format_is_refused_naming_the_known_ones():
    with pytest.raises(DocumentError, match=r"\.html.*\.md.*\.txt"):
        parse(b"x", Path("x.xyz"))


@pytest.mark.parametrize("start", ["\r\n\r\n", "  \n\n", "\n" * 50, " " * 1990])
def test_blank_lines_in_front_are_no_obstacle(start):
    document = parse_text(f"{start}Annual report\r\n\r\nIt was a good year.")
    assert "It was a good year." in document.text
    assert document.title == "Annual report"


def test_a_title_line_alone_is_a_text_of_its_own():
    document = parse_text("Only a few words")
    assert (document.title, document.title_stated) == ("Only a few words", False)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Le maire a été élu en février après une longue campagne."),
        ("cp1252", "Vi hittade nyckeln på bordet bredvid fönstret i köket."),
        ("cp1252", "Anteckningar från mötet\n\nÅsa och Björn var där."),
        ("cp1252", "El señor Muñoz nació en el año 1950 en España."),
        ("cp1252", "Muñoz;Año\nA;B"),
        ("cp1252", "O João não foi à reunião de São Paulo."),
        ("cp1252", "La città è più bella perché è antica."),
        ("cp1252", "Der Bürgermeister führt die Straße entlang, größer als früher."),
        ("cp1252", "Rødgrød med fløde på bordet, også årets æbler."),
        ("cp1250", "Zażółć gęślą jaźń. Łódź jest dużym miastem, które leży w środkowej Polsce."),
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy. Řeka teče městem."),
        ("cp1254", "İstanbul'da yağmur yağıyor ve çocuklar okula gidiyor, şemsiye lazım."),
        ("cp1253", "Ο δήμαρχος εξελέγη τον Φεβρουάριο μετά από μακρά εκστρατεία."),
    ],
)
def test_a_short_text_in_an_old_encoding_is_read_as_it_was_written(encoding, text):
    assert decode(text.encode(encoding)) == text

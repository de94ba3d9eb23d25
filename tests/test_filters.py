"""What a condition means, and what is said of one that means nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date

import pytest

from qa.errors import UsageError
from qa.filters import MAX_CHARACTERS, MAX_CONDITIONS, parse_filter
from qa.types import DocumentInfo


def info(
    *paths: str,
    title: str = "Title",
    published: date | None = None,
    language: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> DocumentInfo:
    return DocumentInfo(
        id="0" * 32,
        paths=paths or ("/home/ada/docs/a.md",),
        title=title,
        published=published,
        media_type="text/markdown",
        sha256="0" * 64,
        characters=1,
        passages=1,
        ingested_at="2024-01-01T00:00:00+00:00",
        language=language,
        metadata=metadata or {},
    )


def own(name: str, value: str) -> DocumentInfo:
    return info(metadata={name: value})


def matches(condition: str, document: DocumentInfo) -> bool:
    return parse_filter([condition]).matches(document)


# ---------------------------------------------------------------- dates

DAYS = [date(2022, 12, 31), date(2023, 1, 1), date(2023, 10, 1), date(2023, 10, 31),
        date(2023, 11, 1), date(2023, 12, 31), date(2024, 1, 1)]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("date=2023", "0111110"),
        ("date!=2023", "1000001"),
        ("date<2023", "1000000"),
        ("date<=2023", "1111110"),
        ("date>2023", "0000001"),
        ("date>=2023", "0111111"),
        ("date=2023-10", "0011000"),
        ("date!=2023-10", "1100111"),
        ("date<2023-10", "1100000"),
        ("date<=2023-10", "1111000"),
        ("date>2023-10", "0000111"),
        ("date>=2023-10", "0011111"),
        ("date=2023-10-01", "0010000"),
        ("date!=2023-10-01", "1101111"),
        ("date<2023-10-01", "1100000"),
        ("date<=2023-10-01", "1110000"),
        ("date>2023-10-01", "0001111"),
        ("date>=2023-10-01", "0011111"),
        ("date=2022|2024-01", "1000001"),
        ("date!=2022|2024-01", "0111110"),
        (" Date >= 2023-10-1 ", "0011111"),
        ("date<='2023-10'", "1111000"),
    ],
)
def test_a_year_or_month_stands_for_all_its_days(condition, expected):
    found = "".join(str(int(matches(condition, info(published=day)))) for day in DAYS)
    assert found == expected


@pytest.mark.parametrize("operator", ["=", "<", "<=", ">", ">="])
def test_a_document_without_date_matches_only_what_is_not(operator):
    assert not matches(f"date{operator}2023", info())
    assert matches("date!=2023", info())


def test_the_first_and_the_last_year_there_is():
    assert matches("date<=9999", info(published=date.max))
    assert not matches("date>9999-12", info(published=date.max))
    assert matches("date=0001", info(published=date.min))
    assert matches("date=2024-02", info(published=date(2024, 2, 29)))


# ---------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("reports/*", "/home/ada/reports/a.md", True),
        ("reports/*", "/home/ada/reports/2024/a.md", True),
        ("reports/*", "/reports/a.md", True),
        ("reports/*", "/home/ada/my-reports/a.md", False),
        ("reports/*", "/home/ada/Reports/a.md", False),
        ("reports/", "/home/ada/reports/2024/a.md", True),
        ("./reports/", "/home/ada/reports/2024/a.md", True),
        ("reports", "/home/ada/reports/a.md", False),
        ("a.md", "/home/ada/reports/a.md", True),
        ("a.md", "/home/ada/reports/aa.md", False),
        ("a.md", "/home/ada/reports/a.md.txt", False),
        ("axmd", "/home/ada/reports/a.md", False),
        ("*.md", "/home/ada/reports/a.md", True),
        ("*.md", "/home/ada/reports/a.mdx", False),
        ("*", "/a", True),
        ("**/2024/**", "/home/2024/x/a.md", True),
        ("report-?.md", "/x/report-1.md", True),
        ("report-?.md", "/x/report-12.md", False),
        ("ada/*/2024/*.md", "/home/ada/x/y/2024/a.md", True),
        ("2024/*/2024/*", "/2024/2024/2024/a", True),
        ("2024/*/2024/*", "/2024/2024/a", False),
        ("*ab*ab", "/xabab", True),
        ("*ab*ab", "/xab", False),
        ("/home/*", "/home/ada/a.md", True),
        ("/home/*", "/mnt/home/ada/a.md", False),
        ("/ada/*", "/home/ada/a.md", False),
        ("/home/ada/a.md", "/home/ada/a.md", True),
        ("a[1].md", "/x/a[1].md", True),
        ("a[1].md", "/x/a1.md", False),
        ("a(b)+$.md", "/x/a(b)+$.md", True),
        ("100%_*", "/x/100%_a", True),
        ("100%", "/x/100xyz", False),
        ("a\\*", "/x/a\\b", True),
        ("a*b", "/x/a\nb", True),
        ("\u00e9.md", "/x/e\u0301.md", True),
        ("wiki:*", "wiki:Ada", True),
    ],
)
def test_globs_begin_at_any_folder_or_at_the_root(pattern, path, expected):
    assert matches(f"path={pattern}", info(path)) is expected
    assert matches(f"path!={pattern}", info(path)) is not expected


def test_a_document_at_several_paths_is_at_any_of_them():
    document = info("/docs/drafts/a.md", "/docs/final/a.md")
    assert matches("path=final/*", document)
    assert matches("path=nowhere/*|drafts/*", document)
    assert not matches("path!=drafts/*", document)
    assert matches("path~FINAL", document)


def test_no_glob_takes_long():
    started = time.process_time()
    filter_ = parse_filter(["path=" + "*a" * 200 + "b", "path=" + "*?" * 200 + "b"])
    assert not filter_.matches(info("/" + "a" * 4000))
    assert time.process_time() - started < 1


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("condition", "title", "expected"),
    [
        ("title~budget", "The Budget of 2024", True),
        ("title~BUDGET|tax", "Taxes", True),
        ("title~budget", "The bud get", False),
        ("title=the budget", "The Budget", True),
        ("title=budget", "The Budget", False),
        ("title!=budget", "The Budget", True),
        ("title~STRASSE", "Hauptstraße", True),
        ("title~e\u0301te\u0301", "L'ÉTÉ", True),
        ("title~şuşa", "ŞUŞA ŞƏHƏRİ", True),
        ("title~şəhəri", "ŞUŞA ŞƏHƏRİ", True),
        ("title~είναι", "ΕΊΝΑΙ", True),
        ("title~москва", "МОСКВА", True),
        ('title~""', "Anything", True),
        ('title="Yes|No"', "yes|no", True),
        ("title='Say \"no\"'", 'Say "no"', True),
        ("title~O'Brien", "Of O'Brien", True),
        ('title~" x "', "a x b", True),
        ('title~" x "', "axb", False),
        ("title~a=b<c>d~e", "a=b<c>d~e", True),
        ("title<m", "Lemon", True),
        ("title>=m", "Lemon", False),
        ("title~%", "no percent", False),
        ("title~_", "no underscore", False),
        ("title~.*", "no pattern", False),
        ("title~'; DROP TABLE documents; --'", "x", False),
    ],
)
def test_text_compares_ignoring_case(condition, title, expected):
    assert matches(condition, info(title=title)) is expected


def test_languages():
    german, unknown = info(language="de"), info()
    assert matches("language=de|en", german)
    assert matches("LANGUAGE=DE", german)
    assert not matches("language!=de|en", german)
    assert not matches("language=de", unknown)
    assert matches("language!=de", unknown)


# ---------------------------------------------------------------- own fields


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("field=Ada Lovelace", "ada lovelace", True),
        ("field=Ada", "Ada Lovelace", False),
        ("field~ada", "Ada Lovelace", True),
        ("FIELD=x", "X", True),
        # both numbers
        ("field>9", "10", True),
        ("field>9", "9.50", True),
        ("field<-1", "-2", True),
        ("field=007", "7.0", True),
        ("field=+7", "7", True),
        ("field=0.1", ".1", True),
        ("field>=9007199254740993", "9007199254740992", False),
        # both dates
        ("field>=2023-9", "2023-10-01", True),
        ("field<2024", "2023-12-31", True),
        ("field=2024", "2024-05", True),
        ("field=2024-05", "2024", False),
        ("field>2024-05", "2024", False),
        ("field<2024-05", "2024", False),
        ("field<=2024-12", "2024", True),
        ("field=2024-05", "2024-05-06T10:00:00+02:00", True),
        ("field>=2024-05-06", "2024-05-06 23:59", True),
        ("field>=2023", "1999", False),
        # neither: text
        ("field>9", "abc", True),
        ("field<9", "10 pages", True),
        ("field=1,000", "1000", False),
        ("field=12e3", "12000", False),
        ("field=٣", "3", False),
        ("field=nan", "NaN", True),
        ("field>=2023-10", "2023-99", True),
        ("field=1.10.0", "1.10", False),
    ],
)
def test_own_fields_compare_as_what_both_sides_are(condition, value, expected):
    assert matches(condition, own("field", value)) is expected


def test_a_document_without_the_field_matches_only_what_is_not():
    document = own("author", "Ada")
    for operator in ("=", "<", "<=", ">", ">=", "~"):
        assert not matches(f'editor{operator}""', document)
    assert matches("editor!=Ada", document)


def test_names_may_be_any():
    for name in ("due date", "größe", "x.y-z:w", "a'b\"c", "$[0]", "%", "'; drop table documents"):
        assert matches(f" {name} = 5", own(name, "5"))
        assert not matches(f"{name}=5", own(f"{name}s", "5"))
    assert matches("Due Date=5", own("due date", "5"))


def test_own_fields_named_like_ours_are_ours():
    assert not matches("title=Mine", info(title="Ours", metadata={"title": "Mine"}))


# ---------------------------------------------------------------- several, and mistakes


def test_all_conditions_have_to_hold():
    document = info(title="The budget", language="de")
    assert parse_filter(["title~budget", "language=de"]).matches(document)
    assert not parse_filter(["title~budget", "language=en"]).matches(document)
    assert parse_filter([]).matches(document)
    assert not parse_filter([])
    assert parse_filter(["language=de"])
    assert parse_filter("language=de") == parse_filter(["language=de"])


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "date", "=x", " = x", "!x", "language", "language=", "language= ", "language=de|",
        "language=|de", "language=de||en", "language==de", "title=~x", "date=>2023", "date=<2023",
        "date>lately", "date=", 'date=""', "date=2023-13", "date=2023-02-30", "date=0000",
        "date=23", "date=2023-10-01T10:00", "date=5 March 2024", "date~2023", "date>=2023|2024",
        "path<a", "path>=a", 'title="a', 'title="a" b', "title='a' 'b'", "title='tis",
        "title<a|b", "x" * (MAX_CHARACTERS + 1), "title~" + "x" * MAX_CHARACTERS,
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_with_an_example(text):
    with pytest.raises(UsageError) as caught:
        parse_filter(["language=de", text])
    message = str(caught.value)
    assert "as in " in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 250
    assert caught.value.exit_code == 2
    assert caught.value.http_status == 400


def test_too_many_conditions():
    assert parse_filter(["a=1"] * MAX_CONDITIONS)
    with pytest.raises(UsageError, match="at most 20"):
        parse_filter(["a=1"] * (MAX_CONDITIONS + 1))

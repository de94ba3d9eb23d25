from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from qa import QA
from qa.errors import DocumentError
from qa.parsing import Options, documents, is_container, parse
from qa.types import Document


def read(value: object, options: Options | None = None) -> Document:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return parse(data, Path("a.json"), options=options or Options())


def test_text_title_and_date_are_taken_from_fields_of_the_usual_names():
    value = {
        "name": "Fees", "body": "They are due.\n\nIn May.", "published": "2024-03-05T10:00Z",
        "Author": "Ada", "tags": ["a", "b"], "pages": 12.50, "paid": True, "more": {"x": 1},
    }  # fmt: skip
    document = read(value)
    assert document.text == "Fees\n\nThey are due.\n\nIn May."
    assert (document.title, document.published) == ("Fees", date(2024, 3, 5))
    expected = {"author": "Ada", "tags": "a, b", "pages": "12.5", "paid": "true"}
    assert dict(document.metadata) == expected


def test_the_settings_name_other_fields_also_within_objects():
    options = Options(json_text=("article.lines",), json_title=("head.line",), json_date=("on",))
    value = {
        "article": {"lines": ["They are due.", "In May."]},
        "head": {"line": "Fees"},
        "on": "5 March 2024",
        "text": "other",
    }
    document = read(value, options)
    assert document.text == "Fees\n\nThey are due.\n\nIn May."
    assert (document.title, document.published) == ("Fees", date(2024, 3, 5))


def test_settings_reach_the_parser(tmp_path):
    (tmp_path / "a.json").write_text('{"id": 7, "lines": "They are due.", "text": "other"}')
    bot = QA.open(tmp_path / "vectors", seeds=tmp_path / "a.json", json_text=["lines"])
    bot.prepare()
    assert bot.ask("When?").passages[0].text == "They are due."


def test_without_a_text_all_fields_are_lines():
    document = read({"boat": {"name": "Marigold", "crew": ["Ada", "Bo"]}, "fee": 12.0, "due": None})
    assert document.text == "boat.name: Marigold\nboat.crew: Ada, Bo\nfee: 12.0"
    assert (document.title, document.title_stated) == ("a", False)
    assert read(["one", "two"]).text == "one\n\ntwo"
    assert read([[{"a": 1}], [{"a": 2}]]).text == "a: 1\n\na: 2"


def test_a_list_of_objects_is_several_documents():
    data = json.dumps([{"text": "One."}, {"text": "Two."}, {"text": ""}]).encode()
    assert is_container(Path("a.json"), data)
    assert not is_container(Path("a.json"), b'{"text": "One."}')
    first, second, third = documents(data, Path("a.json"))
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.path, first.text, second.path) == ("a.json/1.json", "One.", "a.json/2.json")
    assert third.reason == "it holds no text"  # type: ignore[union-attr]
    with pytest.raises(DocumentError, match="one by one"):
        read(data)


def test_a_list_of_objects_and_others_loses_nothing():
    found = list(documents(b'[{"text": "One."}, "Two.", ["Three."]]', Path("a.json")))
    assert [one.text for one in found if isinstance(one, Document)] == ["One.", "Two.", "Three."]


def test_lines_of_json_are_documents_each_and_a_broken_one_is_named():
    data = b'{"text": "One."}\n\n{"text": \n{"text": "Three."}'
    first, second, third = documents(data, Path("a.jsonl"))
    assert isinstance(first, Document)
    assert isinstance(third, Document)
    assert (first.text, third.text, third.path) == ("One.", "Three.", "a.jsonl/4.json")
    assert second.name == "a.jsonl/3.json"  # type: ignore[union-attr]
    assert "isn't valid JSON" in second.reason  # type: ignore[union-attr]


def test_equal_lines_are_one_document():
    first, second = documents(b'{"text": "One."}\n{"text": "One."}\n', Path("a.jsonl"))
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert first.id == second.id
    assert first.path != second.path


def test_numbers_are_kept_as_they_are_written():
    digits = "9" * 5000
    assert read(b'{"a": ' + digits.encode() + b', "b": 1.10}').text == f"a: {digits}\nb: 1.10"


@pytest.mark.parametrize("data", [b"[" * 200_000, b'{"a":' * 200_000, b"{", b"", b"nothing"])
def test_what_is_no_json_or_too_deep_is_refused(data):
    with pytest.raises(DocumentError, match=r"nested too deeply|isn't valid JSON|it is empty"):
        read(data)

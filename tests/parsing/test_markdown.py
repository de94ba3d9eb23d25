from __future__ import annotations

from datetime import date
from pathlib import Path

from qa.parsing import parse

HANDBOOK = """---
title: Staff Handbook
date: 2024-05-06
---
# Handbook

## Leave

Staff get **25 days** of [leave](https://example.org) a year.
They ask `hr` first. ![A calendar](calendar.png)

- one
- two

  more of two
  - nested
1. first
2. second

| who | days |
|-----|------|
| new | 25   |

> Rest well.

```python
days = 25
```
<div onclick="evil()">visible <script>alert(1)</script> text</div>

### Sick leave

Call in.

## Empty
"""


def parse_markdown(text: str):
    return parse(text.encode(), Path("handbook.md"))


def test_front_matter_gives_title_and_date():
    document = parse_markdown(HANDBOOK)
    assert document.title == "Staff Handbook"
    assert document.title_stated
    assert document.published == date(2024, 5, 6)
    assert "25" in document.text
    assert "title:" not in document.text


def test_the_text_is_what_a_reader_sees():
    text = parse_markdown(HANDBOOK).text
    assert "Staff get 25 days of leave a year. They ask hr first. A calendar" in text
    assert "- one\n- two\n  more of two\n  - nested" in text
    assert "1. first\n2. second" in text
    assert "who: new; days: 25" in text
    assert "Rest well." in text
    assert "days = 25" in text
    assert "visible" in text
    for hidden in ("alert", "onclick", "<div", "example.org", "**", "```"):
        assert hidden not in text


def test_headings_make_sections_and_are_part_of_the_text():
    document = parse_markdown(HANDBOOK)
    bodies = {s.heading: document.text[s.body : s.end] for s in document.structure}
    assert bodies["Handbook", "Leave"].startswith("Staff get")
    assert bodies["Handbook", "Leave", "Sick leave"] == "Call in."
    assert bodies["Handbook", "Empty"] == ""
    for section in document.structure:
        heading_lines = document.text[section.start : section.body].split("\n\n")
        assert section.heading[-1] in heading_lines


def test_without_front_matter_the_first_heading_is_the_title():
    document = parse_markdown("Some words.\n\nReal title\n==========\n\nText.")
    assert document.title == "Real title"
    assert document.structure[0].heading == ()


def test_broken_front_matter_does_not_hide_the_document():
    document = parse_markdown("---\ntitle: [broken\ndate: 2024-99-99\n---\n\n# Title\n\nText.")
    assert document.title == "Title"
    assert document.published is None
    assert "Text." in document.text


def test_hostile_front_matter_is_only_strings():
    for value in ("{a: b}", "!!timestamp foo", "!!python/object:os.system x", "0x" + "f" * 5000):
        document = parse_markdown(f"---\ntitle: {value}\ndate: 2024-02-30\n---\n# Head\n\nText.")
        assert "Text." in document.text
        assert isinstance(document.title, str)
        assert document.published is None
    document = parse_markdown('---\ntitle: "x \\ud800 y"\ndate: 2024-02-03\n---\nText.')
    assert document.title == "x ? y"
    assert document.published == date(2024, 2, 3)


def test_a_bad_date_does_not_take_the_title_along():
    assert parse_markdown("---\ntitle: Kept\ndate: 2024-02-30\n---\nText.").title == "Kept"


def test_lists_keep_their_innermost_items():
    nested = "".join("  " * level + f"- item {level}\n" for level in range(15))
    text = parse_markdown(nested).text
    assert all(f"item {level}" in text for level in range(15))


def test_html_within_keeps_its_letters_and_line_breaks():
    text = parse_markdown("# T\n\n<div>Ağdam şəhəri</div>\n\none<br>two").text
    assert "Ağdam şəhəri" in text
    assert "one\ntwo" in text


def test_other_front_matter_is_metadata():
    document = parse_markdown(
        "---\ntitle: Kept apart\ndate: 2024-02-03\nUpdated: 2024-05-06\nAuthor: Zoë\npages: 0x1F\n"
        "tags: [a, b, [c], {d: e}]\nnested: {a: b}\nempty:\n" + "x" * 200 + ": y\n---\nText."
    )
    assert dict(document.metadata) == {
        "updated": "2024-05-06", "author": "Zoë", "pages": "0x1F", "tags": "a, b"
    }  # fmt: skip


def test_aliases_in_front_matter_do_not_multiply():
    bomb = "a: &a " + "x" * 10_000 + "\nb: [" + "*a, " * 10_000 + "]\n"
    metadata = parse_markdown(f"---\n{bomb}---\nText.").metadata
    assert {len(value) for value in metadata.values()} == {2000}

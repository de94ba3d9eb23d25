"""Whatever a text holds, a markdown renderer shows it and does nothing else with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qa.http.markdown import escape, one_line, unescape

# Tables, strikethrough, raw HTML, and addresses made into links, "example.com" as well.
RENDERER = MarkdownIt("gfm-like", {"html": True, "linkify": True})

HOSTILE = [
    "[x](javascript:alert(1))",
    "![x](http://127.0.0.1/pixel.png)",
    "[x][y] and [y]: http://127.0.0.1/",
    "](http://127.0.0.1/) [",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<http://example.com>",
    "&lt;script&gt; &#91;x&#93;(y)",
    "# heading",
    "- item",
    "1. item",
    "123456789) item",
    "> quote",
    "    code",
    "```\ncode\n```",
    "~~~ code",
    "a `b` c ``d``",
    "*a* _b_ ~~c~~ **d**",
    "title\n=====",
    "a\n\n| b | c |\n|---|---|\n| d | e |",
    "---",
    "\\[x\\] \\(y\\) $z$ $$w$$",
    "https://example.com, www.example.com, example.com, ada@example.com, mailto:ada@example.com",
]


def shown(markdown: str) -> list[tuple[str, str]]:
    """What a renderer makes of it: (kind, text) of every block and of all that is in it."""
    return [
        (part.type, part.content)
        for block in RENDERER.parse(markdown)
        for part in (block.children if block.children is not None else [block])
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_it_is(text):
    assert shown(escape(text)) == [
        ("paragraph_open", ""),
        ("text", one_line(text)),
        ("paragraph_close", ""),
    ]


@given(st.text(st.sampled_from("ab1 []()<>!#*_`~\\-+=.&:/@|$\n\"'^") | st.characters(), min_size=1))
def test_any_text_is_shown_as_it_is_and_can_be_had_back(text):
    escaped = escape(text)
    assert unescape(escaped) == one_line(text)
    kinds = {kind for kind, _ in shown(escaped)}
    assert kinds <= {"paragraph_open", "text", "paragraph_close"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_inside_a_link(text):
    parts = shown(f"- [1] [{escape(text)}, 2023-10-03](http://127.0.0.1/#/documents/1)")
    assert [kind for kind, _ in parts] == [
        "bullet_list_open", "list_item_open", "paragraph_open",
        "text", "link_open", "text", "link_close",
        "paragraph_close", "list_item_close", "bullet_list_close",
    ]  # fmt: skip
    assert parts[5][1] == f"{one_line(text)}, 2023-10-03"


def test_what_shows_html_unread_gets_none():
    assert "<" not in escape("<script>alert(1)</script>")


def test_it_is_one_line_without_characters_that_hide_its_order():
    assert one_line("a\u202eb\r\n c\x1b[31m\u2028d") == "ab c[31m d"

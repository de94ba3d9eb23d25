from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qa.generation.cleaning import cleaned, without_brackets


def shown(text: str) -> str:
    return without_brackets(cleaned(text))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Ann met Bob [1].", "Ann met Bob [1]."),
        ("- **Ann** met _Bob_ [1][2].", "Ann met Bob [1][2]."),
        ("2. Ann met Bob [1].", "Ann met Bob [1]."),
        ("## Answer: Ann met Bob [1].", "Ann met Bob [1]."),
        ("The correct answer is:\nAnn met Bob.", "Ann met Bob."),
        ("It is 2 * 3, and a_b_c, and x < 5 > 3.", "It is 2 * 3, and a_b_c, and x < 5 > 3."),
        ("| Ann | Bob |", "Ann Bob"),
        ("Ann <b>met</b> <img src=x onerror=alert(1)> Bob.", "Ann met Bob."),
        ("Ann <script src='http://e.example/x'", "Ann"),
        ("&lt;b&gt; AT&T", "& lt;b& gt; AT&T"),
        ("Ann ![x](http://e.example/?q=secret) met.", "Ann met."),
        ("See [this](javascript:alert(1)) now.", "See this now."),
        ("See [1](http://e.example/) now.", "See [1] now."),
        ("See [the page][ref].", "See the pageref."),
        ("[ref]: //e.example/x", "ref (address left out)"),
        ("[1]: //e.example/x", "[1] (address left out)"),
        ("Go to http://e.example/?q=a now.", "Go to (address left out) now."),
        ("Go to www.e.example now.", "Go to (address left out) now."),
        ("Go to e.example/steal?q=a now.", "Go to (address left out) now."),
        ("Go to mailto:a@b.example now.", "Go to (address left out) now."),
        ("and/or; notes/a.md; 3//4; 1.5/2", "and/or; notes/a.md; 3//4; 1.5/2"),
        ("\x1b[31mAnn\x07 met\u202e Bob\u200b.\ud800", "31mAnn met Bob."),
        ('{"name": "delete", "arguments": {}}', ""),
        ("<tool_call>", ""),
        ("```", ""),
        ("---", ""),
    ],
)  # fmt: skip
def test_what_is_written_is_mere_text(written, expected):
    assert shown(written) == expected


PARTS = st.sampled_from(
    ["[", "]", "(", ")", "!", "<", ">", ":", " ", "\n", "`", "*", "1", "a", "//e.example", "http:",
     "www.e.example", "[1]", "](", "<a href=", "<http://e.example>", "![", "&#x5b;", "\\"]
)  # fmt: skip


@given(st.lists(st.lists(PARTS, max_size=14).map("".join), max_size=4))
def test_nothing_becomes_a_link_an_image_or_markup_however_it_is_put_together(sentences):
    text = " ".join(filter(None, map(shown, sentences)))
    html = MarkdownIt("gfm-like").render(text)
    assert not re.search(r"<(a|img|script)\b", html), (text, html)
    assert not re.search(r"<[a-zA-Z/!]", text)

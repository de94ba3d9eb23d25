"""Nothing a document says may act on the terminal it is printed on."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.cli.terminal import printable, to_json

ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text\n\twith a tab", "plain text\n\twith a tab"),
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;https://evil\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("a\x9b31mb\x9d0;title\x9cc", "abc"),
        ("a\x1b(Bb\x1bcc", "abc"),
        ("it\xe2\x80\x98s ok and more", "it\xe2s ok and more"),  # a mojibake quotation mark
        ("a\x9dnot closed\nb", "anot closed\nb"),
        ("over\rwritten\r\nline", "over\nwritten\nline"),
        ("back\b\bspace\x7f", "backspace"),
        ("left\u202eright", "leftright"),
        ("Şuşa, 東京, مرحبا, 🙂", "Şuşa, 東京, مرحبا, 🙂"),
        ("[bold]not markup[/bold] :smile:", "[bold]not markup[/bold] :smile:"),
    ],
)
def test_control_sequences_are_stripped_and_text_is_kept(text, shown):
    assert printable(text) == shown


@given(st.text())
def test_no_text_gets_a_control_character_through(text):
    assert not ACTING.search(printable(text))


@given(st.text() | st.text(alphabet="\x1b\x9b\x9d\x07\\[]0;m\u202e\x85a"))
def test_json_is_exact_and_free_of_control_characters(text):
    written = to_json({"text": text})
    assert json.loads(written) == {"text": text}
    assert not ACTING.search(written.replace("\n", ""))

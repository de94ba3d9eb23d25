"""Generated text: its sentences and their markers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.verification import complete, split
from qa.verification.markers import read, with_marker


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It was chosen. [1] He left [2].", ["It was chosen. [1]", "He left [2]."]),
        ("It was chosen.[1][2] He left.", ["It was chosen.[1][2]", "He left."]),
        ("It cost 3.5 million. [1, 2] Really? [1]", ["It cost 3.5 million. [1, 2]", "Really? [1]"]),
        ("“It is so.” [2] He met J. F. Kennedy.", ["“It is so.” [2]", "He met J. F. Kennedy."]),
        ("Two things:\n- One [1]\n- Two [2]", ["Two things:", "- One [1]", "- Two [2]"]),
        ("1. One thing.\n2. Another.", ["1. One thing.", "2. Another."]),
        ("One.\n\nTwo", ["One.", "Two"]),
        ("[1] It was chosen.", ["[1] It was chosen."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_keep_the_markers_behind_them(text, expected):
    assert split(text) == expected


TEXT = (
    "The city was chosen [1]. He said: “It is so. It was so.” [2] Then he left. [1][2]\n\n"
    "- It cost 3.5 million [1, 2].\n- Dr. Solberg came. [3] All agreed [1].\nThe end. [2]"
)


def test_a_growing_text_gives_the_same_sentences_as_the_whole():
    done, rest = [], ""
    for character in TEXT:
        whole, rest = complete(rest + character)
        done += whole
    assert done + split(rest) == split(TEXT)
    assert len(done) > 5


def test_a_sentence_is_whole_only_once_no_marker_can_follow():
    assert complete("It was chosen. ") == ([], "It was chosen. ")
    assert complete("It was chosen. [1") == ([], "It was chosen. [1")
    assert complete("It was chosen. [1] He") == ([], "It was chosen. [1] He")
    assert complete("It was chosen. [1] He l") == (["It was chosen. [1]"], " He l")


@given(st.text(alphabet="aB. ?!\n[]1,2-\"“”'", max_size=80))
def test_no_text_is_lost(text):
    assert "".join("".join(split(text)).split()) == "".join(text.split())
    whole, rest = complete(text)
    together = "".join([*whole, rest])
    assert "".join(together.split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("sentence", "text", "citations"),
    [
        ("It is so [1].", "It is so [1].", (1,)),
        ("It is so [1, 3].", "It is so [1][3].", (1, 3)),
        ("It is so. [1][2]", "It is so. [1][2]", (1, 2)),
        ("It is so [1-3].", "It is so [1][2][3].", (1, 2, 3)),
        ("It is so [2–999999].", "It is so [2][3].", (2, 3)),
        ("It is so 【1】.", "It is so [1].", (1,)),
        ("It is so 【2†source】.", "It is so [2].", (2,)),
        ("It is so [Passage 3].", "It is so [3].", (3,)),
        ("It is so [^1].", "It is so [1].", (1,)),
        ("It is so [\u0662].", "It is so [2].", (2,)),
        ("It is so [\u200b1].", "It is so [1].", (1,)),
        ("It is so [0] [-1] [4] [999999].", "It is so.", ()),
        (f"It is so [{'9' * 5000}].", "It is so.", ()),
        ("It is so (1) [sic].", "It is so (1) [sic].", ()),
    ],
)
def test_markers_of_passages_are_read_and_others_taken_out(sentence, text, citations):
    marked = read(sentence, 3)
    assert (marked.text, marked.citations) == (text, citations)
    assert marked.prose.startswith("It is so")


def test_what_a_sentence_says_is_without_markdown():
    assert read("- **The _harbour_** of `Larvik` [1]", 1).prose == "The harbour of Larvik"
    assert read("12. The harbour [1]", 1).prose == "The harbour"


def test_a_marker_is_put_before_what_ends_the_sentence():
    assert with_marker("It is so.", (1,)) == "It is so [1]."
    assert with_marker('He says: "It is so."', (1, 2)) == 'He says: "It is so." [1][2]'
    assert with_marker("It is so", (2,)) == "It is so [2]"


def test_nothing_that_turns_text_round_is_shown():
    assert read("It is\u202e so\x1b[31m [1].", 1).text == "It is so[31m [1]."

"""Answers that a language model wrote, as they are shown. Quoted ones: `test_commands`."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from qa.cli.render_answer import in_brief, in_full, pieces, said
from qa.cli.screen import Screen, _Paragraph
from qa.types import Answer, CheckedSentence

SUPPORTED = CheckedSentence("The city of Shusha was chosen [1].", (1,), True, 0.9)
UNSUPPORTED = CheckedSentence("It lies\x1b[2J on [bold]Mars[/bold] [2].", (2,), False, 0.1)


@pytest.fixture
def found(seed_bot) -> Answer:
    return seed_bot.ask("What was chosen as the 2024 Cultural Capital?")


@pytest.fixture
def written(found) -> Answer:
    return replace(
        found,
        text=f"{SUPPORTED.text} {UNSUPPORTED.text} [unsupported]",
        model="tiny\x1b[31m",
        sentences=(SUPPORTED, UNSUPPORTED),
        notice="It was asked\x1b[2J twice.",
    )


def screen(width: int = 80, terminal: bool = True) -> Screen:
    shown = Screen()
    shown.console = Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system=None,
        markup=False, highlight=False, emoji=False,
    )  # fmt: skip
    return shown


def output(shown: Screen) -> list[str]:
    return shown.console.file.getvalue().splitlines()


def test_sentences_are_shown_as_they_come_and_the_rest_in_the_end(found, written):
    steps = iter([found, SUPPORTED, UNSUPPORTED, written])
    shown = pieces(steps, in_brief, terminal=True)
    assert next(shown) is SUPPORTED, "the quoted answer isn't shown before it"
    assert next(steps) is UNSUPPORTED, "nothing further was waited for"
    assert "Shusha was chosen" not in "".join(str(piece) for piece in shown)


def test_a_written_answer_reads_as_a_paragraph_and_says_who_wrote_it(found, written):
    terminal = screen()
    terminal.show(pieces([found, SUPPORTED, UNSUPPORTED, written], in_brief, terminal=True))
    paragraph, rest = output(terminal)[:2], output(terminal)[2:]
    assert " ".join(line.rstrip() for line in paragraph) == (
        "The city of Shusha was chosen [1]. It lies on [bold]Mars[/bold] [2]. [unsupported]"
    )
    assert rest[0].startswith("written by tiny, checked against the passages · ")
    assert rest[1] == "It was asked twice."
    assert rest[2].startswith("1. Minister of Foreign Affairs")
    assert "\x1b[2J" not in terminal.console.file.getvalue()


@pytest.mark.parametrize("rest", [in_brief, in_full])
def test_where_no_terminal_is_the_answer_is_shown_whole(rest, found, written):
    plain = screen(width=10_000, terminal=False)
    plain.show(pieces([found, SUPPORTED, UNSUPPORTED, written], rest, terminal=False))
    assert output(plain)[0] == (
        "The city of Shusha was chosen [1]. It lies on [bold]Mars[/bold] [2]. [unsupported]"
    )
    assert output(plain)[1].startswith("written by tiny")


def test_a_sentence_without_support_looks_different(written):
    text = said(written)
    struck = [text.plain[s.start : s.end] for s in text.spans if s.style == "dim strike"]
    assert struck == ["It lies on [bold]Mars[/bold] [2]."]


def test_what_broke_off_is_followed_by_the_quoted_answer_and_the_reason(found):
    quoted = replace(found, notice="The language model broke off.")
    terminal = screen(width=1000)
    terminal.show(pieces([found, SUPPORTED, quoted], in_brief, terminal=True))
    first, second, _, notice = output(terminal)[:4]
    assert first == SUPPORTED.text
    assert "Shusha, the cradle" in second
    assert notice == "The language model broke off."


def test_a_paragraph_ends_where_it_is_interrupted():
    def interrupted():
        yield SUPPORTED
        raise KeyboardInterrupt

    terminal = screen()
    with pytest.raises(KeyboardInterrupt):
        terminal.show(interrupted(), waiting="tiny is writing …")
    assert terminal.console.file.getvalue().endswith(f"{SUPPORTED.text}\n")


def test_what_was_searched_is_shown_only_if_it_is_something_else(found):
    other = replace(found, searched_for="Who?\x1b[2J (Shusha)")
    first, *_ = pieces([other], in_brief, terminal=True)
    assert first.plain == "searching for: Who? (Shusha)"
    first, *_ = pieces([found], in_brief, terminal=True)
    assert first.plain == found.text


@given(
    st.lists(st.text(alphabet="ab東é ,.", max_size=40).filter(str.strip), min_size=1, max_size=8),
    st.integers(10, 40),
)
def test_a_paragraph_that_grows_looks_as_if_it_had_been_printed_at_once(sentences, width):
    sentences = [" ".join(sentence.split()) for sentence in sentences]
    grown, whole = screen(width), screen(width)
    paragraph = _Paragraph(grown.console)
    for sentence in sentences:
        paragraph.add(Text(sentence))
    whole.console.print(Text(" ".join(sentences)))
    assert [line.rstrip() for line in output(grown)] == [line.rstrip() for line in output(whole)]

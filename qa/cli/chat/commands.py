"""What a line of a chat does: a question, or a command that begins with a slash."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from qa.cli.chat.conversation import Conversation
from qa.cli.chat.saving import save
from qa.cli.render import DIM, TITLE, counted
from qa.cli.render_answer import (
    Indented,
    Piece,
    in_brief,
    pieces,
    quoted,
    said,
    scored,
    shortened,
    source,
)
from qa.cli.terminal import printable, printable_line
from qa.errors import UsageError
from qa.types import Answer, ScoredPassage

KEYS = (
    ("Enter", "ask"),
    ("Alt+Enter", "a new line (Esc, then Enter, does the same)"),
    ("Tab", "complete; at an empty prompt, examples of questions"),
    ("Up, Down, Ctrl-R", "earlier questions, and a search among them"),
    ("Right", "take over what is suggested in grey"),
    ("Ctrl-C", "cancel the line, or the answer that is being made"),
    ("Ctrl-D", "leave"),
)
_AROUND = 700
"""Characters that `/open` shows on each side of a passage."""
_GLANCE = 74
"""Characters of an answer in a list of answers."""


class LeaveError(Exception):
    """The conversation is over."""


@dataclass(frozen=True, slots=True)
class Command:
    """``run`` is given the conversation and what follows the command's name."""

    name: str
    argument: str
    meaning: str
    run: Callable[[Conversation, str], Iterable[RenderableType]]

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.argument}".rstrip()


def say(conversation: Conversation, line: str, terminal: bool) -> Iterator[Piece]:
    """What a line brings about, piece by piece.

    Raises:
        LeaveError: it says so.
        QAError: it can't be done; see also `Conversation.ask`.
    """
    question = as_question(line)
    if question is None:
        name, _, argument = line.strip()[1:].partition(" ")
        yield from _command(name).run(conversation, argument.strip())
        return
    yield from pieces(conversation.ask(question), in_brief, terminal)
    if conversation.where and not conversation.answers[-1].passages:
        yield Text("No passage is left by the filter: /filter off lifts it.", style=DIM)


def as_question(line: str) -> str | None:
    """What a line asks; None if it is a command. "//" begins a question that begins with "/"."""
    line = line.strip()
    if line.startswith("//"):
        return line[1:]
    return None if line.startswith("/") else line


def _command(name: str) -> Command:
    if name in COMMANDS:
        return COMMANDS[name]
    near = get_close_matches(name.lower(), COMMANDS, n=1)
    meant = f"/{near[0]} is the nearest, " if near else ""
    raise UsageError(
        f"There is no command /{printable_line(name)}: {meant}/help lists all, and a question that "
        "begins with a slash is asked with two."
    )


# ------------------------------------------------------------------ the commands


def _sources(conversation: Conversation, argument: str) -> Iterator[RenderableType]:
    answer = _last(conversation)
    if not answer.passages:
        yield Text("No passage was found.")
    for place, passage in enumerate(answer.passages):
        if place:
            yield Text()
        yield scored(passage)


def _open(conversation: Conversation, argument: str) -> Iterator[RenderableType]:
    passage = _numbered(_last(conversation), argument)
    text = conversation.bot.library.text(passage.source.document_id)
    start, end = passage.source.start, passage.source.end
    yield source(passage.source)
    yield Text()
    if (before := _before(text, start)).strip():
        yield Indented(Text(before, style=DIM), "  ")
    yield Indented(quoted(text[start:end], passage.highlights), "▌ ")
    if (after := _after(text, end)).strip():
        yield Indented(Text(after, style=DIM), "  ")


def _filter(conversation: Conversation, argument: str) -> Iterator[RenderableType]:
    if argument == "off":
        conversation.widen()
    elif argument:
        conversation.narrow(argument)
    left, of = conversation.matching()
    if conversation.where:
        conditions = printable_line(", ".join(conversation.where))
        yield Text(f"filter: {conditions} · {left:,} of {counted(of, 'document')}")
    else:
        yield Text(f"no filter · {counted(of, 'document')}")


def _top(conversation: Conversation, argument: str) -> Iterator[RenderableType]:
    if argument:
        if not re.fullmatch("[0-9]{1,9}", argument):
            raise UsageError("Say how many passages, as in /top 3.")
        conversation.show(int(argument))
    yield Text(f"{counted(conversation.top_k, 'passage')} an answer, at most")


def _save(conversation: Conversation, argument: str) -> Iterator[RenderableType]:
    yield _saved(conversation, argument, replace=False)


def _save_anyway(conversation: Conversation, argument: str) -> Iterator[RenderableType]:
    yield _saved(conversation, argument, replace=True)


def _saved(conversation: Conversation, argument: str, replace: bool) -> Text:
    _last(conversation)
    if not argument:
        raise UsageError("Name a file, as in /save talk.md or /save talk.json.")
    path = save(conversation.answers, Path(argument), replace)
    return Text(f"saved to {printable_line(str(path))}")


def _new(conversation: Conversation, argument: str) -> Iterator[RenderableType]:
    conversation.forget()
    yield Text("A new conversation: what was said before is forgotten.")


def _history(conversation: Conversation, argument: str) -> Iterator[RenderableType]:
    if not conversation.answers:
        yield Text("Nothing was asked yet.")
    for number, answer in enumerate(conversation.answers, start=1):
        yield Text(f"{number}. {printable_line(answer.question)}", style=TITLE)
        yield Indented(Text(shortened(said(answer).plain, _GLANCE)))


def _help(conversation: Conversation, argument: str) -> Iterator[RenderableType]:
    yield Text("Ask anything; a later question may lean on those before it.")
    rows = [(command.usage, command.meaning) for command in COMMANDS.values()]
    width = max(len(name) for name, _ in (*rows, *KEYS))
    for each in (rows, KEYS):
        yield Text()
        for name, meaning in each:
            yield Text.assemble((f"{name:<{width}}  ", TITLE), meaning)


def _quit(conversation: Conversation, argument: str) -> Iterator[RenderableType]:
    raise LeaveError


COMMANDS = {
    command.name: command
    for command in (
        Command("sources", "", "the passages of the last answer, in full", _sources),
        Command("open", "N", "source N where it stands in its document", _open),
        Command(
            "filter",
            "COND",
            "only documents of which this holds too, as date>=2023; none: show; off: lift",
            _filter,
        ),
        Command("top", "N", "how many passages an answer shows", _top),
        Command("save", "FILE", "the conversation as Markdown, or as JSON (.json)", _save),
        Command("save!", "FILE", "the same, in place of a file that is there", _save_anyway),
        Command("history", "", "what was asked and answered", _history),
        Command("new", "", "forget the conversation and begin anew", _new),
        Command("help", "", "this", _help),
        Command("quit", "", "leave", _quit),
    )
}


# ------------------------------------------------------------------ what they share


def _last(conversation: Conversation) -> Answer:
    if not conversation.answers:
        raise UsageError("Nothing was asked yet: ask something first.")
    return conversation.answers[-1]


def _numbered(answer: Answer, number: str) -> ScoredPassage:
    for passage in answer.passages:
        if str(passage.rank) == number:
            return passage
    if not answer.passages:
        raise UsageError("The last answer has no sources: ask something else first.")
    last = answer.passages[-1].rank
    raise UsageError(f"Name one of the last answer's sources, /open 1 to /open {last}.")


def _before(text: str, start: int) -> str:
    """Whole words before a passage, without the line end at which it begins."""
    begin = max(0, start - _AROUND)
    cut = text[begin:start]
    if begin:
        cut = "… " + cut[cut.find(" ") + 1 :]
    return printable(cut).removesuffix("\n")


def _after(text: str, end: int) -> str:
    """Whole words after a passage, without the line end at which it ends."""
    cut = text[end : end + _AROUND]
    if end + _AROUND < len(text):
        cut = cut[: cut.rindex(" ")] + " …" if " " in cut else "…"
    return printable(cut.rstrip()).removeprefix("\n")

"""Prints what comes as it comes; sentences that are still being written become one paragraph."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext

from rich.console import Console
from rich.text import Text

from qa.cli import render
from qa.cli.render_answer import Piece, sentence
from qa.types import CheckedSentence


class Screen:
    """What stdout or stderr shows. Text of documents reaches it only as `Text`, never as markup."""

    def __init__(self, stderr: bool = False) -> None:
        self.console = render.console(stderr)

    @property
    def is_terminal(self) -> bool:
        return self.console.is_terminal

    def show(self, pieces: Iterable[Piece], waiting: str = "") -> None:
        """
        Args:
            waiting: what to say until a sentence comes or all is there; on a terminal only.
        """
        status = self.console.status(Text(waiting)) if waiting and self.is_terminal else None
        paragraph: _Paragraph | None = None
        try:
            with status or nullcontext():
                for piece in pieces:
                    if isinstance(piece, CheckedSentence):
                        if status:  # it can't share a line with a paragraph
                            status.stop()
                        paragraph = paragraph or _Paragraph(self.console)
                        paragraph.add(sentence(piece))
                    else:
                        if paragraph:
                            self.console.print()
                        paragraph = None
                        self.console.print(piece)
        finally:
            if paragraph:
                self.console.print()


class _Paragraph:
    """A text that grows at its end, wrapped as if it had been printed at once.

    Lines are filled greedily: what follows moves no word that stands there already, so that each
    time only what is new is printed.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = console.width
        self._text = Text()
        self._line = 0
        """The line that is being written, and how many of its characters are."""
        self._column = 0

    def add(self, sentence: Text) -> None:
        if self._text:
            self._text.append(" ")
        self._text.append_text(sentence)
        lines = self._text.wrap(self._console, self._width)
        for number in range(self._line, len(lines)):
            if number > self._line:
                self._console.print()
                self._column = 0
            self._print(lines[number][self._column :])
            self._column = max(self._column, len(lines[number]))
        self._line = len(lines) - 1

    def _print(self, text: Text) -> None:
        self._console.print(text, end="", no_wrap=True, overflow="ignore", crop=False)

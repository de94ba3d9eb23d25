"""The loops of a chat: with a person at a terminal, and with a program through pipes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from qa.cli.chat.commands import LeaveError, as_question, say
from qa.cli.chat.conversation import Conversation
from qa.cli.render import BAD, DIM
from qa.cli.screen import Screen
from qa.cli.terminal import printable, to_json
from qa.errors import QAError
from qa.suggestions import suggest

if TYPE_CHECKING:
    from qa.cli.chat.prompt import Prompt


def talk(conversation: Conversation, prompt: Prompt, screen: Screen) -> None:
    """Answers what is typed until the person leaves."""
    while True:
        try:
            line = prompt.read()
            if line.strip():
                _respond(conversation, line, screen)
        except KeyboardInterrupt:
            continue
        except (EOFError, LeaveError):
            return


def _respond(conversation: Conversation, line: str, screen: Screen) -> None:
    waiting = conversation.waiting if as_question(line) else ""
    screen.show([Text()])
    try:
        screen.show(say(conversation, line, screen.is_terminal), waiting)
    except KeyboardInterrupt:
        screen.show([Text("Stopped.", style=DIM)])
    except QAError as error:
        screen.show([Text(printable(str(error)), style=BAD)])
    screen.show([Text()])


def answer_lines(conversation: Conversation, lines: Iterable[str], as_json: bool) -> int:
    """Answers questions, one a line, and carries out commands; returns the exit code, which is that
    of the first error.

    Args:
        as_json: print each answer as one line of JSON, or ``{"question", "error"}``; what commands
            have to say goes to stderr then.
    """
    screen = Screen()
    code = 0
    for line in lines:
        question = as_question(line)
        if question == "":
            continue
        try:
            if as_json and question is not None:
                *_, answer = conversation.ask(question)
                _print_line(answer.to_dict())
            else:
                said = say(conversation, line, terminal=False)
                (Screen(stderr=True) if as_json else screen).show([*said, Text()])
        except LeaveError:
            break
        except QAError as error:
            code = code or error.exit_code
            print(f"Error: {printable(str(error))}", file=sys.stderr, flush=True)
            if as_json and question is not None:
                _print_line({"question": question, "error": str(error)})
        sys.stdout.flush()  # who writes the next question may wait for this answer
    return code


def _print_line(value: object) -> None:
    print(to_json(value, indent=None), flush=True)


class Warming(threading.Thread):
    """Loads the model and looks for questions to begin with, while the person types.

    The process ends only after it: native code that is cut off in the middle aborts.
    """

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(name="qa-warming")
        self._bot = conversation.bot
        self.on_done: Callable[[], None] = lambda: None
        self.examples: tuple[str, ...] = ()
        self._is_needed = True

    def run(self) -> None:
        try:
            _ = self._bot.embedder
            self._bot.check_ready()
        except Exception as error:  # told while there is time; a question will fail likewise
            print(f"Error: {printable(str(error))}", file=sys.stderr)
        else:
            if self._is_needed:
                self.examples = tuple(suggest(self._bot))
        self.on_done()

    def dismiss(self) -> None:
        """Begins nothing further."""
        self._is_needed = False

"""The prompt of a chat on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.styles import Style

from qa.cli.chat.completion import ChatCompleter
from qa.cli.chat.conversation import Conversation
from qa.cli.render import counted, shown_path
from qa.cli.render_answer import shortened
from qa.cli.terminal import printable_line
from qa.errors import QAError

_STYLE = Style.from_dict({"prompt": "bold", "bottom-toolbar": "noreverse dim"})
_MENU_LINES = 6
_LONGEST_FACT = 32
"""Characters of each thing in the line at the bottom."""


class Prompt:
    """Reads lines, which may hold line ends."""

    def __init__(
        self,
        conversation: Conversation,
        history: History,
        examples: Callable[[], Sequence[str]] = lambda: (),
        *,
        input: Input | None = None,  # noqa: A002 - as prompt_toolkit calls it
        output: Output | None = None,
    ) -> None:
        """
        Args:
            examples: gives questions to begin with.
        """
        self._conversation = conversation
        self._examples = examples
        self._counts = ""
        # Formatted text is made of tuples alone: whatever a document says in it stays text.
        self._session: PromptSession[str] = PromptSession(
            [("class:prompt", "> ")],
            prompt_continuation=[("class:prompt", "  ")],
            multiline=True,
            key_bindings=_bindings(),
            history=history,
            auto_suggest=AutoSuggestFromHistory(),
            completer=ChatCompleter(conversation, examples),
            complete_in_thread=True,
            complete_while_typing=Condition(self._is_command),
            search_ignore_case=True,
            reserve_space_for_menu=_MENU_LINES,
            bottom_toolbar=self._toolbar,
            placeholder=self._placeholder,
            style=_STYLE,
            input=input,
            output=output,
        )

    def read(self) -> str:
        """The next line.

        Raises:
            KeyboardInterrupt: it was cancelled.
            EOFError: there is none.
        """
        with suppress(QAError):  # the next question tells what is wrong
            self._counts = counted(self._conversation.bot.counts()["documents"], "document")
        with patch_stdout():  # what a thread has to say meanwhile is put above the prompt
            return self._session.prompt()

    def refresh(self) -> None:
        """Shows what has changed. May be called from any thread."""
        self._session.app.invalidate()

    def _is_command(self) -> bool:
        return self._session.default_buffer.text.startswith("/")

    def _toolbar(self) -> StyleAndTextTuples:
        conversation = self._conversation
        facts = [
            _glance(shown_path(str(conversation.bot.store.folder))),
            self._counts,
            f"filter: {_glance(', '.join(conversation.where))}" if conversation.where else "",
            f"written by {_glance(conversation.writer)}" if conversation.writer else "quotes only",
            "/help",
        ]
        return [("", " · ".join(fact for fact in facts if fact))]

    def _placeholder(self) -> StyleAndTextTuples:
        examples = self._examples()
        is_over = self._session.app.is_done  # what is left on the screen must not look typed
        if is_over or self._conversation.answers or not examples:
            return []
        return [("class:auto-suggestion", printable_line(examples[0]))]


def _glance(text: str) -> str:
    return shortened(text, _LONGEST_FACT)


def _bindings() -> KeyBindings:
    """Enter sends, or takes the completion that is chosen; Alt+Enter is a new line."""
    bindings = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)  # not in a search of the history

    @bindings.add("enter", filter=typing)
    def _send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None
        else:
            buffer.validate_and_handle()

    @bindings.add("escape", "enter", filter=typing)
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return bindings

"""What Tab offers: commands, conditions on the documents that there are, sources, files, and
questions to begin with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document as Line

from qa.cli.chat.commands import COMMANDS, as_question
from qa.cli.chat.conversation import Conversation
from qa.cli.render import shown_path
from qa.cli.terminal import printable_line
from qa.errors import QAError
from qa.types import DocumentInfo

_DOCUMENTS = 1000
"""That values are taken from."""
_MOST = 50
_FIELDS = ("date>=", "date<", "title~", "path=", "language=")
_CONDITION = re.compile(r"""(?P<field>[^=!<>~]+?)\s*(?P<operator>!=|<=|>=|[=<>~])\s*["']?""")
_PLAIN = re.compile(r"""[^|"'=<>~\s][^|]*""")


class ChatCompleter(Completer):
    """Completes lines of a conversation."""

    def __init__(
        self, conversation: Conversation, examples: Callable[[], Sequence[str]] = lambda: ()
    ) -> None:
        """
        Args:
            examples: gives questions to begin with.
        """
        self._conversation = conversation
        self._examples = examples
        self._files = PathCompleter(expanduser=True)

    def get_completions(
        self, document: Line, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        before = document.text_before_cursor.lstrip()
        if as_question(before) is not None:
            return [
                Completion(printable_line(question), -len(before))
                for question in self._examples()
                if question.casefold().startswith(before.casefold())
            ]
        name, space, argument = before[1:].partition(" ")
        if not space:
            return self._commands(name)
        return islice(self._arguments(name, argument.lstrip(), complete_event), _MOST)

    def _arguments(
        self, command: str, typed: str, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        match command:
            case "save" | "save!":
                return self._files.get_completions(Line(typed), complete_event)
            case "open":
                return self._sources(typed)
            case "filter":
                return self._filters(typed)
        return ()

    def _commands(self, beginning: str) -> Iterator[Completion]:
        for command in COMMANDS.values():
            if command.name.startswith(beginning.lower()):
                text = f"{command.name} " if command.argument else command.name
                yield Completion(
                    text,
                    -len(beginning),
                    display=command.usage,
                    display_meta=command.meaning,
                )

    def _sources(self, beginning: str) -> Iterator[Completion]:
        answers = self._conversation.answers
        for passage in answers[-1].passages if answers else ():
            number = str(passage.rank)
            if number.startswith(beginning):
                title = printable_line(passage.source.title)
                yield Completion(number, -len(beginning), display_meta=title)

    def _filters(self, typed: str) -> Iterator[Completion]:
        condition = _CONDITION.match(typed)
        if condition:
            before = condition["field"] + condition["operator"]
            wanted = typed[condition.end() :].casefold()
            values = self._values(condition["field"].strip().lower())
            offers = [before + _as_value(v) for v in values if wanted in v.casefold()]
        else:
            own = sorted({f"{name}=" for info in self._documents for name in info.metadata})
            off = ["off"] if self._conversation.where else []
            offers = [each for each in (*off, *_FIELDS, *own) if each.startswith(typed.lower())]
        for offer in offers:
            yield Completion(offer, -len(typed))

    def _values(self, field: str) -> list[str]:
        """What the documents have in a field; nothing that can't be shown as it is."""
        values = (value for info in self._documents for value in _of(info, field))
        return sorted({v for v in values if v == printable_line(v) and not {'"', "|"} & set(v)})

    @cached_property
    def _documents(self) -> list[DocumentInfo]:
        try:
            return self._conversation.bot.library.documents(limit=_DOCUMENTS)
        except QAError:
            return []


def _of(info: DocumentInfo, field: str) -> Sequence[str]:
    match field:
        case "title":
            return (info.title,)
        case "path":
            return [shown_path(path) for path in info.paths]
        case "language":
            return (info.language,) if info.language else ()
        case "date":
            return (info.published.isoformat(),) if info.published else ()
    value = info.metadata.get(field)
    return (value,) if value else ()


def _as_value(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else f'"{text}"'

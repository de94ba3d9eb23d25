"""Between a chat and a question: what was asked, and the answer as a message with its sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from qa.errors import UsageError
from qa.http.chat_schemas import Message
from qa.http.markdown import escape, one_line, unescape
from qa.http.schemas import MAX_ANSWER, MAX_TURNS
from qa.service import MAX_QUESTION
from qa.types import Answer, Citation, ScoredPassage, Turn

MAX_SOURCES = 3
_LONGEST_TITLE = 100
_SOURCES = "Sources:"
_DO_NOT_SAY = "The documents don't say."
_NEAREST = "The nearest passages are in:"

_INLINE = re.compile(r" \[\[\d+\]\]\([^\s()]+\)")
_LIST = re.compile(rf"\n\n{_SOURCES}\n(?:\n- \[\d+\] \[[^\n]*\]\([^\s()]+\))+\s*\Z")


# ------------------------------------------------------------------ what was asked


def conversation(messages: Sequence[Message]) -> tuple[str, list[Turn]]:
    """The question, which is the last user message, and the turns before it, oldest first.

    A turn is a user message and what the assistant said until the next one. What the system or a
    tool said belongs to no turn: documents are searched, nobody is instructed.

    Raises:
        UsageError: there is no user message, or the last one is more than text.
    """
    asked = [place for place, message in enumerate(messages) if message.role == "user"]
    if not asked:
        raise UsageError("The messages have no question: end with a user message.")
    question = messages[asked[-1]]
    _check_is_text(question)
    turns = []
    for place, following in pairwise(asked):
        said = [m for m in messages[place + 1 : following] if m.role == "assistant"]
        earlier = text_of(messages[place]).strip()[:MAX_QUESTION]
        if earlier:
            turns.append(Turn(earlier, _answer_in("\n".join(map(text_of, said)))))
    return text_of(question), turns[-MAX_TURNS:]


def text_of(message: Message) -> str:
    """The text of a message's parts."""
    text = message.content or ""
    if not isinstance(text, str):
        text = "\n".join(part.text for part in text if part.text is not None)
    return text.encode("utf-8", "replace").decode()  # half a character is none to a tokenizer


def _check_is_text(message: Message) -> None:
    for part in message.content if isinstance(message.content, list) else []:
        if part.type != "text" or part.text is None:
            raise UsageError(
                f"A part of type {part.type!r} can't be read: ask in text, as in "
                '{"type": "text", "text": "Who met whom?"}.'
            )


def _answer_in(content: str) -> str | None:
    """What an earlier answer said, without the citations that `Reply` adds."""
    content = content[:MAX_ANSWER]
    if content.startswith(_DO_NOT_SAY):
        return None
    answer, cited = _LIST.subn("", content)
    if cited:  # ours, and so escaped
        answer = unescape(_INLINE.sub("", answer))
    return answer.strip() or None


# ------------------------------------------------------------------ what is answered


class Reply:
    """An answer as a message in markdown.

    Attributes:
        citations: one for each number in the message: {number, url, quote} and what
            `Citation.to_dict` has; the quote is None where only nearly the same stands.
    """

    def __init__(self, answer: Answer, base_url: str) -> None:
        """
        Args:
            base_url: of this service, ending with a slash.
        """
        self._answer = answer
        self.citations = [
            {"number": number, "url": _url(base_url, source), "quote": quote, **source.to_dict()}
            for number, (source, quote) in enumerate(_cited(answer), start=1)
        ]

    @property
    def content(self) -> str:
        return "".join(self.pieces())

    def pieces(self) -> Iterator[str]:
        """The content in its parts: what is said, then the list of the sources."""
        if self._answer.text is not None:
            links = "".join(f" [[{c['number']}]]({c['url']})" for c in self.citations)
            yield escape(self._answer.text) + links
            heading = _SOURCES
        else:
            yield _DO_NOT_SAY
            heading = _NEAREST
        if self.citations:
            yield f"\n\n{heading}\n\n" + "\n".join(map(_line, self.citations))


def _cited(answer: Answer) -> Iterator[tuple[Citation, str | None]]:
    """The sources of an answer, with what is quoted of each: the answering sentence, and where
    nearly the same stands; or, if nothing answers, the nearest passage of each document."""
    cited = answer.citation
    if cited is not None:
        yield cited, answer.text
        for passage in answer.passages:
            if (passage.source.document_id, passage.source.passage) == (
                cited.document_id,
                cited.passage,
            ):
                yield from ((other, None) for other in passage.also[: MAX_SOURCES - 1])
        return
    nearest: dict[str, ScoredPassage] = {}
    for passage in answer.passages:
        nearest.setdefault(passage.source.document_id, passage)
    for passage in list(nearest.values())[:MAX_SOURCES]:
        spans = passage.highlights
        yield passage.source, spans[0].slice(passage.text) if spans else passage.text


def _url(base_url: str, source: Citation) -> str:
    """Where this service's own page shows the passage."""
    return f"{base_url}#/documents/{quote(source.document_id)}/passages/{source.passage}"


def _line(citation: dict[str, Any]) -> str:
    title = one_line(citation["title"])
    if len(title) > _LONGEST_TITLE:
        title = title[:_LONGEST_TITLE].rstrip() + "…"
    label = ", ".join(filter(None, [escape(title or citation["document_id"]), citation["date"]]))
    return f"- [{citation['number']}] [{label}]({citation['url']})"

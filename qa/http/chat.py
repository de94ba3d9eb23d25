"""Between a chat and a question: what was asked, and the answer as a message with its sources."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from qa.errors import UsageError
from qa.http.chat_schemas import Message
from qa.http.markdown import escape, one_line, unescape
from qa.http.schemas import MAX_ANSWER, MAX_TURNS
from qa.http.writing import Step
from qa.service import MAX_QUESTION
from qa.types import Answer, CheckedSentence, Citation, ScoredPassage, Turn
from qa.verification import as_text

MAX_SOURCES = 3
_LONGEST_TITLE = 100
_SOURCES = "Sources:"
_DO_NOT_SAY = "The documents don't say."
_NEAREST = "The nearest passages are in:"

_MARKER = re.compile(r"\[(\d+)\]")
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
        extra: what goes beside the message, once it is through: the answer and its citations.
    """

    def __init__(self, base_url: str) -> None:
        """
        Args:
            base_url: of this service, ending with a slash.
        """
        self._base_url = base_url
        self._found: Answer | None = None
        self.citations: list[dict[str, Any]] = []
        self.extra: dict[str, Any] = {}

    def found(self, found: Step) -> None:
        """Takes the first step of an answer, what was found."""
        assert isinstance(found, Answer)  # noqa: S101
        self._found = found

    async def pieces(self, steps: AsyncIterator[Step]) -> AsyncIterator[str]:
        """The content in parts as they come, after what was `found`."""
        assert self._found is not None  # noqa: S101
        answer, is_begun = self._found, False
        async for step in steps:
            if isinstance(step, Answer):
                answer = step
                continue
            yield f"{' ' if is_begun else ''}{self._sentence(step, self._found)}"
            is_begun = True
        for piece in self._rest(answer) if is_begun else self.whole(answer):
            yield piece

    def whole(self, answer: Answer) -> Iterator[str]:
        """The content of a whole answer: what is said, then the list of the sources."""
        if answer.model is not None:
            shown = [s for s in answer.sentences if as_text(s) in (answer.text or "")]
            yield " ".join(self._sentence(sentence, answer) for sentence in shown)
        yield from self._rest(answer)

    def _rest(self, answer: Answer) -> Iterator[str]:
        """What a quoted answer says, and for each the list of its sources."""
        cited = _written(answer) if answer.model is not None else enumerate(_cited(answer), start=1)
        self.citations = [
            {"number": number, "url": self._url(source), "quote": quote, **source.to_dict()}
            for number, (source, quote) in cited
        ]
        self.extra = {"qa": answer.to_dict(), "citations": self.citations}
        heading = _SOURCES
        if answer.text is None:
            yield _DO_NOT_SAY
            heading = _NEAREST
        elif answer.model is None:
            links = "".join(f" {_link(c['number'], c['url'])}" for c in self.citations)
            yield escape(answer.text) + links
        if self.citations:
            yield f"\n\n{heading}\n\n" + "\n".join(map(_line, self.citations))

    def _sentence(self, sentence: CheckedSentence, found: Answer) -> str:
        """A sentence of a language model's, its markers as links."""
        parts = _MARKER.split(as_text(sentence))  # text, number, text, number, …
        for place in range(1, len(parts), 2):
            rank = int(parts[place])
            parts[place] = _link(rank, self._url(found.passages[rank - 1].source))
        parts[::2] = [_spaced(part) for part in parts[::2]]
        return "".join(parts)

    def _url(self, source: Citation) -> str:
        return _url(self._base_url, source)


def _spaced(text: str) -> str:
    """Escaped, with the spaces at its ends."""
    inner = text.strip()
    before, after = (" " if text != side else "" for side in (text.lstrip(), text.rstrip()))
    return f"{before}{escape(inner)}{after}" if inner else before


def _link(number: int, url: str) -> str:
    return f"[[{number}]]({url})"


def _written(answer: Answer) -> Iterator[tuple[int, tuple[Citation, str | None]]]:
    """The passages that a language model's answer cites, by rank, each with the sentence of it
    that supports one of the answer's best, if there is one."""
    ranks = {rank for sentence in answer.sentences for rank in sentence.citations}
    for rank in sorted(ranks):
        scored = answer.passages[rank - 1]
        start, end = scored.source.start, scored.source.end
        spans = (
            (s.source.start - start, s.source.end - start)
            for s in answer.sentences
            if s.source
            and s.source.document_id == scored.source.document_id
            and start <= s.source.start <= s.source.end <= end
        )
        span = next(spans, None)
        yield rank, (scored.source, scored.text[slice(*span)] if span else None)


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

"""Citations in an answer's JSON, held against the store: does each stand where it says?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from qa.errors import UsageError
from qa.provenance.originals import State, check_originals
from qa.store import Catalog
from qa.types import DocumentInfo, surroundings

Standing = Literal["stands", "moved", "altered", "gone", "removed"]
"""Word for word where it says; word for word elsewhere in the document; there, but not all that is
said of it agrees; not in the document; the document isn't in the store."""

_MOST_NESTING = 100
_MOST_PLACES = 1000
"""That are compared of words which stand in a document again and again."""


@dataclass(frozen=True, slots=True)
class CitationState:
    """What became of a citation."""

    at: str
    """Its place in the JSON, as "passages[0].source"."""
    document_id: str
    path: str
    start: int
    end: int
    standing: Standing
    reason: str | None = None
    """What doesn't agree, as a clause."""
    now: tuple[int, int] | None = None
    """Where its words are, if they have moved."""
    original: State | None = None
    """Of the document's file; None where the document isn't in the store."""

    @property
    def is_fine(self) -> bool:
        return self.standing == "stands" and self.original is not None and self.original.is_fine

    def to_dict(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "document_id": self.document_id,
            "path": self.path,
            "start": self.start,
            "end": self.end,
            "standing": self.standing,
            "reason": self.reason,
            "now": {"start": self.now[0], "end": self.now[1]} if self.now else None,
            "original": self.original.value if self.original else None,
        }


@dataclass(frozen=True, slots=True)
class _Quote:
    """A citation as the JSON has it."""

    at: str
    document_id: str
    path: str
    sha256: str
    start: int
    end: int
    exact: str
    prefix: str
    suffix: str
    shown: str | None
    """What the JSON shows as the quoted words, where it does."""
    disagrees: str | None = None
    """What the citation says in two ways."""


@dataclass(frozen=True, slots=True)
class _Cited:
    """A document that is cited, and what is at its paths."""

    info: DocumentInfo
    text: str
    original: State


def check_citations(catalog: Catalog, answer: Any, most_bytes: int) -> list[CitationState]:
    """What became of every citation in a JSON value: an answer, or anything that holds answers.

    Raises:
        UsageError: it is no answer, or a citation in it isn't as qa writes them.
    """
    quotes = list(_quotes(answer))
    if not quotes and not _holds_an_answer(answer):
        raise UsageError(
            "There is no citation with a selector in it: give what `qa ask --json` prints."
        )
    infos = [info for id_ in {quote.document_id for quote in quotes} if (info := catalog.info(id_))]
    cited = {
        info.id: _Cited(info, catalog.text(info.id), original.state)
        for info, original in zip(infos, check_originals(catalog, infos, most_bytes), strict=True)
    }
    return [_state(quote, cited.get(quote.document_id)) for quote in quotes]


def _state(quote: _Quote, cited: _Cited | None) -> CitationState:
    standing: Standing = "removed"
    reason, now, original = None, None, None
    if cited is not None:
        original = cited.original
        standing, reason, now = _standing(quote, cited.info, cited.text)
    return CitationState(
        quote.at, quote.document_id, quote.path, quote.start, quote.end,
        standing, reason, now, original,
    )  # fmt: skip


def _standing(
    quote: _Quote, info: DocumentInfo, text: str
) -> tuple[Standing, str | None, tuple[int, int] | None]:
    if text[quote.start : quote.end] != quote.exact:
        start = _nearest(quote, text)
        if start is None:
            return "gone", "what it quotes isn't in the document", None
        return "moved", None, (start, start + len(quote.exact))
    reason = _disagreement(quote, info, text)
    return ("altered", reason, None) if reason else ("stands", None, None)


def _disagreement(quote: _Quote, info: DocumentInfo, text: str) -> str | None:
    """What of a citation doesn't agree, although its words stand where it says."""
    if quote.disagrees:
        return quote.disagrees
    if quote.shown is not None and quote.shown != quote.exact:
        return "the text that is shown isn't what it quotes"
    if surroundings(text, quote.start, quote.end) != (quote.prefix, quote.suffix):
        return "something else stands around it"
    if quote.sha256 != info.sha256:
        return "its sha256 isn't the document's"
    return None


def _nearest(quote: _Quote, text: str) -> int | None:
    """Where the quoted words are, of several places the one with the same surroundings, or else
    the one nearest to where they were."""
    places = list(islice(_places(text, quote.exact), _MOST_PLACES))
    if not places:
        return None

    def order(start: int) -> tuple[bool, int]:
        around = surroundings(text, start, start + len(quote.exact))
        return around != (quote.prefix, quote.suffix), abs(start - quote.start)

    return min(places, key=order)


def _places(text: str, words: str) -> Iterator[int]:
    start = text.find(words)
    while start >= 0:
        yield start
        start = text.find(words, start + 1)


# ------------------------------------------------------------------ reading the JSON


def _quotes(value: Any, at: str = "", shown: str | None = None, depth: int = 0) -> Iterator[_Quote]:
    """The citations in a JSON value, in order."""
    if depth > _MOST_NESTING:
        raise UsageError(
            "It is nested too deeply to be an answer: give what `qa ask --json` prints."
        )
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _quotes(one, f"{at}[{number}]", None, depth + 1)
    elif isinstance(value, dict) and "selector" in value:
        yield _quote(value, at, shown)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _quotes(one, f"{at}.{name}".lstrip("."), _shown(value, name), depth + 1)


def _holds_an_answer(value: Any) -> bool:
    """Whether there is an answer in a JSON value, which may cite nothing."""
    if isinstance(value, list):
        return any(map(_holds_an_answer, value))
    return isinstance(value, dict) and "answered" in value and value.get("passages") == []


def _shown(holder: Mapping[str, Any], name: str) -> str | None:
    """The words that stand beside a citation, where they are those that it quotes."""
    is_passage = name == "source" and "rank" in holder
    is_quoted = name == "citation" and holder.get("model") is None
    text = holder.get("text")
    return text if isinstance(text, str) and (is_passage or is_quoted) else None


def _quote(value: Mapping[str, Any], at: str, shown: str | None) -> _Quote:
    try:
        by_type = {one["type"]: one for one in value["selector"]}
        position, words = by_type["TextPositionSelector"], by_type["TextQuoteSelector"]
        start, end = _number(position["start"]), _number(position["end"])
        if not words["exact"]:
            raise ValueError("it quotes nothing")
        agrees = (value.get("start", start), value.get("end", end)) == (start, end)
        return _Quote(
            at,
            _text(value["document_id"]),
            _text(value.get("path", "")),
            _text(value["sha256"]),
            start,
            end,
            _text(words["exact"]),
            _text(words.get("prefix", "")),
            _text(words.get("suffix", "")),
            shown,
            None if agrees else "its start and end aren't those of its selector",
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        where = at or "the top"
        raise UsageError(
            f"The citation at {where} isn't as qa writes them ({type(error).__name__}: {error}): "
            "give what `qa ask --json` prints."
        ) from error


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r:.40} is no offset")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    value.encode()  # raises a ValueError where half of a character stands alone
    return value

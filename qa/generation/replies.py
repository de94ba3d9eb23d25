"""The text in what a language model's endpoint sends, whatever else that is made of."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from enum import Enum
from typing import Any

from qa.generation.failures import STRANGE, Failure

_THOUGHTS = ("<think>", "</think>")


class Ended(Enum):
    """How a completion ended."""

    WELL = "well"
    CUT_BY_LENGTH = "length"
    UNKNOWN = "unknown"
    """It stopped without saying so."""


def told(chunks: Iterable[Any]) -> Generator[str, None, Ended]:
    """The text of a streamed completion; returns how it ended. Thoughts and tool calls are left
    out, and so is what is no text at all."""
    end = Ended.UNKNOWN
    for chunk in chunks:
        choice = _first(getattr(chunk, "choices", None))
        text = getattr(getattr(choice, "delta", None), "content", None)
        if isinstance(text, str) and text:
            yield text
        end = _end(getattr(choice, "finish_reason", None)) or end
    return end


def whole(body: Any) -> tuple[str, Ended]:
    """The text of a completion that is sent at once, and how it ended.

    Raises:
        Failure: it is none.
    """
    choice = _first(body.get("choices") if isinstance(body, dict) else None)
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise Failure(STRANGE)
    text = message.get("content")
    end = _end(choice.get("finish_reason")) or Ended.WELL
    return (text if isinstance(text, str) else ""), end


def _first(choices: Any) -> Any:
    return choices[0] if isinstance(choices, list) and choices else None


def _end(reason: Any) -> Ended | None:
    if not isinstance(reason, str):
        return None
    return Ended.CUT_BY_LENGTH if reason == "length" else Ended.WELL


def without_thoughts(pieces: Iterator[str]) -> Generator[str, None, None]:
    """Leaves out what stands between <think> and </think>, however it is cut into pieces."""
    held, inside = "", False
    for piece in pieces:
        held += piece
        while (tag := _THOUGHTS[inside]) in held:
            before, _, held = held.partition(tag)
            if before and not inside:
                yield before
            inside = not inside
        begun = _begun(held, tag)
        if not inside and len(held) > begun:
            yield held[: len(held) - begun]
        held = held[len(held) - begun :]
    if held and not inside:
        yield held


def _begun(text: str, tag: str) -> int:
    """How many characters at the end of a text may be the beginning of a tag."""
    sizes = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((size for size in sizes if tag.startswith(text[-size:])), 0)

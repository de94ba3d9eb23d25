"""An answer that a language model writes from what was found, checked sentence by sentence."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from qa.errors import LanguageModelError
from qa.generation.cleaning import cleaned, without_brackets
from qa.generation.client import LanguageModel
from qa.generation.clock import with_stage
from qa.generation.prompts import INSTRUCTIONS, NO_ANSWER, TASK, Prompt, answering
from qa.types import Answer, CheckedSentence, ScoredPassage, Turn
from qa.verification import Verifier, as_text, complete, says_something, split

_MOST_SENTENCES = 12
_MOST_REPEATED = 3
"""Sentences that were there before; then it goes round in circles."""
_ABSTENTION = re.compile(rf"\W*{NO_ANSWER}\W*(?:\[[\d\s,]*\]\W*)*", re.IGNORECASE)

_FRAME = r"-{3,}\s*[0-9a-f]{8}\b"
"""Where the frame of a passage is repeated, if with another word: small models misspell it."""
_NEXT_QUESTION = re.compile(r"(?:question|what was said before)\s*:", re.IGNORECASE)
"""Where the model goes on with a conversation of its own."""


def write(
    found: Answer,
    history: Sequence[Turn],
    model: LanguageModel,
    verifier: Verifier,
    *,
    strict: bool,
    context_tokens: int,
) -> Iterator[CheckedSentence | Answer]:
    """Each sentence of the answer to ``found.searched_for`` once it is checked, and last the
    answer. Closing the iterator ends the writing.

    With ``strict``, unsupported sentences aren't shown; otherwise they are, after one that is
    supported. If none is, the documents don't say. If the model fails before one was shown, the
    answer is the one that was found; later, what was shown so far. ``notice`` says so.

    Args:
        found: has passages.
        history: the conversation, where what was searched for leans on it.
    """
    start = time.perf_counter()
    draft = _Draft(strict)
    notice = None
    try:
        prompt = answering(found.searched_for, found.passages, history, context_tokens)
        with closing(model.stream(prompt.messages, prompt.most_tokens)) as pieces:
            for sentence in _sentences(pieces, prompt, found.question):
                if _ABSTENTION.fullmatch(sentence):
                    draft.abstains = True
                    continue
                yield from draft.take(_checked(verifier, sentence, prompt.passages))
                if draft.is_full:
                    break
    except LanguageModelError as error:
        notice = str(error)
    milliseconds = round((time.perf_counter() - start) * 1000, 3)
    answer = draft.answer(found, model.model, notice)
    yield replace(answer, timings_ms=with_stage(found.timings_ms, "write", milliseconds))


@dataclass(slots=True)
class _Draft:
    """What has been written so far, and what of it is shown."""

    strict: bool
    abstains: bool = False
    written: list[CheckedSentence] = field(default_factory=list)
    shown: list[CheckedSentence] = field(default_factory=list)
    _held: list[CheckedSentence] = field(default_factory=list)

    def take(self, sentence: CheckedSentence) -> list[CheckedSentence]:
        """Adds a sentence; returns those that are shown now."""
        self.written.append(sentence)
        if not sentence.supported:
            if self.strict:
                return []
            if not self.shown:
                self._held.append(sentence)
                return []
        now = [*self._held, sentence]
        self._held.clear()
        self.shown += now
        return now

    @property
    def is_full(self) -> bool:
        return len(self.written) >= _MOST_SENTENCES

    def answer(self, found: Answer, model: str, failure: str | None) -> Answer:
        """What it comes to; ``failure`` is what the model did wrong."""
        if not self.shown and failure:
            return replace(found, notice=f"{failure}: {_instead(found)}.")
        sentences = tuple(self.written)
        if not self.shown:
            why = f"No passage supports what the language model {model} wrote: it is left out."
            if self.abstains and not self.written:
                why = f"The language model {model} finds no answer in these passages."
            return replace(
                found, answered=False, text=None, citation=None, sentences=sentences, notice=why
            )
        first = next(sentence for sentence in self.shown if sentence.supported)
        return replace(
            found,
            answered=True,
            text=" ".join(map(as_text, self.shown)),
            citation=first.source or found.passages[first.citations[0] - 1].source,
            model=model,
            sentences=sentences,
            notice=f"{failure}: this is what it had written by then." if failure else None,
        )


def _instead(found: Answer) -> str:
    if found.text is None:
        return "no sentence of the documents answers by itself"
    return "this is the sentence of the documents that answers best"


def _checked(
    verifier: Verifier, sentence: str, passages: Sequence[ScoredPassage]
) -> CheckedSentence:
    checked = verifier.check(sentence, passages)
    return replace(checked, text=without_brackets(checked.text))


def _sentences(pieces: Iterable[str], prompt: Prompt, question: str) -> Iterator[str]:
    """What is written, sentence by sentence: mere text, once each, and nothing that only repeats
    the prompt."""
    seen: set[str] = set()
    repeated = 0
    for sentence in _whole(pieces, prompt.boundary):
        text = cleaned(sentence)
        if _NEXT_QUESTION.match(text):
            return
        key = _words(text)
        if _ABSTENTION.fullmatch(text):
            yield text
            continue
        if not text or _is_echo(key, question) or not says_something(text):
            continue
        if key in seen:
            repeated += 1
            if repeated >= _MOST_REPEATED:
                return
            continue
        seen.add(key)
        yield text


def _whole(pieces: Iterable[str], boundary: str) -> Generator[str, None, None]:
    """The sentences of a text that comes in pieces, each as soon as it is whole, up to where the
    frame of the passages is repeated. If the pieces end with an error, the last sentence isn't."""
    text = ""
    for piece in pieces:
        text += piece
        frame = re.search(rf"{boundary}|{_FRAME}", text)
        if frame:
            text = text[: frame.start()].rstrip("- ")
            break
        sentences, text = complete(text)
        yield from sentences
    yield from split(text)


def _is_echo(words: str, question: str) -> bool:
    told = _words(f"{INSTRUCTIONS} {TASK}")
    if words == _words(question):
        return True
    return words.count(" ") > 3 and words in told


def _words(text: str) -> str:
    """The words of a text without its markers, to compare it by."""
    return " ".join(re.findall(r"\w+", re.sub(r"\[[\d\s,]*\]", "", text).casefold()))

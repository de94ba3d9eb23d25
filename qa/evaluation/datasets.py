"""Questions with their accepted answers: what an evaluation asks, and what would be right.

A dataset is a question/answer file (`qa.evaluation.question_files`), asked of a store that is there
already, or a folder that brings its own documents: in the layout of BEIR (`qa.evaluation.beir`), or
with conversations (`qa.evaluation.conversations`), whose questions have others before them.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qa.errors import UsageError
from qa.types import Turn


@dataclass(frozen=True, slots=True)
class Source:
    """Where an answer stands. It is tied to the document, never to a passage, so that stores cut
    into passages differently compare fairly."""

    document: str
    """A path or an id, as the dataset writes it."""
    quote: str | None = None
    start: int | None = None
    """With ``end``: characters ``[start, end)`` of the document's text."""
    end: int | None = None
    grade: int = 1
    """How relevant the document is; 0 was judged and isn't."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. Not ``answerable``: right is to say that the documents don't say."""

    id: str
    text: str
    answers: tuple[str, ...] = ()
    """Accepted strings; none where only documents are known to be relevant."""
    answerable: bool = True
    sources: tuple[Source, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else the dataset says of it."""
    history: tuple[Turn, ...] = ()
    """The conversation that it is asked in, oldest first."""
    rewrite: str | None = None
    """The same question as someone worded it to stand alone."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Questions to ask, in order; ids are unique."""

    name: str
    path: Path
    questions: tuple[Question, ...]
    corpus: Path | None = None
    """The file of the documents that come with it; None where a store is to be asked as it is."""
    split: str | None = None
    """Which relevance judgements were taken, where there are several."""

    @property
    def answerable(self) -> int:
        """How many of the questions can be answered."""
        return sum(question.answerable for question in self.questions)

    @property
    def unanswerable(self) -> int:
        return len(self.questions) - self.answerable

    @property
    def has_conversations(self) -> bool:
        """Whether questions have others before them."""
        return any(question.history for question in self.questions)


def load_dataset(
    path: Path, *, split: str = "test", limit: int | None = None, seed: int = 0
) -> Dataset:
    """The dataset that a file or folder holds.

    A folder with both ``queries.jsonl`` and ``conversations.jsonl`` is a BEIR folder; its
    conversations are asked if that file is named.

    Args:
        split: which ``qrels/*.tsv`` of a BEIR folder to take.
        limit: take a random sample of that many questions, in the dataset's order.
        seed: of the sample; the same seed takes the same questions.

    Raises:
        UsageError: it can't be read, or something in it is wrong; the message names file and line.
    """
    from qa.evaluation import beir, conversations, question_files

    if limit is not None and limit < 1:
        raise UsageError(f"The limit is {limit}: give how many questions to ask, at least 1.")
    if not path.exists():
        raise UsageError(f"There is no dataset {path}: give a question file or a folder.")
    if path.name == conversations.FILE and path.is_file():
        dataset = conversations.load(path.parent)
    elif not path.is_dir():
        dataset = question_files.load(path)
    elif (path / conversations.FILE).is_file() and not (path / beir.QUERIES).is_file():
        dataset = conversations.load(path)
    else:
        dataset = beir.load(path, split)
    _check_ids(dataset)
    if limit is None or limit >= len(dataset.questions):
        return dataset
    return replace(dataset, questions=_sample(dataset.questions, limit, seed))


def plain(extra: Mapping[Any, Any]) -> dict[str, Any]:
    """Fields beside the question as a result's JSON can hold them: what JSON doesn't have, such as
    YAML's dates or a number that is none, as texts.

    Raises:
        ValueError: a value holds itself, as YAML allows.
    """
    text = json.dumps(extra, default=str, skipkeys=True)
    values: dict[str, Any] = json.loads(text, parse_constant=str)
    return values


def question_id(text: str) -> str:
    """The id of a question that states none: it stays the same when others come before it."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def _check_ids(dataset: Dataset) -> None:
    seen: set[str] = set()
    for question in dataset.questions:
        if question.id in seen:
            raise UsageError(
                f"{dataset.path} has two questions of the id {question.id!r} "
                f"(the second is {question.text!r}): take one out, or give it an id of its own."
            )
        seen.add(question.id)


def _sample(questions: Sequence[Question], limit: int, seed: int) -> tuple[Question, ...]:
    chosen = random.Random(seed).sample(range(len(questions)), limit)  # noqa: S311 - no secret
    return tuple(questions[number] for number in sorted(chosen))

"""Folders with conversations: questions that were asked one after another.

``corpus.jsonl``         as in a BEIR folder (`qa.evaluation.beir`)
``conversations.jsonl``  one conversation a line: ``_id`` and ``turns``, each with

``utterance``   what was asked, as it was said
``turn``        optional; its number, by default its place from 1
``passage_id``  optional; the document that answers it; a turn without one is not scored
``response``    optional; what was answered: the text of that passage
``rewrite``     optional; the question as someone worded it to stand alone

Ids may be numbers, other fields are ignored. The questions of the dataset are the scored turns that
have others before them, called by the ids of conversation and turn: ``106_4``.

Source of the layout: Dalton, Xiong & Callan, "TREC CAsT 2021: The Conversational Assistance Track
Overview", with documents as BEIR has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import UsageError
from qa.evaluation.beir import CORPUS, valid
from qa.evaluation.datasets import Dataset, Question, Source
from qa.evaluation.question_files import json_lines, read_text
from qa.types import Turn

FILE = "conversations.jsonl"


def load(folder: Path) -> Dataset:
    """The scored turns of a folder's conversations, but for the first of each, which leans on none.

    Raises:
        UsageError: a file is missing or wrong; it names file and line.
    """
    corpus, path = folder / CORPUS, folder / FILE
    if not corpus.is_file():
        raise UsageError(
            f"There is no {corpus}: beside {FILE} there must be the documents that answer."
        )
    seen: set[str] = set()
    questions: list[Question] = []
    for where, record in json_lines(path, read_text(path)):
        id_ = _id(record.get("_id"))
        if id_ is None:
            raise UsageError(f"{where} is no conversation: give it an `_id` and its `turns`.")
        if id_ in seen:
            raise UsageError(f"{where} has the _id {id_!r} of an earlier line: take one out.")
        seen.add(id_)
        questions += _questions(id_, _turns(record, where))
    if not questions:
        raise UsageError(
            f"No turn of {path} that has others before it has a `passage_id`: there is nothing to "
            "score."
        )
    return Dataset(folder.resolve().name, folder, tuple(questions), corpus)


def as_turn(utterance: str, response: str | None) -> Turn:
    """An earlier turn as the conversation has it: what was answered is the whole passage."""
    return Turn(utterance, answer=response)


@dataclass(frozen=True, slots=True)
class _Said:
    """One turn of a conversation, as the file has it."""

    turn: str
    utterance: str
    rewrite: str | None
    response: str | None
    passage: str | None


def _questions(conversation: str, turns: list[_Said]) -> Iterator[Question]:
    history = [as_turn(said.utterance, said.response) for said in turns]
    for place, said in enumerate(turns):
        if place and said.passage is not None:
            yield Question(
                id=f"{conversation}_{said.turn}",
                text=said.utterance,
                sources=(Source(said.passage),),
                extra={
                    "conversation": conversation,
                    "turn": said.turn,
                    "rewrite": said.rewrite,
                },
                history=tuple(history[:place]),
                rewrite=said.rewrite,
            )


def _turns(record: dict[str, Any], where: str) -> list[_Said]:
    rows = record.get("turns")
    if not isinstance(rows, list) or not rows:
        raise UsageError(f"{where} is no conversation: give it an `_id` and its `turns`, a list.")
    turns = [_said(row, f"{where} (turn {place})", place) for place, row in enumerate(rows, 1)]
    numbers = [said.turn for said in turns]
    for number in numbers:
        if numbers.count(number) > 1:
            raise UsageError(f"{where} has two turns {number!r}: give each a number of its own.")
    return turns


def _said(row: Any, where: str, place: int) -> _Said:
    utterance = _text(row, "utterance", where) if isinstance(row, dict) else None
    if utterance is None:
        raise UsageError(f"{where} is no turn: give it an `utterance`, what was asked.")
    number, passage = row.get("turn"), row.get("passage_id")
    turn, passage_id = _id(place if number is None else number), _id(passage)
    if turn is None:
        raise UsageError(f"{where} has the number {number!r}: write a whole number.")
    if passage is not None and passage_id is None:
        raise UsageError(
            f"{where} has the passage_id {passage!r}: give the `_id` of a document, or null."
        )
    return _Said(
        turn=turn,
        utterance=utterance,
        rewrite=_text(row, "rewrite", where),
        response=_text(row, "response", where),
        passage=passage_id,
    )


def _text(row: dict[str, Any], name: str, where: str) -> str | None:
    """A field's text; None where there is none."""
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{where} has a `{name}` that is no text: quote it, or write null.")
    return valid(value).strip() or None if value else None


def _id(value: Any) -> str | None:
    """An id or number as a text; None where it is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return valid(str(value)) if str(value).strip() else None

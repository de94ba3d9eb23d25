"""What people say of answers, kept so that `qa evaluate` can ask the same questions again.

::

    vectors/feedback.jsonl          a question a line, as `qa.evaluation.question_files` reads it
    vectors/feedback-review.jsonl   what leaves open what would be right, for a person to complete

A verdict that settles what is right goes to the first: the answer was right, or the person says
what would have been. Of a question judged again the newest verdict stands and earlier ones go, from
both files, since a question file holds a question once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from qa.errors import StoreBusyError, StoreError, UsageError
from qa.evaluation.datasets import question_id
from qa.service import QA, checked_question

FILE = "feedback.jsonl"
REVIEW_FILE = "feedback-review.jsonl"
MAX_BYTES = 10_000_000
"""Of each file."""
_LOCK_SECONDS = 10.0

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Feedback:
    """A verdict on what was answered to a question, which stands for itself (`searched_for`)."""

    question: str
    verdict: Literal["up", "down"]
    answered: bool
    answer: str | None = None
    source: tuple[str, int, int] | None = None
    """Where the answer stands: the document's id, and ``[start, end)`` in its text."""
    expected: str | None = None
    """What should have been answered instead."""
    expected_unanswerable: bool = False
    """The documents don't say, although something was answered."""
    filters: tuple[str, ...] = ()
    """What the question was put to. An evaluation asks the whole store, so that a verdict on a
    part of it settles nothing there."""


def record(bot: QA, feedback: Feedback) -> Path:
    """Keeps a verdict beside the store; returns the file that it is in once this returns.

    Raises:
        UsageError: the verdict contradicts itself, or its source isn't in the document.
        NotFoundError: there is no such document.
        StoreError: the file is full or can't be written.
    """
    _check(bot, feedback)
    question = checked_question(feedback.question)
    settled = None if feedback.filters else _settled(feedback)
    entry = {"id": question_id(question), "question": question, "at": _now()}
    folder = bot.store.folder
    settled_path, review_path = folder / FILE, folder / REVIEW_FILE
    try:
        with FileLock(folder / "feedback.lock", timeout=_LOCK_SECONDS):
            if settled is None:
                _replace(review_path, entry | _as_answered(feedback))
                _remove(settled_path, entry["id"])
                return review_path
            _replace(settled_path, entry | settled)
            _remove(review_path, entry["id"])
            return settled_path
    except Timeout:
        raise StoreBusyError("Other feedback is being written: try again shortly.") from None
    except OSError as error:
        raise StoreError(
            f"Feedback can't be written into {folder} ({error.strerror or error}): "
            "make the folder writable, or turn off the setting feedback."
        ) from error


def _check(bot: QA, feedback: Feedback) -> None:
    if feedback.answered and not feedback.answer:
        raise UsageError("The feedback is on an answer, but has none: send its text as `answer`.")
    if feedback.verdict == "up" and (feedback.expected or feedback.expected_unanswerable):
        raise UsageError("The answer was right, yet another is expected: send one or the other.")
    if feedback.expected and feedback.expected_unanswerable:
        raise UsageError("An answer is expected, and none: send one or the other.")
    if feedback.source:
        document_id, start, end = feedback.source
        if not start < end <= bot.library.info(document_id).characters:
            raise UsageError(
                f"The source {start:,} to {end:,} isn't in the document {document_id!r}: send the "
                "citation's document_id, start and end as they came."
            )


def _settled(feedback: Feedback) -> Record | None:
    """What an evaluation needs to know, or None if the verdict leaves open what is right."""
    if feedback.verdict == "down":
        if feedback.expected:
            return {"answers": [feedback.expected]}
        return {"answers": []} if feedback.expected_unanswerable else None
    if not feedback.answered:
        return {"answers": []}
    return {"answers": [feedback.answer], "sources": _sources(feedback)}


def _as_answered(feedback: Feedback) -> Record:
    shown = {
        "verdict": feedback.verdict,
        "answered": feedback.answered,
        "answer": feedback.answer,
        "sources": _sources(feedback),
        "expected": feedback.expected,
        "expected_unanswerable": feedback.expected_unanswerable,
        "filters": list(feedback.filters),
    }
    return {name: value for name, value in shown.items() if value not in (None, [], False)}


def _sources(feedback: Feedback) -> list[Record]:
    if not feedback.source:
        return []
    document_id, start, end = feedback.source
    return [{"document": document_id, "start": start, "end": end}]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _replace(path: Path, entry: Mapping[str, Any]) -> None:
    """Puts an entry at the end of a file, in the place of the one with its id."""
    line = json.dumps(entry, ensure_ascii=False) + "\n"
    kept = [other for other in _lines(path) if _id(other) != entry["id"]]
    if sum(len(each.encode()) for each in (*kept, line)) > MAX_BYTES:
        raise StoreError(
            f"{path} is full ({MAX_BYTES:,} bytes): move it away, and a new one will be begun."
        )
    _write(path, [*kept, line])


def _remove(path: Path, id_: str) -> None:
    lines = _lines(path)
    kept = [line for line in lines if _id(line) != id_]
    if len(kept) < len(lines):
        _write(path, kept)


def _lines(path: Path) -> list[str]:
    """The whole lines of a file; each ends in a line feed, and none is empty."""
    if not path.exists():
        return []
    text = path.read_bytes().decode(errors="replace")
    return [f"{line}\n" for line in text.split("\n") if line.strip()]


def _id(line: str) -> str | None:
    """The id of an entry; None if a person left something there that is none."""
    try:
        entry = json.loads(line)
        return str(entry.get("id") or question_id(entry["question"].strip()))
    except (ValueError, AttributeError, KeyError, TypeError):
        return None


def _write(path: Path, lines: list[str]) -> None:
    """Replaces a file at once: whoever reads it sees the old one or the new one, whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

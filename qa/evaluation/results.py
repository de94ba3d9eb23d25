"""What an evaluation found, and its two files: JSON and a TREC run.

The JSON is a contract, version 1; its fields are those of the dataclasses here:

``version, qa``   of this form (1) and of the program
``dataset``       name, split, and how many questions and documents there are
``metrics``       by name ``{value, low, high, n}``: the figure, its 95 % interval by bootstrap over
                  questions, and how many questions it counts; what doesn't apply is left out
``baselines``     of a set with conversations, each in the form of ``metrics``: ``raw``, the same
                  questions asked without what came before, and ``rewrite``, those that someone
                  has worded to stand alone asked like that; otherwise empty
``differences``   by baseline and metric of documents what the result gains over it, question by
                  question: ``{value, low, high, p, detectable, n}``; p by paired randomisation
``gap_closed``    ``R@5``: which share of what ``rewrite`` gains over ``raw`` the result gains, over
                  the questions with a rewrite; left out where that gains nothing
``latency_ms``    ``mean, p50, p90, p95, p99`` of whole questions; ``stages``: the mean of each
``settings``      what the figures depend on
``curves``        ``recall`` and ``answers`` ``[{k, value}]``, ``risk_coverage``
                  ``[{coverage, risk}]``, ``calibration`` ``[{confidence, accuracy, n}]``
``queries``       one a question, with its own values, what was searched for and retrieved, and why
                  it failed
``negatives``     the questions of another set, if there were any
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from qa.errors import UsageError
from qa.evaluation.statistics import Difference

VERSION: Literal[1] = 1
SHOWN_DOCUMENTS = 10
"""Documents of a question that the JSON lists; the run has them all."""
# White space would end the column; a percent sign would be taken for one of ours.
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f-\x9f%\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its 95 % interval, over ``n`` questions."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class RankedDocument:
    """A document in a ranking, by the name the run has for it."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A retrieved passage: ``[start, end)`` in its document's text."""

    document: str
    path: str
    title: str
    start: int
    end: int
    rank: int
    score: float
    text: str
    sentence: str | None
    evidence: dict[str, Any] | None
    """Ranks and scores of each side of the search, as in an answer's JSON; None if not known."""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One question, and how it went."""

    id: str
    question: str
    answerable: bool
    answers: tuple[str, ...]
    values: dict[str, float]
    """Its value in each metric that is a mean over questions."""
    correct: bool
    """The first passage answers it: an accepted string stands there; where no strings are known,
    it is from a relevant document."""
    confidence: float | None
    answered: bool
    failure: str | None
    """See `qa.evaluation.failures`; None where nothing is wrong."""
    gold: tuple[str, ...]
    """The relevant documents."""
    gold_rank: int | None
    """Rank of the first relevant document."""
    documents: tuple[RankedDocument, ...]
    first: Retrieved | None
    gold_passage: Retrieved | None
    """The best passage that would have been right."""
    latency_ms: float
    extra: dict[str, Any] = field(default_factory=dict)
    searched_for: str | None = None
    """What was searched: the question, or what it means after others; None in older files."""


@dataclass(frozen=True, slots=True)
class NegativeResult:
    """A question of another set, which this store shouldn't answer."""

    id: str
    question: str
    confidence: float | None
    answered: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What an evaluation found."""

    dataset: dict[str, Any]
    metrics: dict[str, Estimate]
    latency_ms: dict[str, Any]
    settings: dict[str, Any]
    curves: dict[str, list[dict[str, float]]]
    queries: tuple[QueryResult, ...]
    negatives: tuple[NegativeResult, ...]
    qa: str
    baselines: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    differences: dict[str, dict[str, Difference]] = field(default_factory=dict)
    gap_closed: dict[str, Estimate] = field(default_factory=dict)
    version: Literal[1] = VERSION

    @property
    def failures(self) -> tuple[QueryResult, ...]:
        return tuple(query for query in self.queries if query.failure)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the first documents of each question only."""
        short = [replace(q, documents=q.documents[:SHOWN_DOCUMENTS]) for q in self.queries]
        values = asdict(replace(self, queries=tuple(short)))
        return {"version": values.pop("version"), "qa": values.pop("qa"), **values}


def write_json(result: Result, path: Path) -> None:
    """Writes the JSON form; characters outside ASCII as escapes, so that any terminal can show it.

    Raises:
        UsageError: the file can't be written.
    """
    text = json.dumps(result.to_dict(), indent=2, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: Path) -> Result:
    """The result that `write_json` wrote.

    Raises:
        UsageError: the file can't be read or holds something else.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read ({error.strerror or error}).") from error
    try:
        return TypeAdapter(Result).validate_json(data)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the file"
        raise UsageError(
            f"{path} is no result of this version of qa ({where}: {problem['msg']}): make one with "
            f"`qa evaluate DATASET --json {path.name}`."
        ) from error


def write_run(result: Result, path: Path) -> None:
    """Writes the ranking of documents as a TREC run: query, Q0, document, rank, score, tag.

    White space in ids is percent-encoded. Scores strictly descend, also as trec_eval holds them
    (32 bits), so that it ranks as qa did: it goes by score alone.

    Raises:
        UsageError: the file can't be written.
    """
    lines = [line for query in result.queries for line in _run_lines(query)]
    write_text(path, "".join(f"{line}\n" for line in lines))


def _run_lines(query: QueryResult) -> Iterator[str]:
    scores = _descending([document.score for document in query.documents])
    for rank, (document, score) in enumerate(zip(query.documents, scores, strict=True), start=1):
        yield f"{run_id(query.id)} Q0 {run_id(document.id)} {rank} {score} qa"


def run_id(id_: str) -> str:
    """An id as a run can hold it."""
    return _UNSAFE.sub(lambda match: quote(match[0], safe="", errors="replace"), id_)


def _descending(scores: Sequence[float]) -> list[str]:
    import numpy as np

    lowest = np.float32(np.inf)
    written = []
    for score in scores:
        lowest = min(np.float32(score), np.nextafter(lowest, np.float32(-np.inf)))
        written.append(f"{lowest:.9g}")
    return written


def write_text(path: Path, text: str) -> None:
    """Raises UsageError if the file can't be written."""
    try:
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror or error}).") from error

"""Where the right answers stand in a store: a dataset's sources as document ids and offsets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from qa.errors import UsageError
from qa.evaluation.datasets import Dataset, Question, Source
from qa.types import DocumentInfo, Span

if TYPE_CHECKING:
    from qa.service import QA

_SHORTEST_ID = 4
"""Characters of an id's beginning that may name a document."""


@dataclass(frozen=True, slots=True)
class Gold:
    """The right documents of one question, by the names that a run has for documents."""

    grades: Mapping[str, int] = field(default_factory=dict)
    """Every judged document with its relevance; 0 is not relevant."""
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    """Where in a document's text the answer stands, if the dataset says so."""

    @property
    def relevant(self) -> tuple[str, ...]:
        return tuple(name for name, grade in self.grades.items() if grade > 0)


@dataclass(frozen=True, slots=True)
class Names:
    """What a run calls the documents of a store: in a BEIR set their ``_id``, which is their path
    there; otherwise their id, which is the same on every machine."""

    of_id: Mapping[str, str]
    to_id: Mapping[str, str]

    @classmethod
    def of(cls, infos: Sequence[DocumentInfo], dataset: Dataset) -> Names:
        of_id = {info.id: info.path if dataset.corpus else info.id for info in infos}
        return cls(of_id, {name: id_ for id_, name in of_id.items()})


def locate(bot: QA, dataset: Dataset, infos: Sequence[DocumentInfo]) -> dict[str, Gold]:
    """The gold of every question, by the question's id.

    A BEIR set's judgements are taken as they are: a judged document that the corpus lacks can't be
    found, and counts as missed.

    Raises:
        UsageError: a question file's source isn't in the store, or its quote not in the document.
    """
    if dataset.corpus is not None:
        return {
            question.id: Gold({source.document: source.grade for source in question.sources})
            for question in dataset.questions
        }
    finder = _Finder(bot, dataset, infos)
    return {question.id: finder.gold(question) for question in dataset.questions}


class _Finder:
    """Finds what sources mean; many questions name the same few documents."""

    def __init__(self, bot: QA, dataset: Dataset, infos: Sequence[DocumentInfo]) -> None:
        self._bot = bot
        self._dataset = dataset
        self._infos = infos
        self._ids: dict[str, str] = {}
        self._texts: dict[str, str] = {}

    def gold(self, question: Question) -> Gold:
        grades: dict[str, int] = {}
        spans: dict[str, tuple[Span, ...]] = {}
        for source in question.sources:
            id_ = self._id(source.document, question)
            grades[id_] = max(source.grade, grades.get(id_, 0))
            spans[id_] = spans.get(id_, ()) + self._spans(id_, source, question)
        return Gold(grades, {id_: found for id_, found in spans.items() if found})

    def _id(self, reference: str, question: Question) -> str:
        if reference not in self._ids:
            found = [info for info in self._infos if self._is_meant(reference, info)]
            if len(found) != 1:
                what = "several documents match" if found else "the store has no document"
                raise self._error(
                    question,
                    f"{what} {reference!r}: `qa documents` lists ids and paths, one of which to "
                    "name",
                )
            self._ids[reference] = found[0].id
        return self._ids[reference]

    def _is_meant(self, reference: str, info: DocumentInfo) -> bool:
        """By id, the beginning of it, or the end of a path in whole names: stores hold absolute
        paths, datasets must work on other machines."""
        if len(reference) >= _SHORTEST_ID and info.id.startswith(reference.lower()):
            return True
        wanted = PurePath(reference).parts
        if ".." in wanted:
            wanted = (self._dataset.path.parent / Path(reference)).resolve().parts
        return any(PurePath(path).parts[-len(wanted) :] == wanted for path in info.paths)

    def _spans(self, id_: str, source: Source, question: Question) -> tuple[Span, ...]:
        if source.quote is None and source.start is None:
            return ()
        if id_ not in self._texts:
            self._texts[id_] = self._bot.document(id_)[0].text
        text = self._texts[id_]
        if source.start is not None and source.end is not None:
            if source.end > len(text):
                raise self._error(
                    question,
                    f"its source ends at {source.end:,}, beyond the {len(text):,} characters of "
                    f"{source.document!r}: correct the offsets",
                )
            return (Span(source.start, source.end),)
        spans = _occurrences(text, source.quote or "")
        if not spans:
            raise self._error(
                question,
                f"its quote {source.quote!r} isn't in {source.document!r}: copy it from there",
            )
        return spans

    def _error(self, question: Question, problem: str) -> UsageError:
        return UsageError(f"{self._dataset.path}, question {question.id!r}: {problem}.")


def _occurrences(text: str, quote: str) -> tuple[Span, ...]:
    """Everywhere the quote stands, whatever white space is between its words."""
    pattern = r"\s+".join(map(re.escape, quote.split()))
    return tuple(Span(*match.span()) for match in re.finditer(pattern, text))

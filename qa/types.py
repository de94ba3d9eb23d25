"""The core types: what a document, a passage and an answer are. They import nothing of ours.

All offsets are character offsets (Python string indices: code points), half open:
``text[start:end]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

HEADING_SEPARATOR = " > "
LONGEST_LEAD = 300
"""Characters of a title or heading that count in a search: longer ones are none."""
SURROUNDINGS = 32
"""Characters on either side by which a quotation is told from the same words elsewhere."""


@dataclass(frozen=True, slots=True)
class Span:
    """The characters ``[start, end)`` of some text."""

    start: int
    end: int

    def slice(self, text: str) -> str:
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document's text under one heading, on one page.

    The heading line itself, where the text has one, is ``[start, body)``.
    """

    start: int
    body: int
    end: int
    heading: tuple[str, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed document. Equal bytes are one document, whatever paths they lie at.

    ``structure`` is in order and covers all of ``text`` that isn't white space.
    """

    id: str
    paths: tuple[str, ...]
    title: str
    published: date | None
    media_type: str
    sha256: str
    text: str = field(repr=False)
    structure: tuple[Section, ...] = field(repr=False)
    title_stated: bool = True
    """False where the title was made up from the text or file name: it then adds nothing
    to what is embedded."""
    language: str | None = None
    """ISO 639-1 code, as detected; None where the text is too short to tell."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What the document says of itself beside title and date, by lower-case name."""

    @property
    def path(self) -> str:
        """The first of the paths the document was found at."""
        return self.paths[0]


Sort = Literal["path", "title", "date", "ingested", "size", "passages", "language"]
"""What documents can be listed by."""


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What a store knows of a document, short of its text."""

    id: str
    paths: tuple[str, ...]
    title: str
    published: date | None
    media_type: str
    sha256: str
    characters: int
    passages: int
    ingested_at: str
    language: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.paths[0]

    def to_dict(self) -> dict[str, Any]:
        return {
            "document_id": self.id,
            "path": self.path,
            "paths": list(self.paths),
            "title": self.title,
            "date": self.published.isoformat() if self.published else None,
            "language": self.language,
            "metadata": dict(self.metadata),
            "media_type": self.media_type,
            "sha256": self.sha256,
            "characters": self.characters,
            "passages": self.passages,
            "ingested_at": self.ingested_at,
        }


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrievable piece of a document: ``document.text[start:end] == text``, exactly."""

    id: str
    document_id: str
    text: str
    start: int
    end: int
    heading: tuple[str, ...] = ()
    page: int | None = None
    sentences: tuple[Span, ...] = ()
    """The sentences, as spans of ``text`` (not of the document); heading lines are none."""
    number: int = 0
    """Its place among the document's passages, from 0."""
    prefix: str = ""
    """The document's text right before it, `SURROUNDINGS` characters at most."""
    suffix: str = ""
    """That right behind it."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a quoted text stands: the document, and ``[start, end)`` in its text."""

    document_id: str
    path: str
    title: str
    date: date | None
    heading: str | None
    page: int | None
    passage: int
    """The passage's number in its document, from 0."""
    start: int
    end: int
    sha256: str
    exact: str
    """What is quoted: ``[start, end)`` of the document's text."""
    prefix: str = ""
    """The text right before it, `SURROUNDINGS` characters at most."""
    suffix: str = ""
    """That right behind it."""

    def to_dict(self) -> dict[str, Any]:
        """``selector`` says in the words of the W3C's Web Annotation data model where in the
        document's extracted text it stands."""
        return {
            "document_id": self.document_id,
            "path": self.path,
            "title": self.title,
            "date": self.date.isoformat() if self.date else None,
            "heading": self.heading,
            "page": self.page,
            "passage": self.passage,
            "start": self.start,
            "end": self.end,
            "sha256": self.sha256,
            "selector": [
                {"type": "TextPositionSelector", "start": self.start, "end": self.end},
                {
                    "type": "TextQuoteSelector",
                    "exact": self.exact,
                    "prefix": self.prefix,
                    "suffix": self.suffix,
                },
            ],
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each side of a hybrid search says of a passage; ranks start at 1."""

    dense: float
    """Cosine of the passage's embedding with the question's."""
    lexical: float
    """BM25."""
    dense_rank: int | None = None
    """None where the passage was not among this side's candidates."""
    lexical_rank: int | None = None
    sentence: float | None = None
    """Cosine of the passage's nearest sentence; None if it has no sentence."""
    rerank: float | None = None
    """The reranker's score, where there is one."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "dense": {"rank": self.dense_rank, "score": self.dense},
            "lexical": {"rank": self.lexical_rank, "score": self.lexical},
            "sentence": self.sentence,
            "rerank": self.rerank,
        }


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage in a ranking. ``rank`` starts at 1; a higher ``score`` is better."""

    rank: int
    score: float
    passage: Passage
    source: Citation
    highlights: tuple[Span, ...] = ()
    """The sentences nearest to the question, as spans of ``text``."""
    evidence: Evidence | None = None
    also: tuple[Citation, ...] = ()
    """Where else nearly the same passage stands, best first."""

    @property
    def text(self) -> str:
        return self.passage.text

    def to_dict(self) -> dict[str, Any]:
        return {
            "rank": self.rank,
            "score": self.score,
            "text": self.text,
            "highlights": [{"start": span.start, "end": span.end} for span in self.highlights],
            "source": self.source.to_dict(),
            "also": [citation.to_dict() for citation in self.also],
            "evidence": self.evidence.to_dict() if self.evidence else None,
        }


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of a conversation, and what was answered (None: nothing)."""

    question: str
    answer: str | None = None
    passage: str | None = None
    """The passage that the answer was taken from, as it was shown."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as it is asked; see `qa.service.QA.ask`."""

    question: str
    top_k: int | None = None
    where: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a sentence says, looked for in the passages that it cites."""

    kind: str
    """One of "number", "date", "name", "quote", "negation" and "meaning"."""
    text: str
    """What was looked for, as the sentence says it."""
    found: bool

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text, "found": self.found}


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence that a language model wrote, held against the passages it cites."""

    text: str
    """As it is shown, with its markers: "The city of Shusha was chosen [1]."."""
    citations: tuple[int, ...]
    """The ranks of the passages that it cites, those that there are."""
    supported: bool
    score: float | None
    """How near it is in meaning to what it cites, 0 to 1; None where it cites nothing."""
    checks: tuple[Check, ...] = ()
    source: Citation | None = None
    """The sentence of the documents that supports it best."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "citations": list(self.citations),
            "supported": self.supported,
            "score": self.score,
            "checks": [check.to_dict() for check in self.checks],
            "source": self.source.to_dict() if self.source else None,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What the documents say to a question, or that they don't (``answered`` false).

    Its text is a sentence of theirs, word for word, or was written by a language model (``model``)
    and checked sentence by sentence.
    """

    question: str
    searched_for: str
    """What was searched: the question, or what it means after earlier ones."""
    answered: bool
    text: str | None
    citation: Citation | None
    confidence: float | None
    passages: tuple[ScoredPassage, ...]
    timings_ms: Mapping[str, float] = field(default_factory=dict, compare=False)
    model: str | None = None
    """The language model that wrote the text; None: it is quoted."""
    sentences: tuple[CheckedSentence, ...] = ()
    """What the language model wrote, also what is not shown."""
    notice: str | None = None
    """Why the answer isn't what was asked for, as when no language model could be reached."""

    @property
    def turn(self) -> Turn:
        """What the next question of the conversation may lean on."""
        passage = self.passages[0].text if self.answered and self.passages else None
        return Turn(self.question, self.text, passage)

    def to_dict(self) -> dict[str, Any]:
        """The one JSON form of an answer, the same on the command line and over HTTP."""
        answer = None
        if self.text is not None and self.citation is not None:
            answer = {
                "text": self.text,
                "citation": self.citation.to_dict(),
                "model": self.model,
            }
        return {
            "question": self.question,
            "searched_for": self.searched_for,
            "answered": self.answered,
            "answer": answer,
            "confidence": self.confidence,
            "notice": self.notice,
            "sentences": [sentence.to_dict() for sentence in self.sentences],
            "passages": [passage.to_dict() for passage in self.passages],
            "timings_ms": dict(self.timings_ms),
        }


def surroundings(text: str, start: int, end: int) -> tuple[str, str]:
    """What stands right before and right behind ``text[start:end]``."""
    return text[max(0, start - SURROUNDINGS) : start], text[end : end + SURROUNDINGS]


def cite(document: Document | DocumentInfo, passage: Passage, span: Span | None = None) -> Citation:
    """The citation of a passage, or of a span of its text."""
    whole = Citation(
        document_id=document.id,
        path=document.path,
        title=document.title,
        date=document.published,
        heading=HEADING_SEPARATOR.join(passage.heading) or None,
        page=passage.page,
        passage=passage.number,
        start=passage.start,
        end=passage.end,
        sha256=document.sha256,
        exact=passage.text,
        prefix=passage.prefix,
        suffix=passage.suffix,
    )
    return narrowed(whole, passage, span) if span else whole


def narrowed(citation: Citation, passage: Passage, span: Span) -> Citation:
    """The citation of a span of a passage's text, from that of the passage."""
    before, behind = surroundings(passage.text, span.start, span.end)
    return replace(
        citation,
        start=passage.start + span.start,
        end=passage.start + span.end,
        exact=span.slice(passage.text),
        prefix=(passage.prefix + before)[-SURROUNDINGS:],
        suffix=(behind + passage.suffix)[:SURROUNDINGS],
    )

"""What comes back over HTTP, for the description of the interface. Responses are made from the
core types (`to_dict`) and not from these models: the tests hold the two together."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from qa.http import examples
from qa.http.problems import Problem
from qa.types import SURROUNDINGS

Offset = Annotated[int, Field(ge=0, description="In characters, from 0.")]
Score = Annotated[float, Field(description="Higher is better.")]


def _config(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class SpanModel(BaseModel):
    """The characters `[start, end)` of a text."""

    model_config = _config({"start": 2, "end": 32})

    start: Offset
    end: Offset


class PositionSelectorModel(BaseModel):
    """`[start, end)` of the document's text, as `/documents/{id}/text` gives it, in characters
    (code points, not UTF-16)."""

    model_config = _config(examples.CITATION["selector"][0])

    type: Literal["TextPositionSelector"]
    start: Offset
    end: Offset


class QuoteSelectorModel(BaseModel):
    """What is quoted, and the text around it, by which it is found if offsets have changed."""

    model_config = _config(examples.CITATION["selector"][1])

    type: Literal["TextQuoteSelector"]
    exact: str
    prefix: Annotated[str, Field(max_length=SURROUNDINGS, description="Right before it.")]
    suffix: Annotated[str, Field(max_length=SURROUNDINGS, description="Right behind it.")]


class CitationModel(BaseModel):
    """Where a text stands: the document, and `[start, end)` in its text."""

    model_config = _config(examples.CITATION)

    document_id: str
    path: str
    title: str
    date: date | None
    heading: str | None
    page: int | None
    passage: Annotated[int, Field(ge=0, description="Its number in the document, from 0.")]
    start: Offset
    end: Offset
    sha256: str
    selector: Annotated[
        tuple[PositionSelectorModel, QuoteSelectorModel],
        Field(description="Both say the same; of the W3C's Web Annotation data model."),
    ]


class AnswerTextModel(BaseModel):
    """What answers, and where it stands."""

    model_config = _config(examples.ANSWER["answer"])

    text: str
    citation: CitationModel
    model: Annotated[
        str | None,
        Field(description="The language model that wrote it; null: a sentence of the documents."),
    ]


class CheckModel(BaseModel):
    """One thing that a sentence says, looked for in the passages that it cites."""

    model_config = _config(examples.SENTENCE["checks"][0])

    kind: Literal["number", "date", "name", "quote", "negation", "meaning"]
    text: str
    found: bool


class CheckedSentenceModel(BaseModel):
    """A sentence that a language model wrote, held against the passages that it cites."""

    model_config = _config(examples.SENTENCE)

    text: str
    citations: Annotated[list[int], Field(description="Ranks of passages.")]
    supported: bool
    score: Annotated[float | None, Field(description="Nearness in meaning to what it cites.")]
    checks: list[CheckModel]
    source: Annotated[CitationModel | None, Field(description="What supports it best.")]


class SideModel(BaseModel):
    """What one side of the search says of a passage."""

    model_config = _config({"rank": 1, "score": 0.61})

    rank: Annotated[int | None, Field(ge=1, description="None: not among its candidates.")]
    score: Score


class EvidenceModel(BaseModel):
    """What a passage's score is made of."""

    model_config = _config(examples.ANSWER["passages"][0]["evidence"])

    dense: SideModel
    lexical: SideModel
    sentence: Annotated[float | None, Field(description="Of the best sentence.")]
    rerank: Annotated[float | None, Field(description="The reranker's, where there is one.")]


class RankedPassageModel(BaseModel):
    """A passage among those found."""

    model_config = _config(examples.ANSWER["passages"][0])

    rank: Annotated[int, Field(ge=1)]
    score: Score
    text: str
    highlights: Annotated[list[SpanModel], Field(description="In the passage's text.")]
    source: CitationModel
    also: Annotated[list[CitationModel], Field(description="Where else nearly the same stands.")]
    evidence: EvidenceModel | None


class AnswerModel(BaseModel):
    """What the documents say to a question, or that they don't."""

    model_config = _config(examples.ANSWER)

    question: str
    searched_for: Annotated[str, Field(description="The question, with what it leans on.")]
    answered: bool
    answer: AnswerTextModel | None
    confidence: Annotated[float | None, Field(ge=0, le=1)]
    notice: Annotated[
        str | None, Field(description="Why the answer isn't what was asked for, if so.")
    ]
    sentences: Annotated[
        list[CheckedSentenceModel],
        Field(description="What a language model wrote, also what isn't shown."),
    ]
    passages: Annotated[list[RankedPassageModel], Field(description="Best first.")]
    timings_ms: Annotated[dict[str, float], Field(description="By stage, and in total.")]


class DocumentModel(BaseModel):
    """A document, short of its text."""

    model_config = _config(examples.DOCUMENT)

    document_id: str
    path: str
    paths: Annotated[list[str], Field(min_length=1)]
    title: str
    date: date | None
    language: Annotated[str | None, Field(description="ISO 639-1.")]
    metadata: Annotated[dict[str, str], Field(description="What it says of itself.")]
    media_type: str
    sha256: str
    characters: Annotated[int, Field(ge=0)]
    passages: Annotated[int, Field(ge=0)]
    ingested_at: datetime


class DocumentDetailModel(DocumentModel):
    """A document, and whether its original can be had."""

    model_config = _config({**examples.DOCUMENT, "original": True})

    original: bool


class DocumentsModel(BaseModel):
    """Some of the documents, by path."""

    model_config = _config({"total": 1, "offset": 0, "limit": 50, "documents": [examples.DOCUMENT]})

    total: Annotated[int, Field(ge=0, description="How many there are in all.")]
    offset: Annotated[int, Field(ge=0)]
    limit: Annotated[int, Field(ge=1)]
    documents: list[DocumentModel]


class TextModel(BaseModel):
    """A stretch of a document's text."""

    model_config = _config(
        {
            "document_id": examples.CITATION["document_id"],
            "characters": 2041,
            "start": 812,
            "end": 842,
            "text": "The city of Shusha was chosen.",
        }
    )

    document_id: str
    characters: Annotated[int, Field(ge=0, description="Of the whole text.")]
    start: Offset
    end: Offset
    text: str


class PassageModel(BaseModel):
    """A passage of a document."""

    model_config = _config(examples.PASSAGE)

    document: DocumentModel
    passage: Annotated[int, Field(ge=0)]
    passages: Annotated[int, Field(ge=1, description="How many the document has.")]
    text: str
    start: Offset
    end: Offset
    heading: str | None
    page: int | None
    sentences: Annotated[list[SpanModel], Field(description="In the passage's text.")]


class FailureModel(BaseModel):
    """A file that could not be taken in."""

    model_config = _config({"path": "/home/ada/scan.txt", "reason": "it holds no text"})

    path: str
    reason: str


class SkipModel(BaseModel):
    """A file or folder that was left out, and why."""

    model_config = _config({"path": "/home/ada/photo.jpg", "reason": "its format isn't supported"})

    path: str
    reason: str


class ReportModel(BaseModel):
    """What an ingest did: numbers of files, and of passages embedded."""

    model_config = _config(examples.REPORT)

    added: Annotated[int, Field(ge=0)]
    updated: Annotated[int, Field(ge=0)]
    unchanged: Annotated[int, Field(ge=0)]
    removed: Annotated[int, Field(ge=0)]
    skipped: list[SkipModel]
    failed: list[FailureModel]
    embedded: Annotated[int, Field(ge=0)]


class UploadedModel(BaseModel):
    """What became of an upload."""

    model_config = _config(examples.UPLOADED)

    document: Annotated[
        DocumentModel | None, Field(description="Null if it was deleted already by somebody else.")
    ]
    report: ReportModel


class StatusModel(BaseModel):
    """That all is well."""

    model_config = _config({"status": "ok"})

    status: str


class LanguageModelModel(BaseModel):
    """The language model that writes answers, and the host that it is asked at."""

    model_config = _config({"model": "qwen3:4b", "host": "127.0.0.1:11434"})

    model: str
    host: str


class AboutModel(BaseModel):
    """What there is to ask, and what may be done."""

    model_config = _config(examples.ABOUT)

    version: str
    documents: Annotated[int, Field(ge=0)]
    passages: Annotated[int, Field(ge=0)]
    generation: Annotated[int, Field(ge=0, description="It changes when the documents do.")]
    uploads: Annotated[bool, Field(description="Whether documents can be added and deleted.")]
    max_upload_mb: float
    suffixes: Annotated[list[str], Field(description="Of the files that can be added.")]
    feedback: Annotated[bool, Field(description="Whether verdicts on answers are taken.")]
    language_model: Annotated[
        LanguageModelModel | None, Field(description="Null: answers are quoted, nothing is sent.")
    ]
    suggestions: Annotated[list[str], Field(description="Questions the documents answer.")]


class PassagesEvent(BaseModel):
    """What was searched and found."""

    model_config = _config({name: examples.ANSWER[name] for name in ("searched_for", "passages")})

    searched_for: str
    passages: list[RankedPassageModel]


class AnswerEvent(BaseModel):
    """A piece of the answer's text: all that is quoted, or a sentence of a language model's."""

    model_config = _config({"text": examples.ANSWER["answer"]["text"], "sentence": None})

    text: str
    sentence: Annotated[
        CheckedSentenceModel | None, Field(description="What a language model wrote, checked.")
    ]


class CitationsEvent(BaseModel):
    """The answer and where it stands."""

    model_config = _config({name: examples.ANSWER[name] for name in examples.CONCLUSION})

    answered: bool
    confidence: Annotated[float | None, Field(ge=0, le=1)]
    answer: AnswerTextModel | None
    notice: Annotated[
        str | None, Field(description="Why the answer isn't what was asked for, if so.")
    ]
    sentences: list[CheckedSentenceModel]


class TimingsEvent(BaseModel):
    """The answer is through."""

    model_config = _config({"timings_ms": examples.ANSWER["timings_ms"]})

    timings_ms: dict[str, float]


class ProgressEvent(BaseModel):
    """How far an upload is: in bytes when received, then in passages."""

    model_config = _config({"stage": "embedding", "done": 64, "total": 92})

    stage: Literal["received", "parsed", "embedding", "stored"]
    done: Annotated[int, Field(ge=0)]
    total: Annotated[int, Field(ge=0)]


class DoneEvent(BaseModel):
    """The upload is through."""

    model_config = _config({})


ANSWER_EVENTS: dict[str, type[BaseModel]] = {
    "passages": PassagesEvent,
    "answer": AnswerEvent,
    "citations": CitationsEvent,
    "done": TimingsEvent,
    "error": Problem,
}
UPLOAD_EVENTS: dict[str, type[BaseModel]] = {
    "progress": ProgressEvent,
    "document": UploadedModel,
    "error": Problem,
    "done": DoneEvent,
}

MODELS: tuple[type[BaseModel], ...] = (
    AnswerModel,
    DocumentsModel,
    DocumentDetailModel,
    TextModel,
    PassageModel,
    StatusModel,
    AboutModel,
    *ANSWER_EVENTS.values(),
    *UPLOAD_EVENTS.values(),
)
"""All there are, with those that are part of them."""

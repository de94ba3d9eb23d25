"""What the tools take and return; their descriptions are what a language model goes by."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from qa.filters import MAX_CHARACTERS, MAX_CONDITIONS
from qa.service import MAX_QUESTION
from qa.settings import MAX_TOP_K
from qa.types import Answer, Citation

MAX_TURNS, MAX_ANSWER = 50, 20_000
"""Of the conversation before, as in `qa.http.schemas`: turns, and characters of an answer."""

Question = Annotated[
    str, Field(max_length=MAX_QUESTION, description="A question, in the documents' language.")
]
TopK = Annotated[int | None, Field(ge=1, le=MAX_TOP_K, description="How many passages.")]
Filters = Annotated[
    list[Annotated[str, Field(max_length=MAX_CHARACTERS)]],
    Field(
        max_length=MAX_CONDITIONS,
        description="Conditions on documents, all of which must hold: date>=2023-10-01, "
        "path=reports/*, title~budget, language=de|en, author=Ada Lovelace.",
    ),
]


class EarlierTurn(BaseModel):
    """An earlier question of the conversation and what was answered."""

    question: Annotated[str, Field(max_length=MAX_QUESTION)]
    answer: Annotated[str | None, Field(max_length=MAX_ANSWER)] = None
    passage: Annotated[
        str | None,
        Field(max_length=MAX_ANSWER, description="The passage that the answer was taken from."),
    ] = None


History = Annotated[
    list[EarlierTurn],
    Field(
        max_length=MAX_TURNS,
        description="The conversation before, oldest first: what 'it' or 'she' refers to.",
    ),
]


class Source(BaseModel):
    """Where a text stands: characters start to end of a document's text."""

    document_id: str = Field(description="For `get_document` and qa://documents/ID.")
    title: str
    date: str | None
    path: str
    heading: str | None
    page: int | None
    passage: int = Field(description="Number of the passage in its document, from 0.")
    start: int
    end: int


class FoundPassage(BaseModel):
    """A passage, with the sentence in it that is nearest to the question."""

    rank: int
    score: float
    text: str
    sentence: str | None
    source: Source
    also: list[Source] = Field(description="Where nearly the same stands.")


class AskResult(BaseModel):
    """What the documents say, or that they don't."""

    answered: bool
    answer: str | None = Field(description="The sentence that answers, quoted; null if none does.")
    citation: Source | None
    confidence: float | None = Field(description="Probability that it answers.")
    passages: list[FoundPassage]


class SearchResult(BaseModel):
    passages: list[FoundPassage]


class DocumentText(BaseModel):
    """A stretch of a document's text."""

    document_id: str
    title: str
    date: str | None
    path: str
    characters: int = Field(description="Length of the whole text.")
    start: int
    end: int
    text: str


def passages_of(answer: Answer) -> list[FoundPassage]:
    return [
        FoundPassage(
            rank=passage.rank,
            score=passage.score,
            text=passage.text,
            sentence=passage.highlights[0].slice(passage.text) if passage.highlights else None,
            source=source_of(passage.source),
            also=[source_of(other) for other in passage.also],
        )
        for passage in answer.passages
    ]


def source_of(citation: Citation) -> Source:
    # Without the selector, whose quotation is the text that the source stands beside: a language
    # model would read everything twice.
    return Source.model_validate(citation.to_dict())

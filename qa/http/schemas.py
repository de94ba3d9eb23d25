"""What goes over HTTP, with examples: the models of requests and answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from qa.feedback import Feedback
from qa.filters import MAX_CHARACTERS, MAX_CONDITIONS
from qa.service import MAX_QUESTION
from qa.settings import MAX_TOP_K
from qa.types import Turn

MAX_TURNS = 50
"""Of a conversation, as it is sent or remembered."""
MAX_ANSWER = 20_000
"""Characters of an answer in a conversation."""

Question = Annotated[str, Field(max_length=MAX_QUESTION, description="The question.")]
TopK = Annotated[
    int | None, Field(ge=1, le=MAX_TOP_K, description="How many passages; by default 5.")
]
Filters = Annotated[
    list[Annotated[str, Field(max_length=MAX_CHARACTERS)]],
    Field(
        max_length=MAX_CONDITIONS,
        description="Conditions that a document has to fulfil, all of them: a field (date, "
        "path, title, language, or one of the document's own), one of = != < <= > >= ~, "
        "and a value.",
        examples=[["date>=2023-10-01", "language=de|en"], ["path=reports/*", "title~budget"]],
    ),
]


class TurnModel(BaseModel):
    """An earlier question of the conversation and what was answered."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"question": "Who met Almalik?", "answer": "Jeyhun Bayramov met him."}]
        },
    )

    question: Question
    answer: Annotated[str | None, Field(max_length=MAX_ANSWER)] = None
    passage: Annotated[
        str | None,
        Field(max_length=MAX_ANSWER, description="The passage that the answer was taken from."),
    ] = None


class AskRequest(BaseModel):
    """A question to the documents."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"question": "Who met whom?", "top_k": 3, "filters": ["date>=2023-10-01"]}]
        },
    )

    question: Question
    top_k: TopK = None
    filters: Filters = []
    conversation_id: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9_-]{8,64}$",
            description="An id that you choose, a random one: questions asked with the same id "
            "within an hour are one conversation. Or give its `history` yourself.",
            examples=["0b9f6a52-6a52-4c58-93c5-0c7a5c1e2f1d"],
        ),
    ] = None
    history: Annotated[
        list[TurnModel],
        Field(
            max_length=MAX_TURNS,
            description="The conversation before the question, oldest first.",
            examples=[[{"question": "Who met Almalik?", "answer": "Jeyhun Bayramov met him."}]],
        ),
    ] = []

    @property
    def turns(self) -> list[Turn]:
        return [Turn(turn.question, turn.answer, turn.passage) for turn in self.history]


_Stated = Annotated[str | None, Field(max_length=20_000)]


class SourceModel(BaseModel):
    """Where an answer stands: characters ``[start, end)`` of a document's text."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"document_id": "79b5f0fda08dfd783ac40c942288b202", "start": 812, "end": 842}
            ]
        },
    )

    document_id: Annotated[str, Field(min_length=1, max_length=64)]
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]


class FeedbackRequest(BaseModel):
    """What somebody says of what was answered."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [
                {
                    "question": "Who opposed the budget?",
                    "verdict": "down",
                    "answered": True,
                    "answer": "The budget was approved by Ann Berg.",
                    "expected_unanswerable": True,
                }
            ]
        },
    )

    question: Annotated[
        Question, Field(description="The question as it was searched: the answer's `searched_for`.")
    ]
    verdict: Annotated[Literal["up", "down"], Field(description="Whether the answer was right.")]
    answered: Annotated[bool, Field(description="False where the documents didn't say.")]
    answer: Annotated[_Stated, Field(description="The answer's text.")] = None
    source: Annotated[SourceModel | None, Field(description="The answer's citation.")] = None
    expected: Annotated[_Stated, Field(description="What should have been answered.")] = None
    expected_unanswerable: Annotated[
        bool, Field(description="What should have been said is that the documents don't say.")
    ] = False
    filters: Filters = []

    @property
    def feedback(self) -> Feedback:
        source = self.source
        return Feedback(
            question=self.question,
            verdict=self.verdict,
            answered=self.answered,
            answer=self.answer or None,
            source=(source.document_id, source.start, source.end) if source else None,
            expected=self.expected or None,
            expected_unanswerable=self.expected_unanswerable,
            filters=tuple(self.filters),
        )

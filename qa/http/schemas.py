"""What goes over HTTP, with examples: the models of requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

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
        return [Turn(turn.question, turn.answer) for turn in self.history]

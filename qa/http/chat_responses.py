"""What OpenAI's chat interface gets back, for the description of the interface; see
`qa.http.responses`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from qa.http import examples
from qa.http.chat_schemas import MODEL
from qa.http.responses import AnswerModel, CitationModel

_URL = f"http://127.0.0.1:8000/#/documents/{examples.CITATION['document_id']}/passages/2"
_LINK = f"[A meeting in Baku, 2023-10-03]({_URL})"
_SAID = examples.ANSWER["answer"]["text"]
_CITED = {"number": 1, "url": _URL, "quote": _SAID, **examples.CITATION}
_MESSAGE: dict[str, Any] = {
    "role": "assistant",
    "content": f"{_SAID} [[1]]({_URL})\n\nSources:\n\n- [1] {_LINK}",
    "refusal": None,
    "qa": examples.ANSWER,
    "citations": [_CITED],
}
_CHOICE = {"index": 0, "message": _MESSAGE, "logprobs": None, "finish_reason": "stop"}
_USAGE = {"prompt_tokens": 11, "completion_tokens": 168, "total_tokens": 179}
_COMPLETION = {
    "id": "chatcmpl-5f0c6e1f3c0b4d5e8a53b2f3a1d6c7e8",
    "object": "chat.completion",
    "created": 1764032400,
    "model": MODEL,
    "choices": [_CHOICE],
    "usage": _USAGE,
}
_MODEL = {"id": MODEL, "object": "model", "created": 1764032400, "owned_by": "qa"}
_ERROR = {
    "message": "The messages have no question: end with a user message.",
    "type": "invalid_request_error",
    "param": None,
    "code": None,
}
CHUNKS = 'data: {"choices": [{"delta": {"content": "…"}, …}], …}\n\ndata: [DONE]\n\n'

Seconds = Annotated[int, Field(ge=0, description="Since 1970.")]
Count = Annotated[int, Field(ge=0, description="In tokens of the embedding model.")]


def _config(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class NumberedCitationModel(CitationModel):
    """What a number in the answer stands for."""

    model_config = _config(_CITED)

    number: Annotated[int, Field(ge=1)]
    url: Annotated[str, Field(description="Where this service's page shows it.")]
    quote: Annotated[str | None, Field(description="None: nearly the same stands there.")]


class ReplyModel(BaseModel):
    """The answer as a message, in markdown; the text of documents in it is escaped."""

    model_config = _config(_MESSAGE)

    role: Literal["assistant"]
    content: str
    refusal: None
    qa: Annotated[AnswerModel, Field(description="The whole answer, as of `POST /ask`.")]
    citations: list[NumberedCitationModel]


class ChoiceModel(BaseModel):
    """The one choice there is."""

    model_config = _config(_CHOICE)

    index: Literal[0]
    message: ReplyModel
    logprobs: None
    finish_reason: Literal["stop"]


class UsageModel(BaseModel):
    """What was sent and answered."""

    model_config = _config(_USAGE)

    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count


class CompletionModel(BaseModel):
    """An answer in OpenAI's shape."""

    model_config = _config(_COMPLETION)

    id: str
    object: Literal["chat.completion"]
    created: Seconds
    model: str
    choices: list[ChoiceModel]
    usage: UsageModel


class ChatModel(BaseModel):
    """A model in OpenAI's shape."""

    model_config = _config(_MODEL)

    id: str
    object: Literal["model"]
    created: Seconds
    owned_by: str


class ChatModelsModel(BaseModel):
    """All there are: one."""

    model_config = _config({"object": "list", "data": [_MODEL]})

    object: Literal["list"]
    data: list[ChatModel]


class ErrorModel(BaseModel):
    """What went wrong, as OpenAI says it."""

    model_config = _config(_ERROR)

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorResponse(BaseModel):
    """An error in OpenAI's shape."""

    model_config = _config({"error": _ERROR})

    error: ErrorModel


MODELS: tuple[type[BaseModel], ...] = (CompletionModel, ChatModelsModel, ErrorResponse)
"""With what they are made of, all there are."""

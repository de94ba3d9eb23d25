"""What OpenAI's chat interface is sent, as far as it means something here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from qa.http.schemas import Filters

MODEL = "qa"
"""The one model there is."""


def _config(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class Part(BaseModel):
    """A part of a message's content; only text can be read."""

    model_config = _config({"type": "text", "text": "Who met whom?"})

    type: str = Field(max_length=40)
    text: str | None = None


class Message(BaseModel):
    """A message of the conversation; what else it holds (name, tool_calls, …) means nothing."""

    model_config = _config({"role": "user", "content": "Who met whom?"})

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


class StreamOptions(BaseModel):
    """How a streamed answer comes."""

    model_config = _config({"include_usage": True})

    include_usage: StrictBool | None = Field(
        False, description="Whether a last chunk counts the tokens."
    )


class ChatRequest(BaseModel):
    """A conversation whose last user message is the question.

    Fields that aren't named here, as temperature or max_tokens, are accepted and mean nothing.
    """

    model_config = _config(
        {"model": MODEL, "messages": [{"role": "user", "content": "Who met whom?"}]}
    )

    messages: Annotated[list[Message], Field(min_length=1)]
    model: str = Field(MODEL, description="Any name; what answers is always qa.")
    stream: StrictBool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(1, description="1: there is one answer.")
    tools: list[Any] | None = Field(None, description="Offered tools are never called.")
    tool_choice: str | dict[str, Any] | None = None
    function_call: str | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    modalities: list[str] | None = None
    top_k: float | None = Field(
        None,
        strict=True,
        description="How many passages `qa` holds, 1 to 1000. Anything else is a sampler's top_k "
        "and means nothing.",
    )
    filters: Filters = []

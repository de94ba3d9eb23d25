"""What OpenAI's chat interface sends and gets, as far as it means something here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from qa.http.schemas import EXAMPLE_ANSWER, Filters

MODEL = "qa"
"""The one model there is."""


class Part(BaseModel):
    """A part of a message's content; only text can be read."""

    type: str = Field(max_length=40, examples=["text"])
    text: str | None = Field(None, examples=["Who met whom?"])


class Message(BaseModel):
    """A message of the conversation; what else it holds (name, tool_calls, …) means nothing."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"] = Field(
        examples=["user"]
    )
    content: str | list[Part] | None = Field(
        None,
        description='Text, or a list of parts {"type": "text", "text": …}.',
        examples=["Who met whom?"],
    )


class StreamOptions(BaseModel):
    """How a streamed answer comes."""

    include_usage: bool | None = Field(
        False, description="Whether a last chunk counts the tokens.", examples=[True]
    )


class ChatRequest(BaseModel):
    """A conversation whose last user message is the question.

    Fields that aren't named here, as temperature or max_tokens, are accepted and mean nothing.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"model": MODEL, "messages": [{"role": "user", "content": "Who met whom?"}]}
            ]
        }
    )

    messages: Annotated[list[Message], Field(min_length=1)]
    model: str = Field(MODEL, description="Any name; what answers is always qa.")
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(1, description="1: there is one answer.")
    tools: list[Any] | None = Field(None, description="Offered tools are never called.")
    tool_choice: str | dict[str, Any] | None = None
    function_call: str | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    modalities: list[str] | None = None
    top_k: float | None = Field(
        None,
        description="How many passages `qa` holds, 1 to 1000. Anything else is a sampler's top_k "
        "and means nothing.",
    )
    filters: Filters = []


EXAMPLE_COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-5f0c6e1f3c0b4d5e8a53b2f3a1d6c7e8",
    "object": "chat.completion",
    "created": 1764032400,
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "The city of Shusha was chosen. [[1]](http://127.0.0.1:8000/#/documents/"
                "79b5f0fda08dfd783ac40c942288b202/passages/2)\n\nSources:\n\n- [1] [A meeting in "
                "Baku, 2023-10-03](http://127.0.0.1:8000/#/documents/"
                "79b5f0fda08dfd783ac40c942288b202/passages/2)",
                "refusal": None,
                "qa": EXAMPLE_ANSWER,
                "citations": [
                    {
                        "number": 1,
                        "url": "http://127.0.0.1:8000/#/documents/"
                        "79b5f0fda08dfd783ac40c942288b202/passages/2",
                        "quote": "The city of Shusha was chosen.",
                        **EXAMPLE_ANSWER["answer"]["citation"],
                    }
                ],
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 11, "completion_tokens": 196, "total_tokens": 207},
}
EXAMPLE_MODEL = {"id": MODEL, "object": "model", "created": 1764032400, "owned_by": "qa"}

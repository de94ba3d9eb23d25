"""The description of the interface, at ``/openapi.json``."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from qa.http import chat_responses, responses


def install(app: FastAPI) -> None:
    """Has an application describe what FastAPI doesn't come across, the data of events and
    problems, and the models whose examples it takes the nulls out of."""
    described = app.openapi
    models = [*responses.MODELS, *chat_responses.MODELS]

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = described()
            _, definitions = models_json_schema(
                [(model, "serialization") for model in models],
                ref_template="#/components/schemas/{model}",
            )
            schema["components"]["schemas"] |= definitions["$defs"]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]

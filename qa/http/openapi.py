"""The description of the interface, at ``/openapi.json``."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from qa.http.problems import Problem


def install(app: FastAPI) -> None:
    """Has an application describe itself with what FastAPI can't know: the shape of its errors."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = described()
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]

"""`/docs`: the interface for a person to read, made from its OpenAPI description. It runs no
script and loads nothing from elsewhere."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

if TYPE_CHECKING:
    from jinja2 import Template

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    return HTMLResponse(_template().render(api=request.app.openapi()))


@router.get("/docs/style.css")
async def style() -> Response:
    return Response(_resource("docs.css"), media_type="text/css")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["pretty"] = _pretty
    return environment.from_string(_resource("docs.html.j2"))


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


@cache
def _resource(name: str) -> str:
    return resources.files("qa.http").joinpath(name).read_text("utf-8")

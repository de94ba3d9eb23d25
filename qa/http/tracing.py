"""OpenTelemetry traces, with the extra ``otel`` and where OTEL_EXPORTER_OTLP_ENDPOINT is set.

A span says method, route, status and time: not what was asked, nor with which key.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.http.logs import route_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

logger = logging.getLogger(__name__)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def install(app: FastAPI) -> None:
    """Traces an application's requests, if that is wanted."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        logger.warning("Traces are wanted, but the extra isn't there: pip install 'qa[otel]'.")
        return
    provider = TracerProvider(resource=Resource.create({"service.name": "qa"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    app.add_middleware(Tracing, provider=provider)


class Tracing:
    """A span a request."""

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

        self._app = app
        self._traced = OpenTelemetryMiddleware(
            self._named,
            default_span_details=lambda scope: (scope.get("method", ""), {}),
            tracer_provider=provider,
            exclude_spans=["receive", "send"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # The instrumentation sees neither the query, which of GET /ask is the question, nor the
        # path, which may say anything where it is none of ours.
        shown = {**scope, "path": "/", "raw_path": b"/", "query_string": b"", "qa.scope": scope}
        await self._traced(shown, receive, send)

    async def _named(self, scope: Scope, receive: Receive, send: Send) -> None:
        from opentelemetry import trace

        whole: Scope = scope["qa.scope"]
        span = trace.get_current_span()

        async def naming(message: Message) -> None:
            if message["type"] == "http.response.start":  # by now the route is known
                route = route_of(whole)
                span.update_name(f"{whole['method']} {route}".strip())
                span.set_attribute("http.route", route)
            await send(message)

        await self._app(whole, receive, naming)

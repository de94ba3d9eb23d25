"""What the service measures of itself, for Prometheus. No label has values without bounds: neither
paths as they were asked for nor anything of a question."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.types import Answer

MEDIA_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The figures of one application, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "qa_http_requests",
            "Requests, by route, method and status.",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "qa_http_request_seconds",
            "Time from a request to the end of its response.",
            ["route", "method"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "qa_answer_stage_seconds",
            "Time of each stage of an answer, and in total.",
            ["stage"],
            buckets=(0.0005, 0.001, 0.002, *_SECONDS),
            registry=self._registry,
        )
        self._answers = Counter(
            "qa_answers", "Questions, by whether the documents say.", ["answered"],
            registry=self._registry,
        )  # fmt: skip
        self._writing = Counter(
            "qa_language_model_answers",
            "Questions that a language model was there for: written, none (nothing that it wrote "
            "was supported), or quoted (it failed, or wasn't asked).",
            ["outcome"], registry=self._registry,
        )  # fmt: skip
        self._sentences = Counter(
            "qa_language_model_sentences", "Sentences that it wrote.", ["supported"],
            registry=self._registry,
        )  # fmt: skip
        self._uploads = Counter(
            "qa_uploads", "Uploads: added, known already, or refused.", ["outcome"],
            registry=self._registry,
        )  # fmt: skip
        self._queue = Gauge(
            "qa_queue", "Questions and changes that wait or are worked on.", ["kind", "state"],
            registry=self._registry,
        )  # fmt: skip
        self._store = {
            name: Gauge(f"qa_store_{name}", description, registry=self._registry)
            for name, description in {
                "up": "1 if the store can be read, else 0; the other figures are then the last.",
                "documents": "Documents in the store.",
                "passages": "Passages in the index.",
                "generation": "Commits to the store so far.",
            }.items()
        }

    def answered(self, answer: Answer) -> None:
        """Counts an answer and its stages."""
        self._answers.labels("true" if answer.answered else "false").inc()
        for stage, milliseconds in answer.timings_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1000)

    def wrote(self, answer: Answer) -> None:
        """Counts an answer that a language model was there for, and what it wrote."""
        outcome = "written" if answer.model else "none" if answer.sentences else "quoted"
        self._writing.labels(outcome).inc()
        for sentence in answer.sentences:
            self._sentences.labels("true" if sentence.supported else "false").inc()

    def uploaded(self, outcome: str) -> None:
        """Counts an upload: "added", "known" or "refused"."""
        self._uploads.labels(outcome).inc()

    def requested(self, route: str, method: str, status: str, seconds: float) -> None:
        """Counts a request whose response is through."""
        method = method if method in _METHODS else "other"
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route, method).observe(seconds)

    def exposition(
        self,
        store: Mapping[str, int] | None,
        waiting: Mapping[str, int],
        working: Mapping[str, int],
    ) -> bytes:
        """All figures, as Prometheus reads them.

        Args:
            store: see `qa.service.QA.counts`; None if the store can't be read.
        """
        for state, kinds in {"waiting": waiting, "working": working}.items():
            for kind, number in kinds.items():
                self._queue.labels(kind, state).set(number)
        for name, number in {"up": int(store is not None), **(store or {})}.items():
            self._store[name].set(number)
        return generate_latest(self._registry)


class MetricsMiddleware:
    """Measures every request, to the last byte of its response."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = "none"  # nobody was there any more to be answered
        start = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            status = "500"  # the answer to it is made further out
            raise
        finally:
            # The route as it is written in the code; what was asked for is anybody's.
            route = getattr(scope.get("route"), "path", "") or "none"
            seconds = time.perf_counter() - start
            self._metrics.requested(route, scope["method"], status, seconds)

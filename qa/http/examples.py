"""Examples of what goes over HTTP, for the description of the interface."""

from __future__ import annotations

import json
from typing import Any


def _citation(start: int, end: int, exact: str, prefix: str, suffix: str) -> dict[str, Any]:
    quote = {"exact": exact, "prefix": prefix, "suffix": suffix}
    return {
        "document_id": "79b5f0fda08dfd783ac40c942288b202",
        "path": "/home/ada/seeds/article.txt",
        "title": "A meeting in Baku",
        "date": "2023-10-03",
        "heading": None,
        "page": None,
        "passage": 2,
        "start": start,
        "end": end,
        "sha256": "79b5f0fda08dfd783ac40c942288b202d7f4a74b624331c5c7c38388cfec99b8",
        "selector": [
            {"type": "TextPositionSelector", "start": start, "end": end},
            {"type": "TextQuoteSelector", **quote},
        ],
    }


_SAID, _BEFORE, _BEHIND = "The city of Shusha was chosen.", "as he noted.\n\n", "\n\nThen the"
CITATION = _citation(812, 842, _SAID, f"{_BEFORE}… ", _BEHIND)

ANSWER: dict[str, Any] = {
    "question": "What was chosen as the 2024 Cultural Capital?",
    "searched_for": "What was chosen as the 2024 Cultural Capital?",
    "answered": True,
    "answer": {
        "text": _SAID,
        "citation": CITATION,
        "model": None,
    },
    "confidence": 0.56,
    "notice": None,
    "sentences": [],
    "passages": [
        {
            "rank": 1,
            "score": 0.56,
            "text": f"… {_SAID}",
            "highlights": [{"start": 2, "end": 32}],
            "source": _citation(810, 842, f"… {_SAID}", _BEFORE, _BEHIND),
            "also": [],
            "evidence": {
                "dense": {"rank": 1, "score": 0.61},
                "lexical": {"rank": 2, "score": 0.38},
                "sentence": 0.64,
                "rerank": None,
            },
        }
    ],
    "timings_ms": {"total": 21.4},
}

SENTENCE: dict[str, Any] = {
    "text": "Shusha was chosen [1].",
    "citations": [1],
    "supported": True,
    "score": 0.81,
    "checks": [{"kind": "name", "text": "Shusha", "found": True}],
    "source": CITATION,
}

DOCUMENT: dict[str, Any] = {
    "document_id": CITATION["document_id"],
    "path": CITATION["path"],
    "paths": [CITATION["path"]],
    "title": CITATION["title"],
    "date": CITATION["date"],
    "language": "en",
    "metadata": {"author": "Ada Lovelace"},
    "media_type": "text/plain",
    "sha256": CITATION["sha256"],
    "characters": 2041,
    "passages": 5,
    "ingested_at": "2026-11-25T08:30:00+00:00",
}

PASSAGE: dict[str, Any] = {
    "document": DOCUMENT,
    "passage": 2,
    "passages": 5,
    "text": ANSWER["passages"][0]["text"],
    "start": 810,
    "end": 842,
    "heading": None,
    "page": None,
    "sentences": [{"start": 2, "end": 32}],
}

REPORT: dict[str, Any] = {
    "added": 1,
    "updated": 0,
    "unchanged": 0,
    "removed": 0,
    "skipped": [],
    "failed": [],
    "embedded": 5,
}

UPLOADED: dict[str, Any] = {"document": DOCUMENT, "report": REPORT}


def as_events(*events: tuple[str, dict[str, Any]]) -> str:
    """Events as they are sent."""
    return "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)


CONCLUSION = ("answered", "confidence", "answer", "notice", "sentences")
"""What of an answer is known when it is written."""

ANSWER_EVENTS = as_events(
    ("passages", {name: ANSWER[name] for name in ("searched_for", "passages")}),
    ("answer", {"text": ANSWER["answer"]["text"], "sentence": None}),
    ("citations", {name: ANSWER[name] for name in CONCLUSION}),
    ("done", {"timings_ms": ANSWER["timings_ms"]}),
)

UPLOAD_EVENTS = as_events(
    ("progress", {"stage": "received", "done": 2041, "total": 2041}),
    ("progress", {"stage": "parsed", "done": 5, "total": 5}),
    ("progress", {"stage": "embedding", "done": 5, "total": 5}),
    ("progress", {"stage": "stored", "done": 5, "total": 5}),
    ("document", UPLOADED),
    ("done", {}),
)

ABOUT: dict[str, Any] = {
    "version": "0.1.0",
    "documents": 1,
    "passages": 5,
    "generation": 1,
    "uploads": False,
    "max_upload_mb": 32.0,
    "suffixes": [".htm", ".html", ".md", ".txt"],
    "feedback": True,
    "language_model": None,
    "suggestions": ["Who met with the Director General?"],
}

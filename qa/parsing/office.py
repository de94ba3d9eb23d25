"""What Office documents say of themselves."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

_FIELDS = {"author": "author", "creator": "author", "subject": "subject", "keywords": "keywords",
           "category": "category", "language": "language"}  # fmt: skip
_NO_TITLES = {"powerpoint presentation", "word document"}


def core_properties(properties: Any) -> tuple[str | None, date | None, dict[str, str]]:
    """Title, date (of the last change, or else of the making) and metadata."""
    title = _text(properties, "title")
    changed = _date(properties, "modified") or _date(properties, "created")
    metadata = {
        name: text
        for field, name in _FIELDS.items()
        if (text := _text(properties, field)) and text not in ("python-docx", "openpyxl")
    }
    return (None if title.lower() in _NO_TITLES else title or None), changed, metadata


def _text(properties: Any, field: str) -> str:
    value = getattr(properties, field, None)
    return value.strip() if isinstance(value, str) else ""


def _date(properties: Any, field: str) -> date | None:
    try:
        value = getattr(properties, field, None)
    except ValueError:  # what is written there is no date
        return None
    return value.date() if isinstance(value, datetime) else None

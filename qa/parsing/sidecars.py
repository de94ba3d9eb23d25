"""What a person says of a file beside it: ``name.meta.json``."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from qa.errors import DocumentError
from qa.parsing.metadata import bounded, shortened, to_date, valid_unicode
from qa.parsing.reading import read_file
from qa.sidecars import sidecar_of
from qa.types import Document

_MOST_BYTES = 1_000_000
_LANGUAGE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What takes the place of what a document says of itself."""

    path: Path
    sha256: str
    title: str | None = None
    published: date | None = None
    language: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    """Why it says nothing, as a clause."""


def read_sidecar(file: Path) -> Sidecar | None:
    """The sidecar of a file, if there is one."""
    path = sidecar_of(file)
    if path is None:
        return None
    sha256 = ""
    try:
        data = read_file(path, _MOST_BYTES)
        sha256 = hashlib.sha256(data).hexdigest()
        return _parsed(path, sha256, json.loads(data))
    except DocumentError as error:
        return Sidecar(path, sha256, error=str(error))
    except (ValueError, RecursionError) as error:
        return Sidecar(path, sha256, error=f"it isn't valid JSON ({error})")


def _parsed(path: Path, sha256: str, fields: Any) -> Sidecar:
    if not isinstance(fields, dict):
        raise DocumentError("it isn't a JSON object")
    values = {name.strip().lower(): _text(name, value) for name, value in fields.items()}
    name, day, language = (values.pop(name, "") for name in ("title", "date", "language"))
    published = to_date(day)
    if day and published is None:
        raise DocumentError(f"its date {day[:40]!r} is none: write it as 2024-03-05")
    if language and not _LANGUAGE.fullmatch(language):
        raise DocumentError(f"its language {language[:40]!r} is none: write two letters, as en")
    title = shortened(valid_unicode(name))
    return Sidecar(path, sha256, title, published, language or None, bounded(values))


def _text(name: str, value: Any) -> str:
    """A field's value; a list's are joined by commas."""
    if isinstance(value, list):
        return ", ".join(_text(name, one) for one in value)
    if isinstance(value, dict):
        raise DocumentError(f"its field {name[:40]!r} is an object: give text, a number or a list")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value).strip()


def described(document: Document, sidecar: Sidecar | None, *, is_within: bool) -> Document:
    """A document with what its file's sidecar says of it.

    Args:
        is_within: whether it is one of several in the file; the title is the file's then.
    """
    if sidecar is None or sidecar.error:
        return document
    title = None if is_within else sidecar.title
    return replace(
        document,
        title=title or document.title,
        title_stated=title is not None or document.title_stated,
        published=sidecar.published or document.published,
        language=sidecar.language or document.language,
        metadata={**document.metadata, **sidecar.metadata},
    )

"""JSON: a document an object, whose text and title are in fields that the settings name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from qa.errors import DocumentError
from qa.parsing.base import Options, Parsed, TextBuilder, decode
from qa.parsing.metadata import to_date

_LONGEST_METADATA = 200


class JsonParser:
    media_type = "application/json"
    suffixes = (".json",)

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        value = read_json(data)
        if is_list_of_objects(value):
            raise DocumentError(
                "it is a list of documents: take it in by `qa ingest`, or give them one by one"
            )
        builder = TextBuilder()
        if not isinstance(value, dict):
            _add_values(builder, value)
            return builder.parsed(is_prose=False)
        text_at, text = _first(value, options.json_text)
        title_at, title = _first(value, options.json_title)
        date_at, published = _first(value, options.json_date)
        if isinstance(title, str):
            builder.heading(1, title)
        if _is_text(text):
            for paragraph in [text] if isinstance(text, str) else text:
                builder.block(paragraph)
        else:
            _add_values(builder, value)
        return builder.parsed(
            title=title if isinstance(title, str) else None,
            published=to_date(published),
            metadata=dict(_metadata(value, {text_at, title_at, date_at})),
            is_prose=_is_text(text),
        )


def read_json(data: bytes) -> Any:
    """The value in a JSON file; numbers are strings, as they are written.

    Raises:
        DocumentError: it isn't JSON, or is nested too deeply.
    """
    try:
        return json.loads(decode(data), parse_float=str, parse_int=str)
    except RecursionError as error:
        raise DocumentError("it is JSON that is nested too deeply") from error
    except ValueError as error:
        raise DocumentError(f"it isn't valid JSON ({error})") from error


def is_list_of_objects(value: Any) -> bool:
    """Whether a JSON value is several documents."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _first(value: dict[str, Any], names: Sequence[str]) -> tuple[str, Any]:
    """The first of some fields that is there and holds something, and its name."""
    for name in names:
        found: Any = value
        for part in name.split(".") if name not in value else [name]:
            found = found.get(part) if isinstance(found, dict) else None
        if found not in (None, "", []):
            return name, found
    return "", None


def _is_text(value: Any) -> bool:
    is_list = isinstance(value, list) and all(isinstance(part, str) for part in value)
    return isinstance(value, str) or is_list


def _add_values(builder: TextBuilder, value: Any) -> None:
    """All that a value holds, a line a field: ``address.city: Berlin``."""
    if isinstance(value, list):
        for item in value:
            builder.block("\n".join(_lines(item, "")))
    else:
        builder.block("\n".join(_lines(value, "")))


def _lines(value: Any, name: str) -> Iterator[str]:
    lead = f"{name}: " if name else ""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and not any(isinstance(v, dict | list) for v in value):
        if value:
            yield lead + ", ".join(map(_shown, value))
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(inner, name)
    elif value not in (None, ""):
        yield lead + _shown(value)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _metadata(value: dict[str, Any], left_out: set[str]) -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        if key in left_out or isinstance(inner, dict) or inner is None:
            continue
        text = (
            ", ".join(map(_shown, inner)) if _is_text(inner) and isinstance(inner, list) else inner
        )
        if not isinstance(text, list) and len(_shown(text)) <= _LONGEST_METADATA:
            yield key.lower(), _shown(text)

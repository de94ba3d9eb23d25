"""reStructuredText by docutils; nothing is included, executed or fetched."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from qa.errors import DocumentError
from qa.parsing.base import Options, Parsed, TextBuilder, decode
from qa.parsing.metadata import to_date

if TYPE_CHECKING:
    from docutils import nodes

_SETTINGS = {
    "_disable_config": True,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "smart_quotes": False,
}
_USUAL_LINE, _LONGEST_LINE = 10_000, 100_000
"""Characters. Substitutions unfold up to the limit that docutils is given for a line."""
_ROLE = re.compile(r":[\w:+.-]+:`~?([^`<]*?)\s*(?:<[^`>]*>)?`")
"""A role that docutils doesn't know, mostly Sphinx's, as ":ref:`the text <the-target>`"."""


class RstParser:
    media_type = "text/x-rst"
    suffixes = (".rst", ".rest")

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        from docutils.core import publish_doctree

        text = decode(data)
        longest = max(map(len, text.splitlines()), default=0)
        if longest > _LONGEST_LINE:
            raise DocumentError(f"it has a line of {longest:,} characters: break it")
        limit = {"line_length_limit": max(longest, _USUAL_LINE)}
        document = publish_doctree(text, settings_overrides=_SETTINGS | limit)
        builder = TextBuilder()
        _add(builder, document, level=1)
        metadata = _metadata(document)
        return builder.parsed(
            title=metadata.pop("title", None),
            published=to_date(metadata.pop("date", None)),
            metadata=metadata,
        )


def _metadata(document: nodes.document) -> dict[str, str]:
    """The fields at a document's beginning, by lower-case name."""
    from docutils import nodes

    metadata = {}
    for info in document.findall(nodes.docinfo):
        for field in info:
            if isinstance(field, nodes.field):
                metadata[field[0].astext().lower()] = field[1].astext()
            else:
                metadata[field.tagname] = field.astext().replace("\n\n", ", ")
    return metadata


def _add(builder: TextBuilder, node: Any, level: int) -> None:
    for child in node.children:
        match child.tagname:
            case "title" | "subtitle" | "rubric":
                builder.heading(level + (child.tagname != "title"), _inline(child))
            case "section":
                _add(builder, child, level + (node.tagname == "section" or _has_title(node)))
            case "paragraph" | "line" | "attribution" | "caption" | "term":
                builder.block(_inline(child))
            case "literal_block" | "doctest_block" | "math_block":
                builder.block(child.astext())
            case "bullet_list" | "enumerated_list":
                builder.block("\n".join(_list_lines(child, indent="")))
            case "definition_list_item":
                terms = ", ".join(_inline(c) for c in child.children if c.tagname == "term")
                body = [c for c in child.children if c.tagname == "definition"]
                builder.block(f"{terms}: {' '.join(c.astext() for c in body)}")
            case "field" | "option_list_item":
                builder.block(": ".join(part.astext() for part in child.children))
            case "table":
                _add_table(builder, child)
            case "line_block":
                builder.block(
                    "\n".join(_inline(line) for line in child.findall() if _is_line(line))
                )
            case "docinfo" | "comment" | "system_message" | "substitution_definition" | "raw":
                pass
            case _ if hasattr(child, "children"):
                _add(builder, child, level)


def _has_title(document: Any) -> bool:
    return any(child.tagname == "title" for child in document.children)


def _is_line(node: Any) -> bool:
    return getattr(node, "tagname", "") == "line"


def _list_lines(node: Any, indent: str) -> list[str]:
    lines: list[str] = []
    number = node.get("start", 1) if node.tagname == "enumerated_list" else None
    for item in node.children:
        marker = "- " if number is None else f"{number}. "
        number = None if number is None else number + 1
        for child in item.children:
            if child.tagname in ("bullet_list", "enumerated_list"):
                lines += _list_lines(child, indent + "  ")
                continue
            text = _inline(child) if child.tagname == "paragraph" else child.astext()
            for line in text.splitlines():
                lines.append(f"{indent}{marker}{line}")
                marker = " " * len(marker)
    return lines


def _add_table(builder: TextBuilder, table: Any) -> None:
    from docutils import nodes

    for title in table.findall(nodes.title):
        builder.block(_inline(title))
    rows = [
        [cell for entry in row for cell in (entry.astext(), *[""] * entry.get("morecols", 0))]
        for row in table.findall(nodes.row)
    ]
    builder.table(rows, has_header=next(iter(table.findall(nodes.thead)), None) is not None)


def _inline(node: Any) -> str:
    """A node's text, on one line, with what unknown roles show."""
    return _ROLE.sub(r"\1", " ".join(node.astext().split()))

"""Markdown (CommonMark with tables and front matter), by markdown-it-py, as readable text."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from qa.parsing.base import Options, Parsed, TextBuilder, decode
from qa.parsing.metadata import to_date

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_MOST_ITEMS, _LONGEST_ITEM = 100, 200
_DATE_KEYS = ("date", "published", "publish_date", "pubdate", "created", "updated")


class MarkdownParser:
    media_type = "text/markdown"
    suffixes = (".md", ".markdown", ".mdown", ".mkd")

    def parse(self, data: bytes, path: PurePath, options: Options) -> Parsed:
        from markdown_it import MarkdownIt
        from markdown_it.tree import SyntaxTreeNode
        from mdit_py_plugins.front_matter import front_matter_plugin

        markdown = (
            MarkdownIt("commonmark", {"maxNesting": 200}).enable("table").use(front_matter_plugin)
        )
        tree = SyntaxTreeNode(markdown.parse(decode(data)))
        metadata = _front_matter(tree)
        builder = TextBuilder()
        _add(builder, tree)
        dates = (to_date(metadata[key]) for key in _DATE_KEYS if key in metadata)
        return builder.parsed(
            title=metadata.get("title"),
            published=next(filter(None, dates), None),
            metadata={k: v for k, v in metadata.items() if k not in ("title", "date")},
        )


def _front_matter(tree: SyntaxTreeNode) -> dict[str, str]:
    import yaml

    if not tree.children or tree.children[0].type != "front_matter":
        return {}
    try:
        values = yaml.load(tree.children[0].content, yaml.BaseLoader)  # noqa: S506 - strings only
    except Exception:  # whatever is no YAML is no metadata
        return {}
    if not isinstance(values, dict):
        return {}
    texts = {k.lower(): _as_text(v) for k, v in values.items() if isinstance(k, str)}
    return {name: text for name, text in texts.items() if text}


def _as_text(value: object) -> str:
    """A string, or a list of strings with commas between; anything else is no text."""
    if isinstance(value, list):  # by aliases a small file can name a long string many times
        return ", ".join(
            item[:_LONGEST_ITEM] for item in value[:_MOST_ITEMS] if isinstance(item, str)
        )
    return value if isinstance(value, str) else ""


def _add(builder: TextBuilder, node: SyntaxTreeNode) -> None:
    match node.type:
        case "heading":
            builder.heading(int(node.tag[1]), _inline(node))
        case "paragraph":
            builder.block(_inline(node))
        case "fence" | "code_block":
            builder.block(node.content)
        case "html_block":
            builder.block(_without_tags(node.content))
        case "bullet_list" | "ordered_list":
            builder.block("\n".join(_list_lines(node, indent="")))
        case "table":
            builder.table(_table_rows(node), has_header=True)
        case "front_matter" | "hr":
            pass
        case _:
            for child in node.children:
                _add(builder, child)


def _list_lines(node: SyntaxTreeNode, indent: str) -> list[str]:
    lines: list[str] = []
    number = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    for item in node.children:
        marker = "- " if number is None else f"{number}. "
        number = None if number is None else number + 1
        for child in item.children:
            if child.type in ("bullet_list", "ordered_list"):
                lines += _list_lines(child, indent + "  ")
                continue
            inner = TextBuilder()
            _add(inner, child)
            for line in inner.build()[0].splitlines():
                lines.append(f"{indent}{marker}{line}")
                marker = " " * len(marker)
    return lines


def _table_rows(node: SyntaxTreeNode) -> list[list[str]]:
    return [
        [_inline(cell) for cell in row.children] for part in node.children for row in part.children
    ]


def _inline(node: SyntaxTreeNode) -> str:
    """The text of a node's inline content: of links and images what a reader sees."""
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "html_inline":
            return "\n" if node.content.lower().startswith("<br") else ""
        case _:
            return "".join(_inline(child) for child in node.children)


def _without_tags(html: str) -> str:
    from qa.parsing.html import visible_text

    return visible_text(html)

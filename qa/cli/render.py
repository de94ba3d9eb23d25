"""Answers, reports and lists as a person reads them: coloured and wrapped on a terminal, plain
and whole when piped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qa.cli.terminal import printable, printable_line
from qa.types import HEADING_SEPARATOR

if TYPE_CHECKING:
    from qa.ingest import IngestReport
    from qa.keys import Key
    from qa.types import Answer, Citation, Document, DocumentInfo, Passage, ScoredPassage, Span

_HIGHLIGHT = "bold yellow"
_DIM = "dim"
_TITLE = "bold"
_GOOD, _BAD = "green", "red"


def console(stderr: bool = False) -> Console:
    """rich's console; where the output is no terminal it neither colours nor wraps."""
    plain = Console(stderr=stderr, highlight=False, emoji=False, markup=False, soft_wrap=False)
    if plain.is_terminal:
        return plain
    return Console(
        stderr=stderr, highlight=False, emoji=False, markup=False, soft_wrap=True, width=10_000
    )


def answer(answer: Answer, terminal: bool) -> RenderableType:
    """The answer on top, then the passages it was found among."""
    parts: list[RenderableType] = []
    if answer.text is not None and answer.citation is not None:
        where = source(answer.citation)
        if answer.confidence is not None:
            where.append(f" · {answer.confidence:.0%} sure", style=_DIM)
        parts += [Text(printable(answer.text), style=_HIGHLIGHT), where, Text()]
    else:
        parts += [Text("The documents don't say.", style=_TITLE)]
        if answer.passages:
            parts += [Text("What comes nearest:", style=_DIM)]
        parts += [Text()]
    for passage in answer.passages:
        parts += [_scored(passage, terminal), Text()]
    return Group(*parts[:-1])


def _scored(scored: ScoredPassage, terminal: bool) -> RenderableType:
    head = Text.assemble((f"{scored.rank}. ", _TITLE), (f"{scored.score:.3f}  ", _DIM))
    head.append_text(source(scored.source))
    for other in scored.also:
        head.append("\n   also in ", style=_DIM).append_text(source(other))
    text = quoted(scored.text, scored.highlights)
    if not terminal:  # padding would fill the lines up with spaces
        return Group(head, Text("\n").join(Text("   ") + line for line in text.split("\n")))
    return Group(head, Padding(text, (0, 0, 0, 3)))


def source(citation: Citation) -> Text:
    """Where it stands: title, date, heading, page, path and offsets, on one line."""
    heading = (citation.heading or "").removeprefix(citation.title).removeprefix(HEADING_SEPARATOR)
    facts = [
        citation.date.isoformat() if citation.date else "",
        heading,
        f"page {citation.page}" if citation.page is not None else "",
        f"{shown_path(citation.path)}:{citation.start}-{citation.end}",
    ]
    text = Text(printable_line(citation.title), style="cyan")
    return text.append("".join(f" · {printable_line(fact)}" for fact in facts if fact), style=_DIM)


def quoted(passage: str, highlights: Sequence[Span]) -> Text:
    """A passage as it stands in its document, the highlighted sentences marked."""
    text = Text()
    position = 0
    for span in highlights:
        text.append(printable(passage[position : span.start]))
        text.append(printable(span.slice(passage)), style=_HIGHLIGHT)
        position = span.end
    return text.append(printable(passage[position:]))


def shown_path(path: str) -> str:
    """The path as seen from the current folder, if it is below it."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return path


def report(report: IngestReport) -> RenderableType:
    """What an ingest did: counts, and each failure with its reason."""
    counts = (
        ("added", len(report.added)),
        ("updated", len(report.updated)),
        ("unchanged", len(report.unchanged)),
        ("removed", len(report.removed)),
        ("failed", len(report.failed)),
    )
    line = Text(", ".join(f"{name} {count}" for name, count in counts))
    if report.skipped:
        line.append(f" (skipped {len(report.skipped)} of other formats)", style=_DIM)
    failures = [
        Text.assemble(
            ("failed ", _BAD), f"{printable_line(shown_path(f.path))}: {printable_line(f.reason)}"
        )
        for f in report.failed
    ]
    return Group(*failures, line)


def documents(infos: Sequence[DocumentInfo], terminal: bool) -> RenderableType:
    """A table on a terminal; a string of tab-separated lines when piped."""
    if not infos:
        return Text("No documents yet: run `qa ingest PATH`.")
    if not terminal:
        rows = [(i.id, i.published or "", str(i.passages), i.title, i.path) for i in infos]
        clean = ("\t".join(printable_line(str(c)) for c in row) for row in rows)
        return "\n".join(clean)
    table = Table("id", "date", "passages", "title", "path", box=None, header_style=_TITLE)
    for info in infos:
        table.add_row(
            info.id[:12],  # enough to name it by
            str(info.published or ""),
            str(info.passages),
            Text(printable_line(info.title)),
            Text(printable_line(", ".join(map(shown_path, info.paths))), style=_DIM),
        )
    return table


def keys(keys: Sequence[Key]) -> str:
    """Tab-separated lines: id, scope, day of creation, name."""
    rows = ((k.id, k.scope, k.created.date().isoformat(), k.name) for k in keys)
    return "\n".join("\t".join(map(printable_line, row)) for row in rows)


def document(document: Document, passages: Sequence[Passage]) -> RenderableType:
    """A document's metadata, then its text."""
    facts = {
        "id": document.id,
        "title": document.title,
        "date": document.published or "-",
        "language": document.language or "-",
        # On one line: names are the document's own, and mustn't pass for ours.
        "metadata": "; ".join(f"{k}: {v}" for k, v in document.metadata.items()) or "-",
        "path": ", ".join(map(shown_path, document.paths)),
        "type": document.media_type,
        "sha256": document.sha256,
        "size": f"{len(document.text):,} characters, {len(passages)} passages",
    }
    return Group(mapping(facts), Text(), Text(printable(document.text)))


def mapping(facts: Mapping[str, Any]) -> RenderableType:
    """Names and values, one a line."""
    width = max(len(name) for name in facts)
    lines = [
        Text.assemble((f"{name:<{width}}  ", _DIM), printable_line(str(value)))
        for name, value in facts.items()
    ]
    return Group(*lines)


def config(values: Mapping[str, Any], origins: Mapping[str, str], terminal: bool) -> RenderableType:
    """Each setting in force and where it came from."""
    rows = [(name, str(value), origins[name]) for name, value in values.items()]
    if not terminal:
        return "\n".join("\t".join(row) for row in rows)
    table = Table("setting", "value", "from", box=None, header_style=_TITLE)
    for name, value, origin in rows:
        style = _GOOD if origin != "default" else _DIM
        table.add_row(name, Text(printable(value)), Text(origin, style=style))
    return table

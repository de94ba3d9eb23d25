"""Reports and lists as a person reads them: coloured and wrapped on a terminal, plain and whole
when piped. Answers are `qa.cli.render_answer`'s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from qa.cli.terminal import printable, printable_line
from qa.files import UNSUPPORTED

if TYPE_CHECKING:
    from datetime import datetime

    from qa.fetching import Fetched
    from qa.ingest import Failure, IngestReport, Skip
    from qa.keys import Key
    from qa.types import Document, DocumentInfo, Passage

HIGHLIGHT = "bold yellow"
DIM = "dim"
TITLE = "bold"
GOOD, BAD = "green", "red"


def console(stderr: bool = False) -> Console:
    """rich's console; where the output is no terminal it neither colours nor wraps."""
    plain = Console(stderr=stderr, highlight=False, emoji=False, markup=False, soft_wrap=False)
    if plain.is_terminal:
        return plain
    return Console(
        stderr=stderr, highlight=False, emoji=False, markup=False, soft_wrap=True, width=10_000
    )


def counted(number: int, what: str) -> str:
    """As "1 document", "2,000 documents"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def shown_path(path: str) -> str:
    """The path as seen from the current folder, if it is below it."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return path


def report(report: IngestReport, *, planned: bool = False) -> RenderableType:
    """What an ingest did: counts, and what was skipped or failed with its reason.

    Args:
        planned: it would do that; each change is named.
    """
    counts = (
        ("added", len(report.added)),
        ("updated", len(report.updated)),
        *([("moved", len(report.moved))] if report.moved else []),
        ("unchanged", len(report.unchanged)),
        ("removed", len(report.removed)),
        ("failed", len(report.failed)),
    )
    line = Text(", ".join(f"{name} {count}" for name, count in counts))
    named = [skip for skip in report.skipped if skip.reason != UNSUPPORTED]
    if others := len(report.skipped) - len(named):
        line.append(f" (skipped {others} of other formats)", style=DIM)
    if planned:
        line.append(" (nothing was changed)", style=DIM)
    changes = _changes(report) if planned else ()
    skipped = _reasons("skipped", DIM, named)
    return Group(*changes, *skipped, *_reasons("failed", BAD, report.failed), line)


def _changes(report: IngestReport) -> Iterator[Text]:
    for verb, paths in (
        ("add", report.added),
        ("update", report.updated),
        ("remove", report.removed),
    ):
        for path in paths:
            yield Text.assemble((f"would {verb:<8}", DIM), _path(path))
    for path, before in report.moved.items():
        yield Text.assemble((f"would {'move':<8}", DIM), f"{_path(before)} to {_path(path)}")


def change(report: IngestReport, new: Sequence[Failure], at: datetime) -> RenderableType:
    """A line of `qa watch`: what an ingest changed, and which failures are new."""
    counts = {
        "added": len(report.added),
        "updated": len(report.updated),
        "moved": len(report.moved),
        "removed": len(report.removed),
    }
    shown = (f"{name} {count}" for name, count in counts.items() if count or name != "moved")
    line = Text(", ".join(shown))
    line.append(f", failed {len(report.failed)}", style=BAD if report.failed else "")
    time = Text(f"{at:%H:%M:%S}  ", style=DIM)
    return Group(time + line, *_reasons("failed", BAD, new))


def fetched(page: Fetched) -> Text:
    """A line of `qa fetch`: what became of an address."""
    style = BAD if page.outcome == "failed" else GOOD
    what = page.reason if page.path is None else shown_path(str(page.path))
    rest = f"{printable_line(page.url)}: {printable_line(what or '')}"
    return Text.assemble((f"{page.outcome} ", style), rest)


def fetched_all(pages: Sequence[Fetched]) -> Text:
    """How many addresses came to what."""
    outcomes = [page.outcome for page in pages]
    counts = (f"{name} {outcomes.count(name)}" for name in ("fetched", "unchanged", "failed"))
    return Text(", ".join(counts))


def _reasons(what: str, style: str, files: Sequence[Failure | Skip]) -> list[Text]:
    """A line for each file, with its reason."""
    return [
        Text.assemble((f"{what} ", style), f"{_path(f.path)}: {printable_line(f.reason)}")
        for f in files
    ]


def _path(path: str) -> str:
    return printable_line(shown_path(path))


def documents(infos: Sequence[DocumentInfo], terminal: bool) -> RenderableType:
    """A table on a terminal; a string of tab-separated lines when piped."""
    if not infos:
        return Text("No documents yet: run `qa ingest PATH`.")
    if not terminal:
        rows = [(i.id, i.published or "", str(i.passages), i.title, i.path) for i in infos]
        clean = ("\t".join(printable_line(str(c)) for c in row) for row in rows)
        return "\n".join(clean)
    table = Table("id", "date", "passages", "title", "path", box=None, header_style=TITLE)
    for info in infos:
        table.add_row(
            info.id[:12],  # enough to name it by
            str(info.published or ""),
            str(info.passages),
            Text(printable_line(info.title)),
            Text(printable_line(", ".join(map(shown_path, info.paths))), style=DIM),
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
        Text.assemble((f"{name:<{width}}  ", DIM), printable_line(str(value)))
        for name, value in facts.items()
    ]
    return Group(*lines)


def config(values: Mapping[str, Any], origins: Mapping[str, str], terminal: bool) -> RenderableType:
    """Each setting in force and where it came from."""
    rows = [(name, str(value), origins[name]) for name, value in values.items()]
    if not terminal:
        return "\n".join("\t".join(row) for row in rows)
    table = Table("setting", "value", "from", box=None, header_style=TITLE)
    for name, value, origin in rows:
        style = GOOD if origin != "default" else DIM
        table.add_row(name, Text(printable(value)), Text(origin, style=style))
    return table

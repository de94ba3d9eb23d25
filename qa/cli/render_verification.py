"""What `qa verify` finds, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from qa.cli.render import BAD, DIM, GOOD, shown_path
from qa.cli.terminal import printable_line

if TYPE_CHECKING:
    from qa.provenance import CitationState, DocumentState, State


def originals(states: Sequence[DocumentState], counts: Mapping[State, int]) -> RenderableType:
    """A line for each path at which something else is or nothing, then the counts."""
    lines = []
    for document in states:
        for path in document.paths:
            if path.state.is_fine:
                continue
            line = Text.assemble(
                (f"{path.state.value:<11}", BAD), printable_line(shown_path(path.path))
            )
            if path.reason:
                line.append(f": {printable_line(path.reason)}")
            if document.state.is_fine:
                line.append(" (the document is unchanged at another path)", style=DIM)
            lines.append(line)
    always = ("unchanged", "changed", "missing")
    shown = {state.value: counts[state] for state in type(states[0].state)} if states else {}
    summary = ", ".join(
        f"{name} {count}" for name, count in shown.items() if count or name in always
    )
    return Group(*lines, Text(summary or "no documents"))


def citations(states: Sequence[CitationState]) -> RenderableType:
    """A line for each citation."""
    return Group(*map(_citation, states)) if states else Text("It cites nothing.")


def _citation(state: CitationState) -> Text:
    place = f"{printable_line(shown_path(state.path))}:{state.start}-{state.end}"
    line = Text.assemble(
        (f"{state.standing:<9}", GOOD if state.standing == "stands" else BAD),
        (f"{printable_line(state.at)}  ", DIM),
        place,
    )
    if state.now:
        line.append(f", now at {state.now[0]}-{state.now[1]}")
    if state.reason:
        line.append(f": {printable_line(state.reason)}")
    if state.original is None:
        line.append(": the document isn't in the store any more")
    elif not state.original.is_fine:
        line.append(f" (its file is {state.original.value})", style=BAD)
    return line

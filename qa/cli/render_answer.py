"""Answers as a person reads them, piece by piece while they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from qa.cli.render import BAD, DIM, HIGHLIGHT, TITLE, shown_path
from qa.cli.terminal import printable, printable_line
from qa.types import HEADING_SEPARATOR, Answer, CheckedSentence, Citation, ScoredPassage, Span

if TYPE_CHECKING:
    from qa.library import InContext

UNSUPPORTED_MARK = "[unsupported]"
_UNSUPPORTED = "dim strike"
_MARKER = r"\[\d+(?:, ?\d+)*\]"
_LINK = "cyan"
_LONGEST_TITLE = 48
"""Characters of a title where a source takes one line."""

Piece = RenderableType | CheckedSentence
"""What is shown next; sentences that follow one another are one paragraph."""


def pieces(
    steps: Iterable[Answer | CheckedSentence],
    rest: Callable[[Answer], Iterable[RenderableType]],
    terminal: bool,
) -> Iterator[Piece]:
    """An answer while it is made, as `qa.service.QA.stream` gives it, and then the rest of it.

    Args:
        terminal: show each sentence as it comes, not all of them together in the end.
    """
    answer, written = None, False
    for step in steps:
        if isinstance(step, CheckedSentence):
            if terminal:
                written = True
                yield step
        else:
            if answer is None and step.searched_for != step.question:
                yield Text(f"searching for: {printable_line(step.searched_for)}", style=DIM)
            answer = step
    if answer is None:
        return
    if not (written and answer.model):
        yield said(answer)
    yield from rest(answer)


def said(answer: Answer) -> Text:
    """What the documents say, or that they don't."""
    if answer.text is None:
        return Text("The documents don't say.", style=TITLE)
    text = Text(printable(answer.text))
    if answer.model is None:
        text.stylize(HIGHLIGHT)
        return text
    text.highlight_regex(_MARKER, _LINK)
    for unsupported in (each for each in answer.sentences if not each.supported):
        shown = printable(unsupported.text)
        start = text.plain.find(shown)
        if start >= 0:
            text.stylize(_UNSUPPORTED, start, start + len(shown))
    return text


def sentence(checked: CheckedSentence) -> Text:
    """A sentence that a language model wrote; one without support can't be taken for another."""
    text = Text(printable(checked.text))
    text.highlight_regex(_MARKER, _LINK)
    if not checked.supported:
        text.stylize(_UNSUPPORTED)
        text.append(f" {UNSUPPORTED_MARK}", style=BAD)
    return text


def in_full(answer: Answer) -> Iterator[RenderableType]:
    """Where the answer comes from, and the passages it was found among."""
    if answer.citation is not None and answer.model is None:
        yield source(answer.citation).append(_how_sure(answer), style=DIM)
    yield from _remarks(answer)
    for passage in answer.passages:
        yield Group(Text(), scored(passage))


def in_brief(answer: Answer) -> Iterator[RenderableType]:
    """Where the answer comes from, a line for each source."""
    if answer.model is None and answer.citation is not None:
        yield Text(f"{_quoted_from(answer)}{_how_sure(answer)}", style=DIM)
    yield from _remarks(answer)
    for passage in answer.passages:
        yield _source_in_brief(passage)


def _remarks(answer: Answer) -> Iterator[RenderableType]:
    if answer.model is not None and answer.text is not None:
        by = f"written by {printable_line(answer.model)}, checked against the passages"
        yield Text(by + _how_sure(answer), style=DIM)
    if answer.notice:
        yield Text(printable_line(answer.notice), style="magenta")
    if answer.text is None and answer.passages:
        yield Text("What comes nearest:", style=DIM)


def _how_sure(answer: Answer) -> str:
    return "" if answer.confidence is None else f" · {answer.confidence:.0%} sure"


def _quoted_from(answer: Answer) -> str:
    """The numbers of the passages that a quoted answer stands in."""
    cited = answer.citation
    return "".join(
        f"[{passage.rank}]"
        for passage in answer.passages
        if cited
        and passage.source.document_id == cited.document_id
        and passage.source.start <= cited.start < passage.source.end
    )


# ------------------------------------------------------------------ sources


def scored(scored: ScoredPassage) -> RenderableType:
    """A passage whole, with its score and all its sources."""
    head = Text.assemble((f"{scored.rank}. ", TITLE), (f"{scored.score:.3f}  ", DIM))
    head.append_text(source(scored.source))
    for other in scored.also:
        head.append("\n   also in ", style=DIM).append_text(source(other))
    return Group(head, Indented(quoted(scored.text, scored.highlights)))


def source(citation: Citation) -> Text:
    """Where it stands: title, date, heading, page, path and offsets, on one line."""
    facts = [*_place(citation), f"{shown_path(citation.path)}:{citation.start}-{citation.end}"]
    text = Text(printable_line(citation.title), style=_LINK)
    return text.append("".join(f" · {printable_line(fact)}" for fact in facts), style=DIM)


def in_context(shown: InContext, terminal: bool) -> RenderableType:
    """A passage among what stands around it: coloured on a terminal, else with a mark at its
    margin."""
    parts = (
        (shown.before, ""),
        (shown.passage.text, HIGHLIGHT if terminal else ""),
        (shown.after, ""),
    )
    margins = ("", "", "") if terminal else ("  ", "> ", "  ")
    texts = [
        Indented(Text(printable(part.strip("\n")), style=style), margin)
        for (part, style), margin in zip(parts, margins, strict=True)
        if part.strip()
    ]
    return Group(source(shown.source), *(line for text in texts for line in (Text(), text)))


def _source_in_brief(passage: ScoredPassage) -> Text:
    citation = passage.source
    title = shortened(citation.title, _LONGEST_TITLE)
    where = _place(citation)
    if not (citation.heading or citation.page is not None):
        where.append(f"passage {citation.passage}")
    text = Text(f"{passage.rank}. ", style=TITLE, no_wrap=True, overflow="ellipsis")
    text.append(title, style=f"not bold {_LINK}")
    return text.append(
        "".join(f" · {printable_line(fact)}" for fact in where), style=f"not bold {DIM}"
    )


def _place(citation: Citation) -> list[str]:
    """Date, heading and page, those that there are."""
    heading = (citation.heading or "").removeprefix(citation.title).removeprefix(HEADING_SEPARATOR)
    facts = [
        citation.date.isoformat() if citation.date else "",
        heading,
        f"page {citation.page}" if citation.page is not None else "",
    ]
    return [fact for fact in facts if fact]


def shortened(text: str, longest: int) -> str:
    """The text on one line, cut after so many characters."""
    line = printable_line(text)
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def quoted(passage: str, highlights: Sequence[Span]) -> Text:
    """A passage as it stands in its document, the highlighted sentences marked."""
    text = Text()
    position = 0
    for span in highlights:
        text.append(printable(passage[position : span.start]))
        text.append(printable(span.slice(passage)), style=HIGHLIGHT)
        position = span.end
    return text.append(printable(passage[position:]))


@dataclass(frozen=True, slots=True)
class Indented:
    """A text each line of which begins alike; wrapped on a terminal, never filled with spaces."""

    text: Text
    margin: str = "   "

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        width = max(1, options.max_width - len(self.margin))
        lines = self.text.wrap(console, width) if options.is_terminal else self.text.split("\n")
        for line in lines:
            yield Text(self.margin if line else self.margin.rstrip()) + line

"""A conversation as a file: Markdown to read, JSON for other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from qa.cli.render_answer import said
from qa.cli.terminal import to_json
from qa.errors import UsageError
from qa.types import Answer, Citation


def save(answers: Sequence[Answer], path: Path, replace: bool) -> Path:
    """Writes a conversation, and returns where; ``.json`` is a list of answers as `Answer.to_dict`
    gives them, anything else Markdown.

    Args:
        replace: whether to write over a file that is there.

    Raises:
        UsageError: there is a file already, or it can't be written.
    """
    if path.suffix.lower() == ".json":
        text = to_json([answer.to_dict() for answer in answers]) + "\n"
    else:
        text = as_markdown(answers)
    try:
        path = path.expanduser()
        with path.open("w" if replace else "x", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already: /save! {path} writes over it.") from None
    except (OSError, ValueError, RuntimeError) as error:  # a null character, nobody's home
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} can't be written ({reason}): name another file.") from error
    return path


def as_markdown(answers: Sequence[Answer]) -> str:
    """Each question with its answer and its sources, as the page in the browser exports them.

    What documents and language models say never becomes markup.
    """
    return "\n\n".join(["# Conversation", *("\n".join(_turn(each)) for each in answers)]) + "\n"


def _turn(answer: Answer) -> Iterator[str]:
    from qa.http.markdown import escape

    yield f"## {escape(answer.question)}"
    if answer.searched_for != answer.question:
        yield f"\nSearched for: {escape(answer.searched_for)}"
    yield f"\n**{escape(said(answer).plain)}**"
    if answer.model:
        yield f"\nWritten by {escape(answer.model)}, checked against the passages."
    if answer.notice:
        yield f"\n{escape(answer.notice)}"
    for passage in answer.passages:
        yield f"\n### \\[{passage.rank}\\] {escape(_where(passage.source))}\n"
        paragraphs = (p for p in passage.text.split("\n\n") if p.strip())
        yield "\n>\n".join(f"> {escape(paragraph)}" for paragraph in paragraphs)


def _where(citation: Citation) -> str:
    facts = [
        citation.title,
        citation.date.isoformat() if citation.date else "",
        citation.heading or "",
        f"page {citation.page}" if citation.page is not None else "",
        f"{citation.path}:{citation.start}-{citation.end}",
    ]
    return " · ".join(fact for fact in facts if fact)

"""Options that several commands have, beside those of `qa.cli.app`."""

from __future__ import annotations

from typing import Annotated

import typer

IncludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="PATTERN",
        help="Only files that match, as '*.md' or reports/; patterns as in a .gitignore, "
        "relative to each of the paths. What is left out stays in the store as it is.",
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="PATTERN", help="Not what matches, as drafts/ or '*.log'."),
]
TopKOption = Annotated[
    int | None, typer.Option("--top-k", "-k", help="How many passages [default: 5].")
]
LlmBaseUrlOption = Annotated[
    str | None,
    typer.Option(
        "--llm-base-url",
        metavar="URL",
        help="An OpenAI-compatible endpoint whose language model writes the answer, as "
        "http://127.0.0.1:11434/v1; its key, if it wants one, in QA_LLM_API_KEY.",
    ),
]
LlmModelOption = Annotated[
    str | None,
    typer.Option("--llm-model", metavar="NAME", help="The language model to ask for there."),
]
StrictOption = Annotated[
    bool | None,
    typer.Option(
        "--strict/--no-strict",
        help="Drop what the language model writes and no passage supports, instead of marking it.",
    ),
]

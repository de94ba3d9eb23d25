"""`qa ingest`: bring the store into step with files and folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.cli.app import (
    DebugOption,
    JsonOption,
    ModelOption,
    StoreOption,
    _note,
    _open,
    _print,
    _print_json,
    _progress,
    app,
)
from qa.cli.options import ExcludeOption, IncludeOption

if TYPE_CHECKING:
    from qa.ingest import IngestReport
    from qa.service import QA


@app.command(
    epilog="Examples: `qa ingest`, `qa ingest notes reports/2024.md --store work`, "
    "`qa ingest wiki --include '*.md' --exclude drafts/`"
)
def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files, folders and patterns, as 'docs/**/*.pdf' in quotes [default: seeds]."
        ),
    ] = None,
    store: StoreOption = None,
    model: ModelOption = None,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Cut and embed every document again.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would change, by file.")
    ] = False,
    wait: Annotated[
        float,
        typer.Option("--wait", metavar="SECONDS", min=0, help="Wait for another one to finish."),
    ] = 0,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if any document failed.")
    ] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Bring the store into step with files and folders.

    A `.qaignore` in a folder names what isn't part of it, as a .gitignore does.
    """
    bot = _open(store, model=model, include=include or None, exclude=exclude or None)
    report = bot.preview(paths or []) if dry_run else _ingest(bot, paths or [], rebuild, wait)
    if json:
        _print_json(report.to_dict(planned=dry_run))
    else:
        _print_report(report, planned=dry_run)
    if not (report.read or report.removed or (rebuild and report.embedded)):
        from qa.errors import DocumentError

        where = ", ".join(map(str, paths or [bot.settings.seeds]))
        raise DocumentError(
            f"No document could be read in {where}: give files such as .pdf or .txt."
        )
    if strict and report.failed:
        raise typer.Exit(1)


def _ingest(bot: QA, paths: list[Path], rebuild: bool, wait: float) -> IngestReport:
    try:
        with _progress() as on_progress:
            return bot.ingest(paths, rebuild=rebuild, on_progress=on_progress, wait=wait)
    except KeyboardInterrupt:
        kept = "nothing was changed"
        if not rebuild:
            kept = f"what is finished is kept ({len(bot.documents()):,} documents in the store)"
        _note(f"Interrupted: {kept}; run it again to go on.")
        raise typer.Exit(130) from None


def _print_report(report: IngestReport, *, planned: bool) -> None:
    from qa.cli import render

    _print(render.report(report, planned=planned))

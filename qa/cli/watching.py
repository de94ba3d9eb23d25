"""`qa watch`: keep the store in step while files and folders change."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.cli.app import DebugOption, ModelOption, StoreOption, _note, _open, _print, app
from qa.cli.options import ExcludeOption, IncludeOption

if TYPE_CHECKING:
    from qa.errors import QAError
    from qa.ingest import Failure


@app.command(epilog="Examples: `qa watch`, `qa watch notes reports --exclude drafts/`")
def watch(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="As for `qa ingest` [default: seeds].")
    ] = None,
    store: StoreOption = None,
    model: ModelOption = None,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    debug: DebugOption = False,
) -> None:
    """Ingest files and folders now and whenever they change, until Ctrl-C.

    It prints a line for each ingest that changed something, and why one failed; that one is tried
    again.
    """
    from datetime import datetime

    from qa.cli import render

    bot = _open(store, model=model, include=include or None, exclude=exclude or None)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    _note(f"Watching {', '.join(map(str, paths or [bot.settings.seeds]))}: Ctrl-C ends it.")
    failed: list[Failure] = []
    try:
        for report in bot.watch(paths or [], stop=stop, on_error=_tell):
            if report.changed or report.failed != failed:
                new = [failure for failure in report.failed if failure not in failed]
                _print(render.change(report, new, datetime.now().astimezone()))
                failed = [*report.failed]
    except KeyboardInterrupt:
        _note("Stopped: what is finished is kept.")
        raise typer.Exit(130) from None
    _note("Stopped: what is finished is kept.")


def _tell(error: QAError) -> None:
    from qa.cli.terminal import printable

    _note(f"Error: {printable(str(error))} It will be tried again.")

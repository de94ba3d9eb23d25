"""`qa fetch`: download the pages that a list or a feed names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qa.cli.app import DebugOption, JsonOption, _note, _print, _print_json, app


@app.command(
    epilog="Examples: `qa fetch reading-list.txt`, `qa fetch feed.xml --to news && qa ingest news`"
)
def fetch(
    file: Annotated[
        Path, typer.Argument(help="Addresses, a line each (# for remarks), or a feed (RSS, Atom).")
    ],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Folder for the pages [default: seeds]."),
    ] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Download the pages that a file names, for `qa ingest`.

    This uses the network, as no other command does that isn't told to: it asks each address named,
    and where that leads. Pages that haven't changed since aren't written anew.
    """
    from qa.cli import render
    from qa.fetching import fetch
    from qa.settings import load_settings

    settings = load_settings()
    folder = to or settings.seeds
    pages = []
    try:
        for page in fetch(file, folder, most_bytes=settings.max_file_bytes):
            pages.append(page)
            if not json and page.outcome != "unchanged":
                _print(render.fetched(page))
    except KeyboardInterrupt:
        _note("Interrupted: the pages that are there are kept; run it again to go on.")
        raise typer.Exit(130) from None
    if json:
        _print_json([page.to_dict() for page in pages])
    else:
        _print(render.fetched_all(pages))
    if all(page.outcome == "failed" for page in pages):
        from qa.errors import DocumentError

        raise DocumentError(f"No page could be fetched from {file}: name http or https addresses.")

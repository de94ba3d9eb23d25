"""`qa documents`: list, show and remove documents."""

from __future__ import annotations

from typing import Annotated

import typer

from qa.cli.app import (
    DebugOption,
    JsonOption,
    StoreOption,
    WhereOption,
    _open,
    _print,
    _print_json,
    app,
)
from qa.types import Sort

documents_app = typer.Typer(
    help="List, show and remove documents.\n\n"
    "Examples: `qa documents`, `qa documents --where 'date<2024'`, "
    "`qa documents --sort ingested --reverse --limit 5`, `qa documents show 3f2a`, "
    "`qa documents remove notes/old.md`",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(documents_app, name="documents")


@documents_app.callback(invoke_without_command=True)
def _documents(
    context: typer.Context,
    where: WhereOption = None,
    sort: Annotated[
        Sort, typer.Option("--sort", help="What they are in order of; ties are by path.")
    ] = "path",
    reverse: Annotated[
        bool, typer.Option("--reverse", help="The greatest, latest or last first.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many.")
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    if context.invoked_subcommand:
        return
    from qa.cli import render

    infos = _open(store).documents(
        where=where or [], sort=sort, is_reverse=reverse, limit=limit or -1
    )
    if json:
        _print_json([info.to_dict() for info in infos])
    elif where and not infos:
        _print("No document matches the filter.")
    else:
        _print(render.documents(infos, terminal=render.console().is_terminal))


@documents_app.command(
    "show", epilog="Examples: `qa documents show 3f2a`, `qa documents show 3f2a --passage 2`"
)
def documents_show(
    document: Annotated[str, typer.Argument(metavar="ID", help="Id, its beginning, or a path.")],
    passage: Annotated[
        int | None,
        typer.Option("--passage", metavar="P", min=0, help="This passage alone, by its number."),
    ] = None,
    context: Annotated[
        int, typer.Option("--context", metavar="N", min=0, help="Characters around the passage.")
    ] = 500,
    store: StoreOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show a document and its text, or a passage in its surroundings."""
    from qa.cli import render

    bot = _open(store)
    if passage is not None:
        shown = bot.library.passage_in_context(bot.library.find(document).id, passage, context)
        if json:
            _print_json(shown.to_dict())
        else:
            from qa.cli.render_answer import in_context

            _print(in_context(shown, terminal=render.console().is_terminal))
        return
    found, passages = bot.document(document)
    if json:
        _print_json(
            {
                "document_id": found.id,
                "paths": list(found.paths),
                "title": found.title,
                "date": found.published.isoformat() if found.published else None,
                "language": found.language,
                "metadata": dict(found.metadata),
                "media_type": found.media_type,
                "sha256": found.sha256,
                "text": found.text,
                "passages": [{"start": p.start, "end": p.end} for p in passages],
            }
        )
    else:
        _print(render.document(found, passages))


@documents_app.command("remove", epilog="Example: `qa documents remove notes/old.md`")
def documents_remove(
    document: Annotated[str, typer.Argument(metavar="ID", help="Id, its beginning, or a path.")],
    store: StoreOption = None,
    debug: DebugOption = False,
) -> None:
    """Take a document out of the store; a file of yours stays, an uploaded one goes too."""
    from rich.text import Text

    from qa.cli.terminal import printable

    removed = _open(store).remove(document)
    _print(Text(printable(f"removed {removed.id} {removed.title}")))

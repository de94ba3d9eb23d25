"""`qa export` and `qa import`: a store in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qa.cli.app import DebugOption, JsonOption, StoreOption, _note, _open, _print, _print_json, app

_SHOWN = 20
"""Lines of what was left out."""


@app.command("export", epilog="Examples: `qa export work.qa`, `qa export work.qa --originals`")
def export(
    file: Annotated[Path, typer.Argument(help="The backup to write.")],
    store: StoreOption = None,
    originals: Annotated[
        bool,
        typer.Option("--originals", help="Take in your own files as well, where they still are."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a backup of the store into one file: documents, uploads and feedback, no API keys."""
    from qa.backup import export_store
    from qa.cli.render import counted

    bot = _open(store)
    exported = export_store(
        bot.store, file, bot.settings.max_file_bytes, originals=originals, force=force
    )
    if json:
        _print_json(exported.to_dict())
        return
    _print_left_out(exported.left_out)
    held = [counted(exported.documents, "document"), counted(exported.uploads, "upload")]
    held += [counted(exported.originals, "original")] if originals else []
    _print(
        f"exported {', '.join(held)} of generation {exported.generation} to {file} "
        f"({exported.bytes / 1e6:,.1f} MB)"
    )


@app.command("import", epilog="Example: `qa import work.qa --store work`")
def import_(
    file: Annotated[Path, typer.Argument(help="A backup that `qa export` wrote.")],
    store: StoreOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of what the store holds.")
    ] = False,
    originals_to: Annotated[
        Path | None,
        typer.Option(
            "--originals-to",
            metavar="DIR",
            help="Where to unpack originals [default: into the store, if they aren't where they "
            "were].",
        ),
    ] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Fill a new store from a backup, which answers as the one that it is of."""
    from qa.backup import import_store
    from qa.cli.render import counted

    bot = _open(store)
    imported = import_store(bot.store, file, replace=replace, originals_to=originals_to)
    if json:
        _print_json(imported.to_dict())
        return
    held = [counted(imported.documents, "document"), counted(imported.uploads, "upload")]
    held += [counted(imported.originals, "original")] if imported.originals else []
    _print(f"imported {', '.join(held)} into {bot.store.folder}")
    if imported.model != bot.settings.model:
        _note(f"It was made with the model {imported.model}: ask it with --model.")


def _print_left_out(left_out: list[tuple[str, str]]) -> None:
    from qa.cli.render import shown_path
    from qa.cli.terminal import printable_line

    for path, reason in left_out[:_SHOWN]:
        _note(f"left out {printable_line(shown_path(path))}: {printable_line(reason)}")
    if len(left_out) > _SHOWN:
        _note(f"and {len(left_out) - _SHOWN:,} more (--json lists them)")

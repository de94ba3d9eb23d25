"""`qa keys`: the API keys that the service demands."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.cli.app import DebugOption, JsonOption, StoreOption, _note, _print, _print_json, app

if TYPE_CHECKING:
    from qa.keys import Keys

keys_app = typer.Typer(
    no_args_is_help=True,
    help="Create, list and revoke the API keys of `qa serve`.\n\n"
    "Examples: `qa keys create phone`, `qa keys create scanner --scope write`, `qa keys list`, "
    "`qa keys revoke 1f9c03ab`",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(keys_app, name="keys")


class Scope(StrEnum):
    read = "read"
    write = "write"


@keys_app.command("create", epilog="Example: `qa keys create scanner --scope write`")
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, for you to know it by.")],
    scope: Annotated[
        Scope, typer.Option("--scope", help="read: ask and look; write: also add and remove.")
    ] = Scope.read,
    store: StoreOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Create an API key and print it, this once."""
    key, token = _keys(store).create(name, scope.value)
    if json:
        _print_json(key.model_dump(mode="json", exclude={"sha256"}) | {"key": token})
        return
    _print(token)
    _note("Keep it: it can't be shown again. From now on the service demands a key.")


@keys_app.command("list", epilog="Example: `qa keys list --json`")
def list_(store: StoreOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the keys in force, without what is secret in them."""
    keys = _keys(store)
    found = keys.all()
    if json:
        _print_json([key.model_dump(mode="json", exclude={"sha256"}) for key in found])
    elif found:
        from qa.cli import render

        _print(render.keys(found))
    elif keys.demanded:
        _print("There is no key, and the service demands one: `qa keys create NAME` makes one.")
    else:
        _print("There is no key, and the service demands none.")


@keys_app.command("revoke", epilog="Example: `qa keys revoke 1f9c03ab`")
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `qa keys list` shows it.")],
    store: StoreOption = None,
    debug: DebugOption = False,
) -> None:
    """Take a key out of force, at once also for a service that runs."""
    keys = _keys(store)
    revoked = keys.revoke(key)
    _print(f"revoked {revoked.id} {revoked.name}")
    if not keys.all():
        _note(f"It was the last: nobody is let in now. To go without keys remove {keys.path}.")


def _keys(store: Path | None) -> Keys:
    from qa.keys import Keys
    from qa.settings import load_settings

    return Keys(load_settings(store=store).store)

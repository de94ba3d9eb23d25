"""`qa serve`: the service over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from qa.cli.app import DebugOption, ModelOption, StoreOption, _open, _prepare, app
from qa.cli.options import LlmBaseUrlOption, LlmModelOption, StrictOption


@app.command(
    epilog="Examples: `qa serve --port 8080`, `qa keys create phone` and `qa serve --host 0.0.0.0`"
)
def serve(
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on [default: 127.0.0.1].")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port; 0 for a free one [default: 8000].")
    ] = None,
    store: StoreOption = None,
    model: ModelOption = None,
    llm_base_url: LlmBaseUrlOption = None,
    llm_model: LlmModelOption = None,
    strict: StrictOption = None,
    uploads: Annotated[
        bool | None,
        typer.Option("--uploads/--no-uploads", help="Let documents be added and removed."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen elsewhere than on loopback without API keys.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Answer over HTTP: `POST /ask`; the interface is described at /docs."""
    from qa.http import listening, serve

    bot = _open(
        store,
        model=model,
        host=host,
        port=port,
        uploads=uploads,
        insecure=insecure or None,
        llm_base_url=llm_base_url,
        llm_model=llm_model,
        llm_strict=strict,
    )
    with listening(bot.settings) as listener:
        _prepare(bot)
        serve(bot, listener)

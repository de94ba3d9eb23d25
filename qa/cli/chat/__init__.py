"""`qa chat`: a conversation over the documents."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from qa.cli.app import DebugOption, ModelOption, StoreOption, WhereOption, _open, _prepare, app
from qa.cli.options import LlmBaseUrlOption, LlmModelOption, StrictOption, TopKOption

if TYPE_CHECKING:
    from qa.cli.chat.conversation import Conversation


@app.command(
    epilog="Examples: `qa chat`, `qa chat --where 'date>=2023-10'`, "
    "`qa chat --json < questions.txt`"
)
def chat(
    top_k: TopKOption = None,
    where: WhereOption = None,
    store: StoreOption = None,
    model: ModelOption = None,
    llm_base_url: LlmBaseUrlOption = None,
    llm_model: LlmModelOption = None,
    strict: StrictOption = None,
    history: Annotated[
        bool | None,
        typer.Option("--history/--no-history", help="Keep what is typed for the next time."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Read a question a line, print a JSON object a line.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Talk with the documents; a later question may lean on those before it."""
    from qa.filters import parse_filter

    parse_filter(where or [])  # a mistake is told before anything is ingested
    bot = _open(
        store,
        model=model,
        top_k=top_k,
        llm_base_url=llm_base_url,
        llm_model=llm_model,
        llm_strict=strict,
        chat_history=history,
    )
    _prepare(bot)
    bot.counts()  # a store that can't be read is told before anything is asked

    from qa.cli.chat.conversation import Conversation

    conversation = Conversation(bot, where or [])
    if json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        _read_lines(conversation, json)
    else:
        _talk(conversation)


def _read_lines(conversation: Conversation, json: bool) -> None:
    from qa.cli.chat.talking import answer_lines

    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")
    code = answer_lines(conversation, sys.stdin, json)
    if code:
        raise typer.Exit(code)


def _talk(conversation: Conversation) -> None:
    from prompt_toolkit.history import InMemoryHistory
    from rich.text import Text

    from qa.cli.chat.history import open_history
    from qa.cli.chat.prompt import Prompt
    from qa.cli.chat.talking import Warming, talk
    from qa.cli.screen import Screen

    keeps = conversation.bot.settings.chat_history
    warming = Warming(conversation)
    prompt = Prompt(
        conversation, open_history() if keeps else InMemoryHistory(), lambda: warming.examples
    )
    warming.on_done = prompt.refresh
    warming.start()
    screen = Screen()
    screen.show([Text("Ask your documents. /help lists commands, Ctrl-D leaves.\n")])
    try:
        talk(conversation, prompt, screen)
    finally:
        warming.dismiss()

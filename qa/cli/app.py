"""The commands: each turns words into one call of the service and its answer into words.

Nothing heavy is imported before a command runs: `qa --help` is instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from qa.cli.options import LlmBaseUrlOption, LlmModelOption, StrictOption, TopKOption

if TYPE_CHECKING:
    from rich.console import RenderableType

    from qa.ingest import OnProgress, Progress
    from qa.service import QA
    from qa.types import Answer

_PANELS = {
    "Ask": ("ask", "chat"),
    "Documents": ("ingest", "watch", "fetch", "documents", "verify"),
    "The store": ("status", "doctor", "export", "import", "config"),
    "For others": ("serve", "mcp", "keys"),
    "How good it is": ("evaluate", "compare", "tune"),
}


class _InPanels(TyperGroup):
    """Lists the commands by what they are for, whichever module was imported first."""

    def list_commands(self, ctx: Any) -> list[str]:
        panels = {name: panel for panel, names in _PANELS.items() for name in names}
        for name, command in self.commands.items():
            command.rich_help_panel = panels[name]  # type: ignore[attr-defined]  # Typer's own are
        return list(panels)


app = typer.Typer(
    cls=_InPanels,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Ask your own documents: the passages that answer, best first, with their exact source.",
    epilog='Start with: `qa ask "What was chosen as the 2024 Cultural Capital?"`',
    context_settings={"help_option_names": ["-h", "--help"]},
)
StoreOption = Annotated[
    Path | None,
    typer.Option("--store", metavar="DIR", help="The store's folder [default: vectors]."),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="Embedding model: a folder or name."),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="COND",
        help="Only documents of which this holds, as in 'date>=2023-10-01', 'path=reports/*', "
        "'title~budget', 'language=de|en' or 'author=Ada Lovelace'; of several all must hold.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DebugOption = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error.", hidden=True)
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"qa {version('qa')}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    import logging

    # Our own warnings are for people; what libraries remark on a document is for --debug.
    logging.basicConfig(level=logging.DEBUG if debug else logging.CRITICAL, format="%(message)s")
    logging.getLogger("qa").setLevel(logging.DEBUG if debug else logging.WARNING)


@app.command(
    epilog='Examples: `qa ask "Who met whom?"`, `qa ask "When?" --top-k 3 --json`, '
    "`qa ask \"Who?\" --where 'date>=2023-10' --where language=en`"
)
def ask(
    question: Annotated[str, typer.Argument(help="The question, in quotes.")],
    top_k: TopKOption = None,
    where: WhereOption = None,
    store: StoreOption = None,
    model: ModelOption = None,
    llm_base_url: LlmBaseUrlOption = None,
    llm_model: LlmModelOption = None,
    strict: StrictOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Answer a question with the passages that say it, best first."""
    from qa.filters import parse_filter
    from qa.service import checked_question

    question = checked_question(question)
    parse_filter(where or [])  # a mistake is told before anything is ingested
    bot = _open(
        store,
        model=model,
        top_k=top_k,
        llm_base_url=llm_base_url,
        llm_model=llm_model,
        llm_strict=strict,
    )
    _prepare(bot)
    if json:
        answer = bot.ask(question, where=where or [])
        _print_json(answer.to_dict())
    else:
        answer = _show_answer(bot, question, where or [])
    if where and not answer.passages:
        _note("No passage is left by the filter: see `qa documents --where …` for what it leaves.")


@app.command(epilog="Example: `qa status --store work`")
def status(store: StoreOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show what the store holds, its model, sizes and generation."""
    from qa.cli import render

    facts = _open(store).status()
    if json:
        _print_json(facts)
        return
    asked = facts["language_model"]
    where = f"{asked['model']} at {asked['base_url']}" if asked else "none: answers are quoted"
    _print(render.mapping({**facts, "language_model": where}))
    if facts.get("complete") is False:
        _note("The last ingest was ended before it was through: run `qa ingest` again.")


@app.command(epilog="Example: `QA_TOP_K=3 qa config`")
def config(
    store: StoreOption = None,
    model: ModelOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show every setting in force and where its value came from."""
    from qa.cli import render
    from qa.settings import load_settings, origins

    values = load_settings(store=store, model=model).model_dump(mode="json")
    sources = origins(store=store, model=model)
    if json:
        _print_json({n: {"value": v, "from": sources[n]} for n, v in values.items()})
    else:
        _print(render.config(values, sources, terminal=render.console().is_terminal))


# ------------------------------------------------------------------ what commands share


def _show_answer(bot: QA, question: str, where: list[str]) -> Answer:
    """Shows an answer while it is made, and returns it."""
    from qa.cli.chat.conversation import Conversation
    from qa.cli.render_answer import in_full, pieces
    from qa.cli.screen import Screen

    conversation, screen = Conversation(bot, where), Screen()
    steps = conversation.ask(question)
    screen.show(pieces(steps, in_full, screen.is_terminal), conversation.waiting)
    return conversation.answers[-1]


def _open(store: Path | None, **settings: Any) -> QA:
    from qa.service import QA

    return QA.open(
        store,
        on_export=lambda: _note("Preparing the embedding model; this is done once …"),
        **settings,
    )


def _prepare(bot: QA) -> None:
    """Fills a store that is new, saying so."""
    if not bot.store.is_new:
        return
    _note(f"No store in {bot.store.folder} yet: ingesting {bot.settings.seeds} first.")
    with _progress() as on_progress:
        report = bot.prepare(on_progress)
    if report:
        from qa.cli import render

        render.console(stderr=True).print(render.report(report))


@contextmanager
def _progress(label: str = "Ingesting") -> Iterator[OnProgress]:
    """A progress bar on stderr, if that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from qa.cli import render

    bar = Bar(
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=(console := render.console(stderr=True)),
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task("files", total=None, rate="")

    def advance(progress: Progress) -> None:
        bar.start()  # not before: loading a model may have something to say first
        speed = bar.tasks[0].speed
        rate = f"{speed:,.3g}/s" if speed else ""
        bar.update(task, completed=progress.done, total=progress.total, rate=rate)

    try:
        yield advance
    finally:
        bar.stop()


def _print(what: RenderableType) -> None:
    from qa.cli import render

    if isinstance(what, str):  # rich would turn its tabs into spaces
        print(what)
    else:
        render.console().print(what)


def _print_json(value: Any) -> None:
    from qa.cli.terminal import to_json

    print(to_json(value))


def _note(message: str) -> None:
    """Says something that isn't the command's output."""
    typer.echo(message, err=True)

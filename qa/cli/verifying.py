"""`qa verify`: are originals and citations still what they were?"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from qa.service import QA

_MOST_BYTES = 100_000_000


@app.command(
    epilog="Examples: `qa verify`, `qa verify --where 'path=reports/*'`, "
    '`qa ask "Who?" --json | qa verify --answer -`'
)
def verify(
    answer: Annotated[
        Path | None,
        typer.Option(
            "--answer", metavar="FILE", help="Check the citations in an answer's JSON; - for stdin."
        ),
    ] = None,
    where: WhereOption = None,
    store: StoreOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Tell which originals are changed or missing, or whether an answer's citations still stand.

    Exit with 1 if not all is as it was.
    """
    from qa.errors import UsageError

    if answer is not None and where:
        raise UsageError("--where chooses documents, --answer names citations: give one of them.")
    bot = _open(store)
    if answer is None:
        is_fine = _verify_originals(bot, where or [], json)
    else:
        is_fine = _verify_answer(bot, answer, json)
    if not is_fine:
        raise typer.Exit(1)


def _verify_originals(bot: QA, where: list[str], as_json: bool) -> bool:
    from qa.cli import render_verification as render
    from qa.provenance import State

    states = bot.verify(where=where)
    counts = Counter(state.state for state in states)
    if as_json:
        _print_json({
            "counts": {state.value: counts[state] for state in State},
            "documents": [state.to_dict() for state in states],
        })  # fmt: skip
    else:
        _print(render.originals(states, counts))
    return all(state.state.is_fine for state in states)


def _verify_answer(bot: QA, file: Path, as_json: bool) -> bool:
    from qa.cli import render_verification as render

    states = bot.verify_answer(_read(file))
    if as_json:
        _print_json({"citations": [state.to_dict() for state in states]})
    else:
        _print(render.citations(states))
    return all(state.is_fine for state in states)


def _read(file: Path) -> Any:
    """The JSON in a file, or an object a line, as `qa chat --json` prints them.

    Raises:
        UsageError: it isn't such, or can't be read.
    """
    from json import JSONDecodeError, loads

    from qa.errors import UsageError

    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise UsageError(f"{file} has more than {_MOST_BYTES / 1e6:g} MB: that is no answer.")
        try:
            return loads(data)
        except JSONDecodeError:
            return [loads(line) for line in data.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{file} isn't JSON ({str(error)[:200]}): give what `qa ask --json` prints."
        ) from error
    except OSError as error:
        raise UsageError(f"{file} can't be read ({error.strerror}): name another file.") from error

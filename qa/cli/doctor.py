"""`qa doctor`: is the store whole?"""

from __future__ import annotations

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
    app,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qa.doctor import Finding


@app.command(epilog="Examples: `qa doctor`, `qa doctor --repair`")
def doctor(
    store: StoreOption = None,
    model: ModelOption = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make again what can be, and delete what is left over.")
    ] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Check the store deeply: exit with 1 if something is wrong in it."""
    bot = _open(store, model=model)
    before = bot.examine()
    after = bot.repair(before) if repair else before
    if json:
        found = {"found": [f.to_dict() for f in before]}
        _print_json(found | ({"left": [f.to_dict() for f in after]} if repair else {}))
    else:
        _show(before)
        faults = [finding for finding in after if finding.is_fault]
        if repair and any(finding.is_fault for finding in before):
            _print("Left after the repair:" if faults else "Repaired.")
            _show(faults)
        elif not faults:
            _print("Nothing is wrong.")
        elif any(finding.is_repairable for finding in faults):
            _note("`qa doctor --repair` repairs it.")
    if any(finding.is_fault for finding in after):
        raise typer.Exit(1)


def _show(findings: Sequence[Finding]) -> None:
    from qa.cli.terminal import printable_line

    for finding in findings:
        _print(f"{finding.kind}: {printable_line(finding.message)}")

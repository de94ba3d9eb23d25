"""`qa tune`: the settings that suit a dataset, and whether they are worth a change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.cli.app import DebugOption, ModelOption, _note, _print, _progress, app
from qa.cli.evaluation import (
    DatasetArgument,
    DatasetStoreOption,
    LimitOption,
    SeedOption,
    SplitOption,
    _bot,
    _check_writable,
)

if TYPE_CHECKING:
    from qa.evaluation import Tuning


@app.command(
    epilog="Examples: `qa tune questions.jsonl`, `qa tune scifact --store scifact.store --write`"
)
def tune(
    dataset: DatasetArgument,
    store: DatasetStoreOption = None,
    model: ModelOption = None,
    split: SplitOption = "test",
    limit: LimitOption = None,
    folds: Annotated[
        int | None, typer.Option("--folds", help="Folds of the cross-validation [default: 5].")
    ] = None,
    seed: SeedOption = 0,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Put what gains more than noise into qa.toml.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --write: also what may be no better.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Choose fusion weight and threshold by cross-validation on a dataset."""
    from qa import evaluation
    from qa.cli import render_tuning
    from qa.errors import UsageError

    if force and not write:
        raise UsageError("--force says what to write: give --write as well.")
    _check_writable([json] if json else [])
    asked = evaluation.load_dataset(dataset, split=split, limit=limit, seed=seed)
    folds = evaluation.FOLDS if folds is None else folds
    evaluation.check_tunable(asked, folds)
    with _bot(asked, store, model) as bot, _progress("Asking") as advance:
        from qa.ingest import Progress

        found = evaluation.tune(
            bot,
            asked,
            folds=folds,
            seed=seed,
            force=force,
            on_progress=lambda done, total: advance(Progress(done, total, "")),
        )
    _print(render_tuning.tuning(found))
    if json:
        evaluation.write_tuning(found, json)
    if write:
        _write(found)
    _print(render_tuning.what_next(found, written=write))


def _write(tuning: Tuning) -> None:
    from qa.settings import FILE, origins, write_settings

    if not tuning.changes:
        return
    write_settings(tuning.changes)
    sources = origins()
    for name in tuning.changes:
        if sources[name] != FILE:
            _note(f"{sources[name]} is set and goes before {FILE}: unset it.")

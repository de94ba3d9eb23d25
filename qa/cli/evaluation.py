"""`qa evaluate` and `qa compare`: how well a store answers, and which of two answers better."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.cli.app import (
    DebugOption,
    JsonOption,
    ModelOption,
    _note,
    _open,
    _prepare,
    _print,
    _print_json,
    _progress,
    app,
)

if TYPE_CHECKING:
    from qa.evaluation import Dataset, Result
    from qa.service import QA

DatasetArgument = Annotated[
    Path,
    typer.Argument(
        help="Question file (.jsonl, .csv, .yaml), BEIR folder, or folder of conversations."
    ),
]
DatasetStoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="The store to ask; for a folder, where to keep the one made of its documents "
        "[default: vectors; for a folder a temporary one].",
    ),
]
SplitOption = Annotated[str, typer.Option("--split", help="Which qrels of a BEIR folder to take.")]
LimitOption = Annotated[
    int | None, typer.Option("--limit", help="Ask a random sample of that many questions.")
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, help="Of the sample and of the intervals.")
]


@app.command(
    epilog="Examples: `qa evaluate questions.jsonl --report report.html`, "
    '`qa evaluate scifact --store scifact.store --fail-under "nDCG@10=0.6"`'
)
def evaluate(
    dataset: DatasetArgument,
    store: DatasetStoreOption = None,
    model: ModelOption = None,
    split: SplitOption = "test",
    depth: Annotated[
        int | None,
        typer.Option("--depth", help="Passages to retrieve for a question [default: 100]."),
    ] = None,
    coverage: Annotated[
        float | None,
        typer.Option("--coverage", help="Share of questions for Accuracy@… [default: 0.8]."),
    ] = None,
    negatives: Annotated[
        Path | None,
        typer.Option(
            "--negatives",
            metavar="DATASET",
            help="Another dataset, whose questions this store should all decline.",
        ),
    ] = None,
    limit: LimitOption = None,
    seed: SeedOption = 0,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="FILE", help="Write the ranking as a TREC run.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write a page of figures and failures."),
    ] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-under",
            metavar="METRIC=BOUND",
            help="Exit with 1 if the metric is worse: lower, or for ECE and Brier higher. "
            "May be given more than once.",
        ),
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Measure how well a store answers the questions of a dataset."""
    from qa import evaluation
    from qa.cli import render_evaluation
    from qa.errors import QAError

    depth = evaluation.DEPTH if depth is None else depth
    coverage = evaluation.COVERAGE if coverage is None else coverage
    evaluation.check_options(depth, coverage)
    outputs = [path for path in (json, run, report) if path]
    _check_writable(outputs)
    asked = evaluation.load_dataset(dataset, split=split, limit=limit, seed=seed)
    other = (
        evaluation.load_dataset(negatives, split=split, limit=limit, seed=seed)
        if negatives
        else None
    )
    gates = evaluation.parse_gates(
        fail_under or [], asked, coverage=coverage, negatives=other is not None
    )
    with _bot(asked, store, model) as bot, _progress("Asking") as advance:
        from qa.ingest import Progress

        result = evaluation.evaluate(
            bot,
            asked,
            depth=depth,
            seed=seed,
            coverage=coverage,
            negatives=other,
            on_progress=lambda done, total: advance(Progress(done, total, "")),
        )
    _print(render_evaluation.result(result))
    _write(result, json, run, report)
    if short := evaluation.shortfalls(result, gates):
        raise QAError(f"{asked.path} fell short: {'; '.join(short)}.")


@app.command(epilog="Example: `qa compare before.json after.json`")
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A result of `qa evaluate --json`.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one of the same questions.")],
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="METRIC",
            help="By which metric questions are won and lost [default: Answer@1, or nDCG@10].",
        ),
    ] = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare two results, question by question: is B better than A?"""
    from qa import evaluation
    from qa.cli import render_evaluation

    found = evaluation.compare(evaluation.read_json(a), evaluation.read_json(b), seed=seed)
    deciding = evaluation.deciding_metric(found, by)
    if json:
        _print_json(found.to_dict())
    else:
        _print(render_evaluation.comparison(found, deciding))


# ------------------------------------------------------------------ what they share


@contextmanager
def _bot(dataset: Dataset, store: Path | None, model: str | None) -> Iterator[QA]:
    """A bot over the store to ask: one made of the dataset's own documents, if it brings some."""
    if dataset.corpus is None:
        bot = _open(store, model=model)
        _prepare(bot)
        yield bot
        return
    from tempfile import TemporaryDirectory

    from qa.evaluation import add_corpus

    with TemporaryDirectory(prefix="qa-evaluate-") as scratch:
        bot = _open(store or Path(scratch) / "vectors", model=model)
        with _progress() as on_progress:
            report = add_corpus(bot, dataset, on_progress)
        if report.added:
            _note(f"Ingested {len(report.added):,} documents into {bot.store.folder}.")
        yield bot


def _check_writable(paths: list[Path]) -> None:
    """Before the work, not after it."""
    from qa.errors import UsageError

    for path in paths:
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise UsageError(f"{path} can't be written: give a file in a folder that exists.")


def _write(result: Result, json: Path | None, run: Path | None, report: Path | None) -> None:
    from qa import evaluation

    if json:
        evaluation.write_json(result, json)
    if run:
        evaluation.write_run(result, run)
    if report:
        evaluation.write_report(result, report)

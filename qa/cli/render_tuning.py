"""What tuning found, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from qa.cli.render_evaluation import _BAD, _DIM, _GOOD, _TITLE, _counted, _table
from qa.cli.terminal import printable_line
from qa.settings import FILE

if TYPE_CHECKING:
    from qa.evaluation import Tuning
    from qa.evaluation.choosing import Gain, Tuned

_BY = {
    "document": "questions on one document in one fold",
    "first document": "so many share documents that questions were kept together by their first "
    "document only",
    "question": "all questions are on one document, so the gain may hold for it alone",
}


def tuning(tuning: Tuning) -> RenderableType:
    """Tables of the choices and of what they gain; then what to make of it."""
    parts = [_described(tuning), Text(), _choices(tuning), Text(), _gains(tuning), Text()]
    parts += [Text(_verdict(tuned, tuning)) for tuned in tuning.settings]
    parts += [Text(f"{name} is left alone: {reason}.") for name, reason in tuning.untuned.items()]
    decisions = tuning.decisions.difference
    if tuning.changes and decisions.high < 0:
        parts.append(Text("With this, fewer questions are treated rightly: see the table.", _BAD))
    return Group(*parts)


def _described(tuning: Tuning) -> Text:
    facts, folds = tuning.dataset, tuning.folds
    name = printable_line(" ".join(filter(None, (facts["name"], facts["split"]))))
    return Text.assemble(
        (name, _TITLE),
        f": {_counted(facts['questions'], 'question')} ({facts['answerable']:,} answerable), "
        f"{_counted(facts['documents'], 'document')}\n",
        (f"{folds.count} folds, seed {tuning.seed}: {_BY[folds.by]}", _DIM),
    )


def _choices(tuning: Tuning) -> RenderableType:
    table = _table("setting", "in force", "chosen", "by fold")
    table.columns[-1].no_wrap = False  # there may be many folds
    for tuned in tuning.settings:
        by_fold = "  ".join(f"{value:g}" for value in tuned.by_fold)
        table.add_row(tuned.name, f"{tuned.in_force:g}", Text(f"{tuned.chosen:g}", _TITLE), by_fold)
    return table


def _gains(tuning: Tuning) -> RenderableType:
    table = _table(
        "on held-out folds", "in force", "chosen", "gain", "95% interval", "p", "questions"
    )
    rows = [(f"{tuned.gain.metric} by {tuned.name}", tuned.gain) for tuned in tuning.settings]
    if tuning.changes:
        rows.append((f"{tuning.decisions.metric}, with all changes", tuning.decisions))
    for label, gain in rows:
        _add(table, label, gain)
    return table


def _add(table: Table, label: str, gain: Gain) -> None:
    difference = gain.difference
    style = _GOOD if gain.is_more_than_noise else _BAD if difference.high < 0 else ""
    table.add_row(
        label,
        f"{gain.before:.3f}",
        f"{gain.after:.3f}",
        Text(f"{difference.value:+.3f}", style),
        f"{difference.low:+.3f} to {difference.high:+.3f}",
        f"{difference.p:.4f}",
        f"{difference.n:,}",
    )


def _verdict(tuned: Tuned, tuning: Tuning) -> str:
    now, chosen = f"{tuned.in_force:g}", f"{tuned.chosen:g}"
    if tuned.outcome == "unchanged":
        return f"{tuned.name} stays at {now}: no other value is better by one standard error."
    if tuned.outcome == "better":
        return f"{tuned.name} {chosen} is better than {now} by more than noise."
    kept = f"{chosen} is forced" if tuning.force else f"it stays at {now}"
    if tuned.outcome == "trivial" and tuned.over_floor:
        declined = f"{tuned.over_floor.before:.3f}"
        return (
            f"{tuned.name} {chosen} is better than {now}, but no more than noise better than "
            f"declining every question ({declined}): {kept}."
        )
    difference = tuned.gain.difference
    if difference.value <= 0:
        return f"{tuned.name} {chosen} is no better than {now} on held-out folds: {kept}."
    return (
        f"{tuned.name} {chosen} gains no more than noise over {now} on held-out folds (so many "
        f"questions would show a gain of {difference.detectable:.3f}): {kept}."
    )


def what_next(tuning: Tuning, *, written: bool) -> RenderableType:
    """What was written, or how to write it."""
    values = ", ".join(f"{name} = {value:g}" for name, value in tuning.changes.items())
    if not values:
        return Text(f"Nothing to change{f' in {FILE}' if written else ''}.", _TITLE)
    return Text(f"{'Written to' if written else '--write puts into'} {FILE}: {values}", _TITLE)

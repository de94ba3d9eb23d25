"""Results of an evaluation and comparisons as a person reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from qa.cli.terminal import printable_line

if TYPE_CHECKING:
    from qa.evaluation import Comparison, MetricComparison, Result

LISTED = 10
"""Questions won and lost that are listed; the JSON has all."""
_DIM, _TITLE, _GOOD, _BAD = "dim", "bold", "green", "red"


def result(result: Result) -> RenderableType:
    """A table of the metrics with their intervals; then time and failures."""
    table = _table("metric", "value", "95% interval", "questions")
    for name, estimate in result.metrics.items():
        interval = f"{estimate.low:.3f} to {estimate.high:.3f}"
        table.add_row(name, Text(f"{estimate.value:.3f}", _TITLE), interval, f"{estimate.n:,}")
    return Group(_described(result), Text(), table, Text(), _latency(result), _failures(result))


def _described(result: Result) -> Text:
    facts = result.dataset
    name = " ".join(filter(None, (facts["name"], facts["split"])))
    return Text.assemble(
        (printable_line(name), _TITLE),
        f": {_counted(facts['questions'], 'question')} ({facts['answerable']:,} answerable), "
        f"{_counted(facts['documents'], 'document')}, {_counted(facts['passages'], 'passage')}",
    )


def _latency(result: Result) -> Text:
    levels = ", ".join(
        f"{name} {value:,.0f}" for name, value in result.latency_ms.items() if name != "stages"
    )
    return Text(
        f"milliseconds a question, {result.settings['depth']} passages deep: {levels}", _DIM
    )


def _failures(result: Result) -> Text:
    counts = Counter(query.failure for query in result.failures)
    classes = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    return Text(f"failed {counts.total():,}" + (f": {classes}" if classes else ""), _DIM)


def comparison(comparison: Comparison, deciding: MetricComparison | None) -> RenderableType:
    """A table of the differences; then the questions won and lost by the deciding metric."""
    table = _table(
        "metric", "A", "B", "B - A", "95% interval", "p", "p (Holm)", "detectable", "questions"
    )
    for metric in comparison.metrics:
        difference = metric.difference
        style = (_GOOD if metric.is_gain else _BAD) if metric.is_significant else ""
        table.add_row(
            metric.name,
            f"{metric.a:.3f}",
            f"{metric.b:.3f}",
            Text(f"{difference.value:+.3f}", style),
            f"{difference.low:+.3f} to {difference.high:+.3f}",
            f"{difference.p:.4f}",
            Text(f"{metric.p_holm:.4f}", style),
            f"{difference.detectable:.3f}",
            f"{difference.n:,}",
        )
    parts: list[RenderableType] = [table, Text(), _verdict(comparison)]
    if deciding:
        parts += _listed(f"won by B in {deciding.name}", deciding.won, comparison)
        parts += _listed(f"lost by B in {deciding.name}", deciding.lost, comparison)
    return Group(*parts)


def _verdict(comparison: Comparison) -> Text:
    text = Text(f"{_counted(comparison.paired, 'question')} paired")
    if comparison.unpaired:
        text.append(f", {comparison.unpaired:,} in only one of them")
    names = [metric.name for metric in comparison.metrics if metric.is_significant]
    return text.append(f"; significant at 5%: {', '.join(names) if names else 'none'}")


def _listed(title: str, ids: Sequence[str], comparison: Comparison) -> list[RenderableType]:
    lines: list[RenderableType] = [Text(), Text(f"{title}: {len(ids):,}", _TITLE)]
    for id_ in ids[:LISTED]:
        question = printable_line(comparison.questions.get(id_, ""))
        lines.append(Text.assemble("  ", (printable_line(id_), _DIM), "  ", question))
    if len(ids) > LISTED:
        lines.append(Text(f"  and {len(ids) - LISTED:,} more: --json has all", _DIM))
    return lines


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _table(first: str, *numbers: str) -> Table:
    table = Table(first, box=None, header_style=_TITLE)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table

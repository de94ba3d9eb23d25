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
    """A table of the metrics with their intervals; then time and failures.

    Where there are baselines they stand beside the metrics, with what is gained over them.
    """
    figures = _side_by_side(result) if result.baselines else [_figures(result)]
    return Group(_described(result), Text(), *figures, Text(), _latency(result), _failures(result))


def _figures(result: Result) -> Table:
    table = _table("metric", "value", "95% interval", "questions")
    for name, estimate in result.metrics.items():
        interval = f"{estimate.low:.3f} to {estimate.high:.3f}"
        table.add_row(name, Text(f"{estimate.value:.3f}", _TITLE), interval, f"{estimate.n:,}")
    return table


def _side_by_side(result: Result) -> list[RenderableType]:
    """The baselines around the result's own figures; then the differences from each."""
    named = list(result.baselines.items())
    lines = [*named[:1], ("ours", result.metrics), *named[1:]]
    table = _table("metric", *(head for name, _ in lines for head in (name, "95% interval")))
    for metric in result.metrics:
        row: list[RenderableType] = []
        for name, found in lines:
            each = found.get(metric)
            value = f"{each.value:.3f}" if each else ""
            row += [Text(value, _TITLE if name == "ours" else "")]
            row += [f"{each.low:.3f}-{each.high:.3f}" if each else ""]
        table.add_row(metric, *row)
    gains = [part for name in result.differences for part in (Text(), _gains(result, name))]
    return [table, *gains, *_gap_closed(result)]


def _gains(result: Result, baseline: str) -> Table:
    table = _table("metric", f"ours - {baseline}", "95% interval", "p", "detectable", "questions")
    for metric, difference in result.differences[baseline].items():
        table.add_row(
            metric,
            f"{difference.value:+.3f}",
            f"{difference.low:+.3f} to {difference.high:+.3f}",
            f"{difference.p:.4f}",
            f"{difference.detectable:.3f}",
            f"{difference.n:,}",
        )
    return table


def _gap_closed(result: Result) -> list[RenderableType]:
    """How much of the way to the rewrites is gone, and how many questions have one, if not all."""
    lines = [
        Text(
            f"ours closes {share.value:.0%} ({share.low:.0%} to {share.high:.0%}) of the gap in "
            f"{metric} between raw and rewrite",
            _TITLE,
        )
        for metric, share in result.gap_closed.items()
    ]
    asked = max((each.n for each in result.baselines.get("rewrite", {}).values()), default=0)
    if asked < len(result.queries):
        of = _counted(len(result.queries), "question")
        lines.append(Text(f"{asked:,} of {of} have a rewrite", _DIM))
    return [Text(), *lines] if lines else []


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

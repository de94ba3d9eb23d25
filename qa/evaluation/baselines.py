"""What understanding a conversation is worth: its questions asked in other ways, side by side.

``raw``      each question as it was said, without what came before
``rewrite``  as someone worded it to stand alone, where someone did: what can at best be understood
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from qa.evaluation import metrics, statistics
from qa.evaluation.compare import compare
from qa.evaluation.datasets import Dataset, Question
from qa.evaluation.results import Estimate, QueryResult, Result
from qa.evaluation.statistics import Difference, Floats
from qa.types import Ask

RAW, REWRITE = "raw", "rewrite"
GAP = "R@5"
"""The metric by which a gap between the two is closed."""
Line = Sequence[QueryResult]


def asked_otherwise(dataset: Dataset) -> dict[str, list[tuple[Question, Ask]]]:
    """By baseline the questions that it asks, and how; none for a set without conversations."""
    if not dataset.has_conversations:
        return {}
    raw = [(question, Ask(question.text)) for question in dataset.questions]
    rewrite = [(q, Ask(q.rewrite)) for q in dataset.questions if q.rewrite is not None]
    return {RAW: raw, REWRITE: rewrite} if rewrite else {RAW: raw}


def beside(result: Result, lines: Mapping[str, Line], seed: int) -> Result:
    """The result with baselines beside it, each over the questions that it asked."""
    if not lines:
        return result
    coverage = float(result.settings["coverage"])
    return replace(
        result,
        baselines={
            name: metrics.estimates(line, (), coverage, seed) for name, line in lines.items()
        },
        differences={name: _differences(result, line, seed) for name, line in lines.items()},
        gap_closed=_gap_closed(result.queries, lines, seed),
    )


def _differences(result: Result, line: Line, seed: int) -> dict[str, Difference]:
    """By metric of documents what the result gains over a baseline."""
    found = compare(
        replace(result, queries=tuple(line), negatives=()),
        replace(result, negatives=()),
        seed=seed,
    )
    return {m.name: m.difference for m in found.metrics if m.name in metrics.DOCUMENT_METRICS}


def _gap_closed(queries: Line, lines: Mapping[str, Line], seed: int) -> dict[str, Estimate]:
    ours, raw, rewrite = (
        {query.id: query.values[GAP] for query in line if GAP in query.values}
        for line in (queries, lines[RAW], lines.get(REWRITE, ()))
    )
    own, low, high = (np.array([by_id[id_] for id_ in rewrite]) for by_id in (ours, raw, rewrite))
    share = share_of_gap(own, low, high, seed)
    return {GAP: share} if share else {}


def share_of_gap(own: Floats, low: Floats, high: Floats, seed: int) -> Estimate | None:
    """The mean gain of ``own`` over ``low`` as a share of that of ``high``: 0 no better than low,
    1 as good as high; None where high is no better than low.

    Args:
        own, low, high: values of the same questions, shape ``(questions,)``.
        seed: of the interval; resamples in which high is no better than low are left out of it.
    """

    def share(weights: Floats) -> Floats:
        gap, gain = weights @ (high - low), weights @ (own - low)
        undefined = np.full(len(weights), np.nan)
        return np.asarray(np.divide(gain, gap, out=undefined, where=gap > 0), dtype=np.float64)

    if not len(high) or high.mean() <= low.mean():
        return None
    value = float(share(np.ones((1, len(high))))[0])
    bounds = statistics.interval(statistics.bootstrap(share, len(high), seed))
    return Estimate(value, *bounds, len(high)) if bounds else None

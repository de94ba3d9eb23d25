"""Two results of the same questions: what differs, and whether that many questions can tell.

The JSON of a comparison (`Comparison.to_dict`) is a contract, version 1: ``paired`` and
``unpaired`` count questions; ``metrics`` has by name ``{a, b, difference, low, high, p, p_holm,
detectable, n, won, lost}``, where difference is b - a with its 95 % interval, and won and lost are
ids of questions as seen from b; ``questions`` has their texts by id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from qa.errors import UsageError
from qa.evaluation import metrics, statistics
from qa.evaluation.metrics import Sample
from qa.evaluation.results import Result
from qa.evaluation.statistics import Difference, Floats

SIGNIFICANT = 0.05
_DECIDING = ("Answer@1", "nDCG@10")


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric of both, over the questions that both have a value for.

    ``difference`` is b - a. Won and lost are seen from b: the ids of the questions it does better
    and worse; empty where the metric is no mean over questions.
    """

    name: str
    a: float
    b: float
    difference: Difference
    p_holm: float
    """The p-value, corrected for the number of metrics compared."""
    won: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def is_significant(self) -> bool:
        return self.p_holm < SIGNIFICANT

    @property
    def is_gain(self) -> bool:
        """Whether b is better than a."""
        lower, value = self.name in metrics.LOWER_IS_BETTER, self.difference.value
        return value < 0 if lower else value > 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results compared, question by question."""

    paired: int
    unpaired: int
    """Questions that only one of them has, or that are worded differently."""
    metrics: tuple[MetricComparison, ...]
    questions: Mapping[str, str]
    """The text of each question that may be won or lost, by id."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": 1,
            "paired": self.paired,
            "unpaired": self.unpaired,
            "metrics": {each.name: _as_dict(each) for each in self.metrics},
            "questions": dict(self.questions),
        }


def _as_dict(metric: MetricComparison) -> dict[str, Any]:
    values = asdict(metric)
    difference = values.pop("difference")
    del values["name"]
    return {
        "a": values["a"],
        "b": values["b"],
        "difference": difference["value"],
        "low": difference["low"],
        "high": difference["high"],
        "p": difference["p"],
        "p_holm": values["p_holm"],
        "detectable": difference["detectable"],
        "n": difference["n"],
        "won": list(values["won"]),
        "lost": list(values["lost"]),
    }


def compare(a: Result, b: Result, *, seed: int = 0) -> Comparison:
    """The differences b - a, metric by metric, over the questions of both.

    Raises:
        UsageError: they have no question in common.
    """
    shared = _shared(a, b)
    if not shared:
        raise UsageError(
            "The two results have no question in common (by id and wording): compare results of "
            "the same dataset."
        )
    found = _of_means(a, b, shared, seed) + _of_samples(a, b, shared, seed)
    order = {name: place for place, name in enumerate(metrics.known(_coverage(a)))}
    found.sort(key=lambda metric: order[metric.name])
    corrected = statistics.holm([metric.difference.p for metric in found])
    asked = len({query.id for query in (*a.queries, *b.queries)})
    return Comparison(
        paired=len(shared),
        unpaired=asked - len(shared),
        metrics=tuple(replace(m, p_holm=p) for m, p in zip(found, corrected, strict=True)),
        questions={other.id: other.question for other in a.negatives} | shared,
    )


def deciding_metric(comparison: Comparison, name: str | None = None) -> MetricComparison | None:
    """The metric by which questions are said to be won and lost.

    Args:
        name: which one; by default Answer@1, or nDCG@10, or whichever comes first.

    Raises:
        UsageError: the results don't both have it, or it has no value for single questions.
    """
    found = {each.name: each for each in comparison.metrics if each.name in metrics.PER_QUERY}
    if name is None:
        return next((found[name] for name in (*_DECIDING, *found) if name in found), None)
    if name not in found:
        raise UsageError(
            f"Questions can't be compared by {name!r}: both results have {', '.join(found)}."
        )
    return found[name]


def _shared(a: Result, b: Result) -> dict[str, str]:
    texts = {query.id: query.question for query in a.queries}
    return {q.id: q.question for q in b.queries if texts.get(q.id) == q.question}


def _coverage(result: Result) -> float:
    coverage = result.settings.get("coverage")
    return float(coverage) if isinstance(coverage, int | float) else metrics.COVERAGE


def _of_means(a: Result, b: Result, shared: Mapping[str, str], seed: int) -> list[MetricComparison]:
    """The metrics that are means over questions."""
    values_a, values_b = (metrics.per_query(result.queries, result.negatives) for result in (a, b))
    found = []
    for name in metrics.PER_QUERY:
        own, other = values_a.get(name, {}), values_b.get(name, {})
        may_pair = other if name == "Declined(other)" else shared
        ids = [id_ for id_ in own if id_ in other and id_ in may_pair]
        if not ids:
            continue
        before, after = (np.array([values[id_] for id_ in ids]) for values in (own, other))
        gains = (before - after) if name in metrics.LOWER_IS_BETTER else (after - before)
        found.append(
            MetricComparison(
                name=name,
                a=float(before.mean()),
                b=float(after.mean()),
                difference=statistics.paired_difference(after - before, seed),
                p_holm=1.0,
                won=tuple(id_ for id_, gain in zip(ids, gains, strict=True) if gain > 0),
                lost=tuple(id_ for id_, gain in zip(ids, gains, strict=True) if gain < 0),
            )
        )
    return found


def _of_samples(
    a: Result, b: Result, shared: Mapping[str, str], seed: int
) -> list[MetricComparison]:
    """The metrics of the whole set."""
    of_a, of_b = (
        metrics.samples(
            [query for query in result.queries if query.id in shared],
            result.negatives,
            _coverage(result),
        )
        for result in (a, b)
    )
    found = []
    for name in [name for name in of_a if name in of_b]:
        before, after = _paired(of_a[name], of_b[name])
        one = np.ones((1, len(before.ids)))
        difference = statistics.bootstrapped_difference(
            _difference(before, after), len(before.ids), seed
        )
        if difference:
            value_a, value_b = (float(sample.statistic(one)[0]) for sample in (before, after))
            found.append(MetricComparison(name, value_a, value_b, difference, 1.0, (), ()))
    return found


def _difference(before: Sample, after: Sample) -> statistics.Statistic:
    def difference(weights: Floats) -> Floats:
        return after.statistic(weights) - before.statistic(weights)

    return difference


def _paired(a: Sample, b: Sample) -> tuple[Sample, Sample]:
    """Both with the same questions in the same order."""
    places_a = {id_: place for place, id_ in enumerate(a.ids)}
    places_b = {id_: place for place, id_ in enumerate(b.ids)}
    ids = tuple(id_ for id_ in a.ids if id_ in places_b)
    return _picked(a, places_a, ids), _picked(b, places_b, ids)


def _picked(
    sample: Sample, places: Mapping[tuple[str, str], int], ids: tuple[tuple[str, str], ...]
) -> Sample:
    chosen = [places[id_] for id_ in ids]
    return replace(
        sample, ids=ids, confidence=sample.confidence[chosen], outcome=sample.outcome[chosen]
    )

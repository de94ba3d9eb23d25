"""What a result must reach: an evaluation as a gate in CI."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qa.errors import UsageError
from qa.evaluation import metrics
from qa.evaluation.datasets import Dataset
from qa.evaluation.results import Result


@dataclass(frozen=True, slots=True)
class Gate:
    """A metric and the least it must be; of one that is better when lower, the most it may be."""

    metric: str
    bound: float

    @property
    def is_ceiling(self) -> bool:
        return self.metric in metrics.LOWER_IS_BETTER


def parse_gates(
    texts: Sequence[str], dataset: Dataset, *, coverage: float, negatives: bool
) -> list[Gate]:
    """Gates written as ``metric=bound``.

    Raises:
        UsageError: one is written otherwise, or the dataset has no say on its metric.
    """
    known, applicable = metrics.known(coverage), metrics.applicable(dataset, coverage, negatives)
    gates = []
    for text in texts:
        name, _, number = (part.strip() for part in text.rpartition("="))
        bound = _number(number)
        if not name or bound is None:
            raise UsageError(f"{text!r} is no bound: write it like nDCG@10=0.85.")
        if name not in known:
            raise UsageError(f"There is no metric {name!r}: there are {', '.join(known)}.")
        if name not in applicable:
            raise UsageError(
                f"{dataset.path} has nothing that {name} could be computed from: "
                f"with it there are {', '.join(applicable)}."
            )
        gates.append(Gate(name, bound))
    return gates


def shortfalls(result: Result, gates: Sequence[Gate]) -> list[str]:
    """A clause for each gate that the result doesn't pass."""
    found = []
    for gate in gates:
        estimate = result.metrics.get(gate.metric)
        if estimate is None:
            found.append(f"{gate.metric} is not defined")
        elif gate.is_ceiling and estimate.value > gate.bound:
            found.append(f"{gate.metric} is {estimate.value:.4f}, above {gate.bound:g}")
        elif not gate.is_ceiling and estimate.value < gate.bound:
            found.append(f"{gate.metric} is {estimate.value:.4f}, below {gate.bound:g}")
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None

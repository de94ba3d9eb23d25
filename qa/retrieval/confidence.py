"""How sure it is that the first passage answers: a probability.

A logistic model of `qa.retrieval.clues`. Its coefficients come from `scripts/fit_confidence.py`,
which says on what questions they were fitted and how well they hold on others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qa.retrieval.base import Found, Query
from qa.retrieval.clues import features

INTERCEPT = -5.38
COEFFICIENTS: Mapping[str, float] = {
    "relatedness": 32.75,
    "sentence": 2.28,
    "names_missing": -0.58,
    "numbers_missing": -0.70,
    "kind_missing": -1.88,
    "negation": -2.70,
}


def confidence(query: Query, ranking: Sequence[Found]) -> float | None:
    """The probability that the first of a ranking answers; None if nothing was found."""
    if not ranking:
        return None
    values = features(query, ranking)
    total = INTERCEPT + sum(factor * values[name] for name, factor in COEFFICIENTS.items())
    return 1 / (1 + math.exp(-total))

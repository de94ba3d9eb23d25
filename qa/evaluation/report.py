"""A result as one page: figures, plots, and every failed question with what was found instead.

The page needs nothing else: no script, no request. What comes from documents is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.evaluation import failures
from qa.evaluation.plots import plots
from qa.evaluation.results import QueryResult, Result, Retrieved, write_text

_EXPLAINED = {
    failures.NOT_RETRIEVED: "Nothing right is among the passages retrieved.",
    failures.OUTRANKED: "A right passage was retrieved, but another came first.",
    failures.SPLIT: "An accepted string stands in the right document, but across a boundary of "
    "passages.",
    failures.NOT_IN_SOURCE: "No accepted string stands in the right documents: the dataset is to "
    "be corrected.",
    failures.WRONGLY_DECLINED: "The first passage answers, but the confidence was too low.",
    failures.WRONGLY_ANSWERED: "The documents don't say, but it was answered.",
}
NONE = "–"  # noqa: RUF001 - what a table has for no value


@dataclass(frozen=True, slots=True)
class _Failed:
    """A failed question as the page shows it."""

    query: QueryResult
    why: str
    rows: list[tuple[str, str, str]]
    """What is compared: its name, the right passage's value, the first passage's."""


def write_report(result: Result, path: Path) -> None:
    """Raises UsageError if the file can't be written."""
    write_text(path, render(result))


def render(result: Result) -> str:
    """The page."""
    from importlib import resources

    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    source = resources.files("qa.evaluation").joinpath("report.html.j2").read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["marked"] = _marked
    return environment.from_string(source).render(
        result=result,
        plots=[Markup(plot) for plot in plots(result)],  # noqa: S704 - numbers and our own words
        failures=_by_class(result),
        levels={n: v for n, v in result.latency_ms.items() if n != "stages"},
    )


def _by_class(result: Result) -> list[tuple[str, str, list[_Failed]]]:
    """Each class of failure with its explanation and its questions."""
    found = {name: [q for q in result.failures if q.failure == name] for name in failures.CLASSES}
    return [
        (name, _EXPLAINED[name], [_Failed(query, _why(query), _rows(query)) for query in queries])
        for name, queries in found.items()
        if queries
    ]


def _why(query: QueryResult) -> str:
    """What in particular went wrong, in a sentence."""
    if query.failure in (failures.WRONGLY_ANSWERED, failures.WRONGLY_DECLINED):
        return f"The confidence is {_number(query.confidence)}."
    if query.gold_passage is None or query.first is None:
        if query.gold_rank is None:
            return f"No relevant document is among the {len(query.documents)} found."
        return f"The first relevant document comes {_ordinal(query.gold_rank)}."
    own, other = query.gold_passage, query.first
    sides = [
        f"{side} ranks it {_ordinal(ranks[0])} and the first passage {_ordinal(ranks[1])}"
        for side in ("dense", "lexical")
        if any(ranks := (_side(own, side)[0], _side(other, side)[0]))
    ]
    return f"The right passage comes {_ordinal(own.rank)}" + "".join(f"; {s}" for s in sides) + "."


def _rows(query: QueryResult) -> list[tuple[str, str, str]]:
    pair = (query.gold_passage, query.first)
    rows: list[tuple[str, Sequence[Any]]] = [
        ("rank", [passage and passage.rank for passage in pair]),
        ("score", [passage and passage.score for passage in pair]),
    ]
    for side in ("dense", "lexical"):
        found = [_side(passage, side) for passage in pair]
        rows.append((f"{side} rank", [rank for rank, _ in found]))
        rows.append((f"{side} score", [score for _, score in found]))
    for name in ("sentence", "rerank"):
        rows.append((f"{name} score", [(p.evidence or {}).get(name) if p else None for p in pair]))
    return [
        (name, *map(_number, values))  # type: ignore[misc]
        for name, values in rows
        if any(value is not None for value in values)
    ]


def _side(passage: Retrieved | None, side: str) -> tuple[int | None, float | None]:
    """Rank and score that one side of the search gave a passage."""
    evidence = ((passage.evidence if passage else None) or {}).get(side) or {}
    return evidence.get("rank"), evidence.get("score")


def _marked(passage: Retrieved) -> tuple[str, str, str]:
    """The passage's text before, in and after the highlighted sentence."""
    before, sentence, after = passage.text.partition(passage.sentence or "\0")
    return before, sentence, after


def _number(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _ordinal(rank: int | None) -> str:
    if rank is None:
        return "not at all"
    ending = (
        "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    )
    return f"{rank}{ending}"

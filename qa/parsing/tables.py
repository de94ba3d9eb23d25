"""Tables as text in which every row says by itself what its values are.

A row becomes ``Place: Upper bridge; Level: 4.2 m``: the header goes with every row. A passage made
of some rows of a long table can then be found and understood without the rest, and one row
can be quoted as an answer. A table without a header keeps its rows as ``Upper bridge | 4.2 m``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

Rows = Iterable[Sequence[str]]

_LONGEST_LABEL = 80
"""Characters: what is longer is no name of a column, and would be said again in every row."""
_LONGEST_LINE = 400
"""Characters; a longer row is cut into lines that each begin with its first value."""
_YEAR = re.compile(r"1[6-9]\d\d|20\d\d")
_VALUE = re.compile(r"[\W_]*\d[\d\W_]*(?:[^\W\d_]{1,3})?[\W_]*|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")
"""A number, with or without a unit, or a date."""


def table_lines(rows: Rows, has_header: bool | None = None) -> Iterator[str]:
    """The table's rows as lines of text, with its header in each.

    Args:
        has_header: whether the first row is one; None where the format doesn't say: it is then
            one if it reads as one.
    """
    full = (cells for row in rows if any(cells := [" ".join(cell.split()) for cell in row]))
    first = next(full, None)
    while has_header is None and first and sum(map(bool, first)) == 1:
        yield "".join(first)  # what stands above a table, as its title
        first = next(full, None)
    if first is None:
        return
    following = list(islice(full, 1))
    if has_header is None:
        has_header = is_header(first)
    if not has_header or not following:
        for cells in chain([first], following, full):
            yield from _lines([cell for cell in cells if cell], " | ")
        return
    labels = [_label(cell) for cell in first]
    for cells in chain(following, full):
        if cells != first:  # a header may stand again on every page
            yield from _lines(_labelled(labels, cells), "; ")


def is_header(row: Sequence[str]) -> bool:
    """Whether a table's first row reads as names of columns: short, different, and no values."""
    names = [name for cell in row if (name := cell.strip())]
    return (
        len(names) > 1
        and len(names) >= len(row) - 1  # the corner may be empty
        and len(set(names)) == len(names)
        and not any(len(name) > _LONGEST_LABEL for name in names)
        and (_are_years(names[1:]) or not any(map(_VALUE.fullmatch, names)))
        and not _VALUE.fullmatch(names[0])
    )


def _are_years(names: Sequence[str]) -> bool:
    """Whether columns are named by years that follow one another."""
    if len(names) < 2 or not all(map(_YEAR.fullmatch, names)):
        return False
    years = [int(name) for name in names]
    return sorted(years) in (years, years[::-1])


def _label(cell: str) -> str:
    label = cell.rstrip(" :")
    return label if len(label) <= _LONGEST_LABEL else f"{label[:_LONGEST_LABEL].rstrip()}…"


def _labelled(labels: Sequence[str], cells: Sequence[str]) -> list[str]:
    return [
        f"{labels[column]}: {cell}" if column < len(labels) and labels[column] else cell
        for column, cell in enumerate(cells)
        if cell
    ]


def _lines(values: list[str], separator: str) -> Iterator[str]:
    lead = values[0] if len(values[0]) <= _LONGEST_LABEL * 2 else ""
    line = values[0]
    for value in values[1:]:
        if len(line) + len(separator) + len(value) > _LONGEST_LINE and line != lead:
            yield line
            line = f"{lead}{separator}{value}" if lead else value
        else:
            line = f"{line}{separator}{value}"
    yield line

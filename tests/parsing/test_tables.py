from __future__ import annotations

import pytest

from qa.embedding import Embedder
from qa.parsing import parse
from qa.parsing.tables import is_header, table_lines
from qa.passages import Splitter


def lines(rows, has_header=None) -> list[str]:
    return list(table_lines(rows, has_header))


def test_every_row_says_what_its_values_are():
    assert lines([["Boat", "Fee"], ["Yacht", "12"], ["Dinghy", ""], ["", ""]]) == [
        "Boat: Yacht; Fee: 12",
        "Boat: Dinghy",
    ]


def test_a_header_that_stands_again_is_no_row():
    assert lines([["Boat", "Fee"], ["Yacht", "12"], ["Boat", "Fee"], ["Tug", "30"]]) == [
        "Boat: Yacht; Fee: 12",
        "Boat: Tug; Fee: 30",
    ]


def test_without_a_header_cells_stand_side_by_side():
    assert lines([["Yacht", "12"], ["Dinghy", "2"]]) == ["Yacht | 12", "Dinghy | 2"]
    assert lines([["Boat", "Fee"]]) == ["Boat | Fee"]
    assert lines([["Boat", "Fee"], ["Yacht", "12"]], has_header=False)[0] == "Boat | Fee"
    assert lines([]) == lines([["", ""]]) == []


def test_what_stands_above_the_header_is_a_title():
    assert lines([["Fees of 2024", ""], ["Boat", "Fee"], ["Yacht", "12"]]) == [
        "Fees of 2024",
        "Boat: Yacht; Fee: 12",
    ]
    assert lines([["Yacht"], ["Dinghy"]]) == ["Yacht", "Dinghy"]
    assert lines([["Boat"], ["Yacht"]], has_header=True) == ["Boat: Yacht"]


def test_rows_longer_than_their_header_lose_nothing():
    assert lines([["Boat", "Fee"], ["Yacht", "12", "paid"]]) == ["Boat: Yacht; Fee: 12; paid"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["Boat", "Fee"], True),
        (["", "2023", "Fee"], False),
        (["", "Boats", "Fee"], True),
        (["Boat", "12 €"], False),
        (["Boat", "2024-03-05"], False),
        (["Boat", "Boat"], False),
        (["Boat"], False),
        (["Boat", "x" * 81], False),
    ],
)
def test_a_header_is_short_different_and_no_values(row, expected):
    assert is_header(row) is expected


def test_long_rows_are_cut_into_lines_that_each_begin_with_the_first_value():
    header = ["Boat", *(f"Column {n}" for n in range(60))]
    cut = lines([header, ["Yacht", *(f"value {n}" for n in range(60))]])
    assert len(cut) > 2
    assert all(line.startswith("Boat: Yacht; Column") and len(line) <= 400 for line in cut)
    assert all(any(f"Column {n}: value {n}" in line for line in cut) for n in range(60))


def test_passages_of_a_long_table_are_whole_rows_with_the_header_in_each(embedder: Embedder):
    from pathlib import Path

    rows = "".join(f"Bridge {n},{n}.5 m,calm\n" for n in range(200))
    document = parse(f"Place,Level,Weather\n{rows}".encode(), Path("levels.csv"))
    passages = Splitter(embedder.count_tokens, embedder.max_tokens).split(document)
    assert len(passages) > 20
    found = [row for passage in passages for row in passage.text.split("\n\n")]
    assert found == [f"Place: Bridge {n}; Level: {n}.5 m; Weather: calm" for n in range(200)]
    assert all(document.text[p.start : p.end] == p.text for p in passages)

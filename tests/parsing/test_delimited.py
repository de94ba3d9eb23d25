from __future__ import annotations

from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.parsing import parse


def read(text: str | bytes, name: str = "fees.csv"):
    return parse(text.encode() if isinstance(text, str) else text, Path(name))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_by_which_rows_agree(delimiter):
    rows = [("Boat", "Fee"), ("Yacht", '"12,5; or more"'), ("Dinghy", "2")]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert read(text).text == "Boat: Yacht; Fee: 12,5; or more\n\nBoat: Dinghy; Fee: 2"


def test_tsv_has_tabs_whatever_else_there_is():
    assert read("Boat\tFee\nYacht, old\t12", "a.tsv").text == "Boat: Yacht, old; Fee: 12"


def test_line_ends_within_quotes_are_spaces_and_encodings_are_detected():
    text = 'Boat;Remark\r\nYacht;"für\r\nGäste"\r\n'
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert read(text.encode(encoding)).text == "Boat: Yacht; Remark: für Gäste"


def test_one_column_is_a_list():
    document = read("Yacht\nDinghy\n")
    assert document.text == "Yacht\n\nDinghy"
    assert (document.title, document.title_stated) == ("fees", False)


def test_a_huge_cell_is_refused_with_a_likely_reason():
    with pytest.raises(DocumentError, match="open quote"):
        read('Boat,Fee\nYacht,"' + "x, y\n" * 50_000)


def test_what_unfolds_without_end_is_refused():
    header = ",".join(f"A rather long name of a column {n}" for n in range(1000))
    row = ",".join("1" * 1000)
    with pytest.raises(DocumentError, match="over the limit of 32 million characters"):
        read(f"{header}\n" + f"{row}\n" * 2000)

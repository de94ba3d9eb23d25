from __future__ import annotations

import time
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.parsing import parse

GUIDE = """
=======
Harbour
=======

:Author: Ada Brook
:Date: 2024-03-05

It has *two* piers; see :ref:`the fees <fees>` and `the map <https://example.org>`_.

.. a comment

Fees
====

- North pier

  - in the shade
- South pier

1. first
2. second

.. list-table:: Fees of boats
   :header-rows: 1

   * - Boat
     - Fee
   * - Yacht
     - 12

====== ===
Boat   Due
====== ===
Dinghy May
====== ===

.. note:: They are due in May.

::

   fee = 12

Winter
------

It is closed.
"""


def read(text: str):
    return parse(text.encode(), Path("guide.rst"))


def test_the_text_is_what_a_reader_sees():
    text = read(GUIDE).text
    assert "It has two piers; see the fees and the map." in text
    assert "- North pier\n  - in the shade\n- South pier" in text
    assert "1. first\n2. second" in text
    assert "Fees of boats\n\nBoat: Yacht; Fee: 12\n\nBoat: Dinghy; Due: May" in text
    assert "They are due in May." in text
    assert "fee = 12" in text
    for hidden in ("comment", "ref:", "example.org", "list-table", "*"):
        assert hidden not in text


def test_title_date_headings_and_fields():
    document = read(GUIDE)
    assert (document.title, document.published) == ("Harbour", date(2024, 3, 5))
    assert document.metadata["author"] == "Ada Brook"
    assert [s.heading for s in document.structure] == [
        ("Harbour",),
        ("Harbour", "Fees"),
        ("Harbour", "Fees", "Winter"),
    ]


@pytest.mark.parametrize(
    "directive",
    [
        ".. include:: {path}",
        ".. literalinclude:: {path}",
        ".. raw:: html\n   :file: {path}",
        ".. csv-table::\n   :file: {path}",
    ],
)
def test_no_other_file_is_read(directive, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("Secret words")
    assert read(f"Text.\n\n{directive.format(path=secret)}\n").text == "Text."


def test_what_docutils_does_not_know_leaves_the_rest_readable():
    text = read("A\n=\n\n.. toctree::\n\n   a\n   b\n\n:py:func:`open` opens |it|.\n").text
    assert "open opens" in text


def test_substitutions_do_not_multiply():
    bomb = ".. |a| replace:: " + "ha " * 100 + "\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f".. |{name}| replace:: " + f"|{before}| " * 20 + "\n"
    started = time.perf_counter()
    with suppress(DocumentError):
        assert len(read(f"{bomb}\nText |i| here.\n").text) < 1_000_000
    assert time.perf_counter() - started < 10


def test_a_long_line_is_read_and_one_without_end_is_refused():
    assert len(read("Text.\n\n" + "word " * 15_000).text) > 70_000
    with pytest.raises(DocumentError, match="a line of 200,000 characters"):
        read("*" * 200_000)

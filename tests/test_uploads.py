"""Names that strangers give to files, and what becomes of them; uploads as such are tested over
HTTP."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import DocumentError
from qa.parsing import can_parse
from qa.uploads import safe_name


@pytest.mark.parametrize(
    ("given_", "safe"),
    [
        ("notes.md", "notes.md"),
        ("Résumé 2024.TXT", "Résumé 2024.TXT"),
        ("../../etc/cron.d/evil.txt", "evil.txt"),
        ("C:\\Windows\\..\\evil.txt", "evil.txt"),
        ("a\x00b\r\n.txt", "ab.txt"),
        ("...hidden.md", "hidden.md"),
        (".txt", "document.txt"),
        ("con.txt", "con_.txt"),
        ("nul .tar.md", "nul_.tar.md"),
        ("conIN$.md", "_conIN$.md"),
        ("report\u202etxt.html", "reporttxt.html"),
        ('<b>"x"?.txt', "bx.txt"),
    ],
)
def test_a_name_is_made_safe(given_, safe):
    assert safe_name(given_) == safe


@given(st.text() | st.from_regex(r"[^\x00]{0,300}\.(txt|md|HTML)\s?", fullmatch=True))
def test_a_safe_name_is_one_plain_part_of_a_path(name):
    try:
        safe = safe_name(name)
    except DocumentError:
        return
    assert can_parse(Path(safe))
    assert len(safe.encode()) <= 200
    assert safe.isprintable()
    assert Path(safe).name == PureWindowsPath(safe).name == safe == safe.strip(" .")
    assert not PureWindowsPath(safe).is_reserved()
    assert safe_name(safe) == safe

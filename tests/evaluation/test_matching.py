"""When an accepted answer stands in a text."""

from __future__ import annotations

import pytest

from qa.evaluation.matching import contains, normalise


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("It is in the City of Light.", "city of light"),
        ("It lasted almost 30 years", "30 years"),
        ("the U.S. Army", "US army"),
        ("the US Army", "U.S. Army"),
        ("destroyed by Armenia's army", "Armenia"),
        ("from 1914–1918", "1918"),
        ("costs 1,800 euros", "1800"),
        ("costs 1800 euros", "1,800"),
        ("a well-known city", "well known"),
        ("in the\n  10th and\t11th centuries", "10th and 11th Centuries"),
        ("ŞUŞA şəhəri", "şuşa"),
        ("İstanbul'da", "istanbul"),
        ("Die STRASSE war leer", "Straße"),
        ("ﬁne print", "fine"),
        ("首都是北京市。", "北京"),
        ("it cost $ 5", "$"),
        ("He read The Times", "The Times"),
    ],
)
def test_it_stands_there(text, answer):
    assert contains(text, ["something else", answer])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("in 1918", "8"),
        ("costs 1,800 euros", "800"),
        ("version 1.8", "8"),
        ("carpet", "car"),
        ("Armenian", "Armenia"),
        ("years 30", "30 years"),
        ("", "x"),
        ("no sign of it", "$"),
    ],
)
def test_it_does_not_stand_there(text, answer):
    assert not contains(text, [answer])


def test_no_accepted_answer_stands_nowhere():
    assert not contains("anything", [])


def test_a_text_is_made_plain_as_squad_does_it():
    assert normalise("The  U.S. Army's  (first) base, an Ally!") == "us armys first base ally"

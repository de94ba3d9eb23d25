"""Whether two texts deny the same."""

from __future__ import annotations

import pytest

from qa.analysis import content
from qa.verification.negation import disagreement, side


def differ(said: str, held: str, language: str = "en") -> str | None:
    sides = (side(text, language, content(text, language).stems) for text in (said, held))
    return disagreement(*sides)


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ("The ships could not enter.", "Ships were not able to enter it in winter."),
        ("The ships couldn't enter.", "The ships could not enter."),
        ("Attempts are not acceptable.", "He noted the unacceptability of attempts."),
        ("It was built by workers.", "It was built by workers, but not without trouble."),
        ("Not only Denmark but also Norway came.", "Denmark and Norway came."),
        ("It ended in 1978.", "It did not end until 1978."),
        ("The city was chosen.", "The city was chosen."),
        ("Sie kamen nicht.", "Sie kamen niemals."),
    ],
)
def test_texts_that_agree(said, held):
    assert differ(said, held, "de" if said.startswith("Sie") else "en") is None


@pytest.mark.parametrize(
    ("said", "held", "word"),
    [
        ("The city was not chosen.", "The city was chosen.", "not"),
        ("The city was never chosen.", "The city was chosen.", "never"),
        ("The ships entered in winter.", "The ships did not enter in winter.", "not"),
        ("He failed to reach the city.", "He reached the city.", "failed to"),
        ("He reached the city.", "He failed to reach the city.", "failed to"),
        ("No ships came.", "Ships came.", "No"),
        ("The passages do not mention it.", "It was not chosen.", "not"),
        ("Sie kamen nicht.", "Sie kamen.", "nicht"),
        ("Зимой корабли могли войти.", "Зимой корабли не могли войти.", "не"),
    ],
)
def test_texts_that_disagree(said, held, word):
    language = {"S": "de", "З": "ru"}.get(said[0], "en")
    assert differ(said, held, language) == word

"""The language of a text, by py3langid."""

from __future__ import annotations

NOUNS_CAPITAL = frozenset({"de", "lb"})
"""Languages in which every noun has a capital, so that a capital tells no name."""

_SAMPLE = 4000
"""Characters looked at: more changes nothing."""
_FEWEST_LETTERS = 20


def detect_language(text: str) -> str | None:
    """The ISO 639-1 code of a text's language, or None where it is too short to tell."""
    sample = text[:_SAMPLE]
    if sum(character.isalpha() for character in sample) < _FEWEST_LETTERS:
        return None
    from py3langid import classify

    return str(classify(sample)[0])

"""The language of a text, by py3langid, and the words of a language that tell nothing."""

from __future__ import annotations

from functools import cache

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


@cache
def stop_words(language: str) -> frozenset[str]:
    """Words of a language that say nothing of what a text is about, in lower case; none where no
    list is known. They are many more than those that lexical search passes over."""
    from stopwordsiso import has_lang, stopwords

    return frozenset(stopwords(language)) if has_lang(language) else frozenset()

"""Texts to terms, for lexical search: word stems, and the character 4-grams of words.

Stems are precise. 4-grams find what stemming misses: compounds, the endings of agglutinating
languages, names spelt in two ways, typing errors (McNamee & Mayfield, "Character N-Gram
Tokenization for European Language Text Retrieval", 2004). Scripts that put no spaces between
words (Chinese, Japanese, Thai, …) are cut into overlapping pairs and single characters instead.

Tokens, case, stop words and stems are tantivy's. Nothing in a text is syntax.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tantivy import TextAnalyzer

STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian",
    "nb": "norwegian", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
"""The languages whose words are stemmed, by ISO 639-1 code."""
_WITHOUT_STOP_WORDS = {"arabic", "greek", "romanian", "tamil", "turkish"}

VERSION = 1
"""To be raised with every change of what a text's terms are: indexes of earlier terms are made
again."""

_GRAM = 4
_MOST_WORDS = 200_000
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\x{30FC}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_TOKEN = rf"[{_UNSPACED}]+|[[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]+"
_IS_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
# Latin letters, digits and usual signs: there a word is the same to `re` as to the analysers.
_PLAIN = re.compile("[\x00-\xa9\xab-\u024f\u2010-\u2027\u2030-\u205e\u20ac]*")
_WORD = re.compile(r"[^\W_]+")
# Unlike Latin ones, the accents of Greek are not folded by the analysers.
_GREEK = str.maketrans("ΆΈΉΊΌΎΏΪΫάέήίόύώϊϋΐΰς", "ΑΕΗΙΟΥΩΙΥαεηιουωιυιυσ")
# Accents that composition leaves over, and the vowel points of Arabic and Hebrew.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0670]")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a text is searched by, in the order of the text, with repetitions."""

    stems: tuple[str, ...]
    grams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What a text can be asked for, made faster than `Terms`, as of a text that is looked at once.

    ``words`` are the text's words, each between marks, so that a 4-gram is a part of it, in no
    particular order.
    """

    stems: frozenset[str]
    words: str


def analysis_of(language: str | None) -> str:
    """The analysis that texts of a language get: its own code, or "" for that without stems."""
    return language if language in STEMMERS else ""


def analyse(text: str, analysis: str) -> Terms:
    """The terms of a text, by one of the analyses that `analysis_of` names."""
    text = _normalised(text, analysis)
    stemmed, plain = _analysers(analysis)
    grams = tuple(gram for word in plain.analyze(text) for gram in _grams(word))
    return Terms(tuple(_stems(stemmed.analyze(text))), grams)


def content(text: str, analysis: str) -> Content:
    """What a text can be asked for, by one of the analyses that `analysis_of` names."""
    text = _normalised(text, analysis)
    if _PLAIN.fullmatch(text):  # word by word: most have been met before
        known = _words(analysis)
        found = map(known.__getitem__, set(_WORD.findall(text.lower())))
        words = [word for word in found if word is not None]
        stems, marked = zip(*words, strict=True) if words else ((), ())
        return Content(frozenset(stems), " ".join(marked))
    stemmed, plain = _analysers(analysis)
    return Content(
        frozenset(_stems(stemmed.analyze(text))),
        " ".join(f"^{word}$" for word in plain.analyze(text)),
    )


class _Words(dict[str, tuple[str, str] | None]):
    """Stem and marked form of words in plain letters; None of one that is passed over."""

    def __init__(self, analysis: str) -> None:
        super().__init__()
        self._stemmed, self._plain = _analysers(analysis)

    def __missing__(self, word: str) -> tuple[str, str] | None:
        if len(self) >= _MOST_WORDS:
            self.clear()
        stems, words = self._stemmed.analyze(word), self._plain.analyze(word)
        self[word] = found = (stems[0], f"^{words[0]}$") if words else None
        return found


_words = cache(_Words)


def _normalised(text: str, analysis: str) -> str:
    if text.isascii() and analysis != "tr":
        return text
    text = unicodedata.normalize("NFKC", text).replace("İ", "i")
    text = text.replace("ё", "е").replace("Ё", "Е")
    if analysis == "tr":
        text = text.replace("I", "ı")
    elif analysis == "el":
        text = text.translate(_GREEK)
    return _MARKS.sub("", text)


@cache
def _analysers(analysis: str) -> tuple[TextAnalyzer, TextAnalyzer]:
    """The one for stems and the one for whole words."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    language = STEMMERS.get(analysis)

    def builder() -> TextAnalyzerBuilder:
        start = TextAnalyzerBuilder(Tokenizer.regex(_TOKEN)).filter(Filter.lowercase())
        if language and language not in _WITHOUT_STOP_WORDS:
            start = start.filter(Filter.stopword(language))
        return start

    stems = builder().filter(Filter.stemmer(language)) if language else builder()
    # Folded last: a stemmer knows its language's accents, a person at a keyboard may not.
    return stems.filter(Filter.ascii_fold()).build(), builder().filter(Filter.ascii_fold()).build()


@lru_cache(maxsize=200_000)
def _grams(word: str) -> tuple[str, ...]:
    if _IS_UNSPACED.match(word):
        return tuple(word)
    marked = f"^{word}$"
    return tuple(marked[i : i + _GRAM] for i in range(max(1, len(marked) - _GRAM + 1)))


def _stems(tokens: Iterable[str]) -> Iterator[str]:
    for token in tokens:
        if _IS_UNSPACED.match(token):
            yield from _pairs(token)
        else:
            yield token


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for i in range(len(run) - 1):
        yield run[i : i + 2]

"""The words that negate, by language."""

from __future__ import annotations

import re

_WORDS = {
    "en": r"not|no|never|none|nobody|nothing|neither|nor|without|cannot|except|\w+n['’]t",
    "de": r"nicht|kein\w*|nie|niemals|niemand|nichts|ohne|weder",
    "es": r"no|nunca|jamás|ningun[oa]?|ningún|nadie|nada|sin",
    "fr": r"pas|jamais|aucune?|personne|rien|sans|ni",
    "it": r"non|mai|nessun[oa]?|niente|nulla|senza",
    "nl": r"niet|geen|nooit|niemand|niets|zonder",
    "pt": r"não|nunca|jamais|nenhum\w*|ninguém|nada|sem",
    "ru": r"не|нет|никогда|никто|ничего|без",
}
NEGATIONS = {
    language: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for language, words in _WORDS.items()
}
"""Finds what negates in a text, by ISO 639-1 code; other languages have none here."""

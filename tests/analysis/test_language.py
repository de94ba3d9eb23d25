from __future__ import annotations

import pytest

from qa.analysis import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The committee met in Geneva and chose a new chair for the coming year.", "en"),
        ("Der Ausschuss tagte in Genf und wählte einen neuen Vorsitz für das Jahr.", "de"),
        ("Komite Cenevre'de toplandı ve gelecek yıl için yeni bir başkan seçti.", "tr"),
        ("Le comité s’est réuni à Genève et a choisi une nouvelle présidente.", "fr"),
        ("Комитет собрался в Женеве и выбрал нового председателя на будущий год.", "ru"),
        ("委員会はジュネーブで会合を開き、来年の新しい議長を選出しました。", "ja"),
    ],
)
def test_a_language_is_detected(text, language):
    assert detect_language(text) == language
    assert detect_language(f"{text}\n\n" * 200) == language


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "Geneva 2023", "1 234 567,89 " * 50, "🙂 !? — …" * 50, "nineteen letters abc."],
)
def test_what_is_too_short_to_tell_has_no_language(text):
    assert detect_language(text) is None


def test_twenty_letters_are_enough_to_tell():
    assert detect_language("these are twenty letters") == "en"

"""Numbers, dates, names and quotations, as texts write them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from qa.verification.dates import dates, held
from qa.verification.names import Known, has, names
from qa.verification.numbers import counted, numbers
from qa.verification.quotes import quotes, stands
from qa.verification.wording import language_of, normalised


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", ["1,700", "1700", "one thousand seven hundred", "seventeen hundred", "1\u00a0700"]),
        ("en", ["5 million", "5,000,000", "five million", "5 mn"]),
        ("en", ["50%", "50 percent", "fifty per cent", "50 %"]),
        ("en", ["$5m", "5 million dollars", "US$5,000,000", "five million dollars"]),
        ("en", ["21st", "twenty-first"]),
        ("en", ["1984", "nineteen eighty-four"]),
        ("en", ["5 km", "5 kilometers", "five kilometres"]),
        ("en", ["12", "\u0661\u0662", "twelve", "１２"]),
        ("de", ["1.700", "1700", "eintausendsiebenhundert"]),
        ("de", ["3,5 Millionen", "3.500.000"]),
        ("fr", ["5 %", "5 pour cent", "cinq pour cent"]),
    ],
)
def test_one_number_in_several_forms(language, forms):
    read = [numbers(normalised(form), language) for form in forms]
    assert all(any(counted(number, one) for number in read[0]) for one in read), read


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5 million", "5 billion"),
        ("5 million", "5"),
        ("1,700", "1.7"),
        ("21st", "21"),
        ("50 percent", "50 kilometers"),
        ("5 miles", "5 kilometers"),
        ("30 years", "30 months"),
        ("$5", "€5"),
    ],
)
def test_different_numbers(one, other):
    assert not any(counted(n, numbers(other, "en")) for n in numbers(one, "en"))


def test_digits_that_are_no_number_are_taken_as_they_stand():
    assert [n.value for n in numbers("version 3.1.4", "en")] == ["3.1.4"]
    assert [n.value for n in numbers("a billion", "en")] == [Decimal(10**9)]
    assert not numbers("hundreds of thousands, in seconds", "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("on 3 October 2023", "en"),
        ("on October 3, 2023", "en"),
        ("on the 3rd of October, 2023", "en"),
        ("Oct. 3 2023", "en"),
        ("2023-10-03", "en"),
        ("10/3/2023", "en"),
        ("3/10/2023", "en"),
        ("am 3. Oktober 2023", "de"),
        ("am 3.10.2023", "de"),
        ("el 3 de octubre de 2023", "es"),
        ("3 октября 2023 года", "ru"),
        ("3 Ekim 2023", "tr"),
        ("2023年10月3日", "zh"),
    ],
)
def test_one_date_in_every_usual_form(text, language):
    (wanted,) = dates("3 October 2023", "en")
    assert held(wanted, dates(normalised(text), language))
    for other in ("4 October 2023", "3 November 2023", "3 October 2022"):
        assert not held(dates(other, "en")[0], dates(normalised(text), language))


def test_a_part_of_a_date_is_in_the_whole_but_not_the_other_way_round():
    whole = dates("October 3, 2023", "en")
    for part in ("October 2023", "2023", "October 3"):
        assert held(dates(part, "en")[0], whole)
        assert not held(whole[0], dates(part, "en"))
    assert held(whole[0], dates("BAKU, October 3. In 2023", "en"))


def test_years_of_a_range_and_decades():
    assert [d.year for d in dates("from 1914-18", "en")] == [1914, 1918]
    assert [d.year for d in dates("from 1914-1918", "en")] == [1914, 1918]
    (decade,) = dates("in the 1990s", "en")
    assert decade.decade and not held(decade, dates("in 1990", "en"))


def test_what_is_no_date():
    assert not dates("He may march in 12 days with 1,700 men and 5 marches", "en")


NOTHING = Known(frozenset(), frozenset())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Jeyhun Bayramov met O'Brien in Baku's port.", ["Jeyhun Bayramov", "O'Brien", "Baku's"]),
        ("He met J. K. Rowling and NATO.", ["J. K. Rowling", "NATO"]),
        ("Petrov said: The talks were long.", ["Petrov"]),
        ("Issues were discussed. Quickly they left.", []),
        ("The reign of Elizabeth I ended.", ["Elizabeth I"]),
        ("I met Jean-Pierre of COVID-19.", ["Jean-Pierre", "COVID-19"]),
    ],
)
def test_names_are_told_by_their_capitals(text, found):
    assert [text[n.start : n.end] for n in names(text, "en", NOTHING)] == found


def test_what_begins_a_sentence_is_a_name_where_the_passages_have_it_as_one():
    assert names("Trend reports it.", "en", Known(frozenset({"trend"}), frozenset()))
    assert not names("Trade grew.", "en", Known(frozenset(), frozenset({"trade"})))


def test_in_german_only_runs_and_acronyms_are_names():
    text = "Der Hafen von Stralsund wurde von Angela Merkel mit der NATO gebaut."
    found = [text[n.start : n.end] for n in names(text, "de", NOTHING)]
    assert found == ["Angela Merkel", "NATO"]


@pytest.mark.parametrize(
    ("word", "text", "same"),
    [
        ("azerbaijani", "azerbaijan", True),
        ("normans", "norman", True),
        ("munoz", "munoz", True),
        ("norman", "normandy", False),
        ("baku", "batumi", False),
        ("iran", "iraq", False),
    ],
)
def test_forms_of_a_name_are_it_and_others_are_not(word, text, same):
    assert has(word, {text}, "en") is same


def test_quotations_of_every_style():
    text = "“One thing” and \"another\", ‘two words’, «drei», „vier“ but not the boys' own o'clock"
    assert [q.text for q in quotes(text)] == ["One thing", "another", "two words", "drei", "vier"]


def test_a_quotation_stands_word_for_word():
    text = 'chosen as the "Cultural  Capital of the Islamic World" for 2024'
    assert stands("cultural capital of the Islamic World,", text)
    assert stands("the Cultural … Islamic World", text)
    assert stands("as [a] Cultural Capital", text)
    assert not stands("Cultural Capital of the World", text)
    assert not stands("ultural Capital", text)


def test_names_dont_mislead_about_the_language():
    text = (
        "Minister of Foreign Affairs of the Republic of Azerbaijan Jeyhun Bayramov met with ICESCO "
        "Director General Salim bin Mohammed Almalik on October 3, 2023, Trend reports."
    )
    assert language_of(text) == "en"
    assert language_of("Der Hafen von Stralsund wurde von Arbeitern aus Schweden gebaut.") == "de"
    assert language_of("Rollo.", "fr") == "fr"

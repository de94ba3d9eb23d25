"""Sentences checked against passages, with the real model."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from qa.types import SURROUNDINGS, CheckedSentence
from tests.verification.conftest import HARBOUR, make_passage


def missing(checked: CheckedSentence) -> list[tuple[str, str]]:
    return [(check.kind, check.text) for check in checked.checks if not check.found]


@pytest.mark.parametrize(
    "sentence",
    [
        "The harbour of Larvik was built in 1887 [1].",
        "Ingrid Solberg built the harbour of Larvik with 40 workers [1].",
        "Larvik's harbour was built by Solberg in 1887 [1].",
        "Ships from Denmark could not enter the harbour in winter [1].",
        "Ships from Denmark couldn't enter it in winter [1].",
        "Ingrid Solberg came from Bergen on October 3, 1885 [1].",
        "Ingrid Solberg came from Bergen on 1885-10-03 [1].",
        "The work cost 1,700,000 crowns [1].",
        "The work cost 20% more than planned [1].",
        "The ferry's captain is Jose Munoz [2].",
        "He calls the crossing ‘the finest road in the north’ [2].",
        "The WMO keeps a station on the quay [2].",
        "The harbour was built in 1887, and a ferry to Frederikshavn sails twice a day [1, 2].",
        "- **The harbour** of Larvik was built in 1887 [1].",
    ],
)  # fmt: skip
def test_what_the_passages_say_is_supported(verifier, town, sentence):
    checked = verifier.check(sentence, town)
    assert checked.supported, missing(checked)
    assert checked.source is not None
    assert 0.6 <= checked.score <= 1


@pytest.mark.parametrize(
    ("sentence", "kind", "text"),
    [
        ("The harbour of Bergen was built in 1887 [1].", "name", "Bergen"),
        ("The harbour was built in 1887 by Astrid Solberg [1].", "name", "Astrid Solberg"),
        ("Hansen built the harbour of Larvik in 1887 [1].", "name", "Hansen"),
        ("The harbour of Larvik was built in 1888 [1].", "date", "1888"),
        ("She had come from Bergen on 4 October 1885 [1].", "date", "4 October 1885"),
        ("She had come from Bergen on 3 November 1885 [1].", "date", "3 November 1885"),
        ("The harbour of Larvik was built with fifty workers [1].", "number", "fifty"),
        ("The harbour of Larvik was built with 400 workers [1].", "number", "400"),
        ("The work cost 1.7 billion crowns [1].", "number", "1.7 billion"),
        ("The work cost 20 crowns more than planned per year [1].", "number", "20"),
        ("Ships from Denmark could enter it in winter [1].", "negation", "not"),
        ("The harbour of Larvik was never built by Ingrid Solberg [1].", "negation", "never"),
        ("The captain calls it “the finest bridge in the north” [2].", "quote",
         "the finest bridge in the north"),
        ("The NATO keeps a station on the quay [2].", "name", "NATO"),
    ],
)  # fmt: skip
def test_what_was_changed_is_found_out_by_the_check_of_its_kind(
    verifier, town, sentence, kind, text
):
    checked = verifier.check(sentence, town)
    assert not checked.supported
    assert checked.source is None
    assert any(k == kind and t.startswith(text) for k, t in missing(checked)), missing(checked)


@pytest.mark.parametrize(
    "sentence",
    [
        "Photosynthesis turns light into chemical energy [1].",
        "The town plants trees along its streets [1].",
        "The passages do not mention the price of the ferry.",
        "There is no information about the crew in the documents.",
        "Yes.",
        "According to the documents:",
        "",
        "[1]",
        "…",
    ],
)
def test_what_they_dont_say_is_not_supported(verifier, town, sentence):
    checked = verifier.check(sentence, town)
    assert not checked.supported
    assert any(not check.found for check in checked.checks)


def test_a_name_from_elsewhere_in_the_passage_may_stand_for_a_pronoun_but_not_for_another_name(
    verifier, town
):
    assert verifier.check("Solberg had come from Bergen [1].", town).supported
    swapped = verifier.check("The harbour of Bergen was built in 1887 by Ingrid Solberg [1].", town)
    assert missing(swapped) == [("name", "Bergen")]


def test_two_names_that_changed_places_are_found_where_the_rest_is_word_for_word(verifier):
    text = "The people of Arendal sold their old lighthouse to the people of Risor."
    passages = [make_passage(text)]
    assert verifier.check(f"{text} [1]", passages).supported
    changed = "The people of Risor sold their old lighthouse to the people of Arendal. [1]"
    assert {kind for kind, _ in missing(verifier.check(changed, passages))} == {"name"}


def test_a_sentence_is_checked_against_the_passages_it_cites_only(verifier, town):
    sentence = "The harbour of Larvik was built in 1887"
    assert verifier.check(f"{sentence} [1].", town).supported
    assert not verifier.check(f"{sentence} [2].", town).supported
    assert verifier.check(f"{sentence} [1][2].", town).citations == (1, 2)


def test_a_sentence_without_markers_gets_those_of_what_supports_it(verifier, town):
    checked = verifier.check("A ferry to Frederikshavn sails twice a day.", town)
    assert (checked.text, checked.citations) == (
        "A ferry to Frederikshavn sails twice a day [2].",
        (2,),
    )
    unsupported = verifier.check("A ferry to Aarhus sails twice a day.", town)
    assert (unsupported.text, unsupported.citations, unsupported.score) == (
        "A ferry to Aarhus sails twice a day.",
        (),
        None,
    )


def test_a_marker_of_no_passage_never_shows(verifier, town):
    checked = verifier.check("The harbour of Larvik was built in 1887 [7][1][999999].", town)
    assert (checked.text, checked.citations) == (
        "The harbour of Larvik was built in 1887 [1].",
        (1,),
    )


def test_the_source_is_the_sentence_that_supports_it_best(verifier, town):
    checked = verifier.check("Ships from Denmark could not enter in winter [1].", town)
    span = slice(checked.source.start - 100, checked.source.end - 100)
    assert HARBOUR[span] == "Ships from Denmark could not enter it in winter."
    assert checked.source.path == "The harbour.md"


def test_a_name_or_date_may_be_in_title_or_date_of_the_document(verifier):
    from datetime import date

    passages = [make_passage("It was opened on 3 October.", "Larvik harbour", 0, date(2023, 10, 9))]
    assert verifier.check("Larvik harbour was opened on October 3, 2023 [1].", passages).supported
    assert not verifier.check(
        "Larvik harbour was opened on October 3, 2022 [1].", passages
    ).supported


def test_what_cant_be_seen_changes_nothing(verifier, town):
    hidden = "The har\u200bbour of Lar\u00advik was built in 18\u206087 [1]."
    assert verifier.check(hidden, town).supported
    passages = [make_passage("The har\u200bbour of Larvik was built in 18\ufeff87.")]
    assert verifier.check("The harbour of Larvik was built in 1887 [1].", passages).supported
    # A Cyrillic letter that looks like a Latin one makes another word.
    assert not verifier.check("The harbour of L\u0430rvik was built in 1887 [1].", town).supported


@pytest.mark.parametrize(
    ("text", "supported", "changed"),
    [
        (
            "Der Hafen von Stralsund wurde von Arbeitern aus Schweden gebaut und am 3. Oktober "
            "1887 eröffnet. Im Winter konnten die Schiffe nicht einlaufen. "
            "Er kostete 3,5 Millionen Mark.",
            [
                "Arbeiter aus Schweden bauten den Hafen von Stralsund.",
                "Er wurde am 03.10.1887 eröffnet.",
                "Im Winter konnten Schiffe nicht einlaufen.",
                "Der Hafen kostete 3.500.000 Mark.",
            ],
            [
                "Er wurde am 04.10.1887 eröffnet.",
                "Im Winter konnten Schiffe einlaufen.",
                "Der Hafen kostete 35 Millionen Mark.",
                "Der Hafen von Stralsund wurde von Angela Merkel eröffnet.",
            ],
        ),
        (
            "İstanbul'daki liman 3 Ekim 1887'de Ahmet Yılmaz tarafından açıldı.",
            ["Liman 3 Ekim 1887'de Ahmet Yılmaz tarafından açıldı."],
            ["Liman 3 Ekim 1887'de Mehmet Yılmaz tarafından açıldı."],
        ),
    ],
)
def test_other_languages(verifier, text, supported, changed):
    passages = [make_passage(text, "Hafen")]
    for sentence in supported:
        checked = verifier.check(f"{sentence} [1]", passages)
        assert checked.supported, (sentence, missing(checked))
    for sentence in changed:
        assert not verifier.check(f"{sentence} [1]", passages).supported, sentence


@pytest.mark.parametrize(
    "unit", ["a ", "1 ", "A ", "[1", "[1] ", "' ", '"', "“", "March ", "not ", "(", "one ", "- "]
)
def test_no_text_is_slow(verifier, town, unit):
    """Within a bound that a text of 100 kB is far below, unless its time grows as its square."""
    for text in (unit * (1900 // len(unit)), unit * (100_000 // len(unit))):
        start = time.perf_counter()
        checked = verifier.check(text, town)
        assert time.perf_counter() - start < 3
        assert not checked.supported


def test_no_passages_support_nothing(verifier):
    checked = verifier.check("The harbour of Larvik was built in 1887 [1].", [])
    assert (checked.supported, checked.text, checked.score) == (
        False,
        "The harbour of Larvik was built in 1887.",
        None,
    )


def test_several_threads_get_what_one_gets(verifier, town):
    sentences = [f"The harbour of Larvik was built in {year} [1]." for year in range(1880, 1896)]
    alone = [verifier.check(sentence, town) for sentence in sentences]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda s: verifier.check(s, town), sentences)) == alone
    assert [checked.supported for checked in alone].count(True) == 1


def test_what_supports_a_written_sentence_is_cited_with_its_surroundings(verifier, town):
    checked = verifier.check("Ships from Denmark could not enter it in winter [1].", town)
    source = checked.source
    assert source is not None
    assert source.exact == "Ships from Denmark could not enter it in winter."
    text = town[0].text
    before, behind = text.split(source.exact)
    assert source.prefix == before[-SURROUNDINGS:]
    assert source.suffix == behind[:SURROUNDINGS]

"""Texts to terms: what must find what, and that nothing a person types is syntax."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis import Terms, analyse, analysis_of, content
from qa.analysis.terms import STEMMERS
from qa.store.lexical_index import LexicalEntry, LexicalIndex, new_lexical_index

ANALYSES = ["", *STEMMERS]


def stems(text: str, analysis: str = "") -> tuple[str, ...]:
    return analyse(text, analysis).stems


def grams(text: str, analysis: str = "") -> tuple[str, ...]:
    return analyse(text, analysis).grams


def test_a_text_is_stems_and_marked_4_grams_in_its_order():
    assert analyse("Cats, cats and a lighthouse", "en") == Terms(
        ("cat", "cat", "lighthous"),
        ("^cat", "cats", "ats$", "^cat", "cats", "ats$",
         "^lig", "ligh", "ight", "ghth", "htho", "thou", "hous", "ouse", "use$"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "forms", "stem"),
    [
        ("ar", "كتاب كتابي", "كتاب"),
        ("da", "hus huset husene", "hus"),
        ("de", "Haus Hauses Häuser Häusern", "haus"),
        ("el", "γυναίκα γυναίκες γυναικών", "γυναικ"),
        ("en", "connect connected connecting connections", "connect"),
        ("es", "canción canciones", "cancion"),
        ("fi", "talo talossa taloissa", "talo"),
        ("fr", "cheval chevaux", "cheval"),
        ("hu", "házban házat", "haz"),
        ("it", "ragazza ragazze", "ragazz"),
        ("nb", "hus huset husene", "hus"),
        ("nl", "huis huizen", "huis"),
        ("nn", "hus huset", "hus"),
        ("no", "hus huset", "hus"),
        ("pt", "menino meninos", "menin"),
        ("ro", "copil copilul copilului", "copil"),
        ("ru", "книга книги книгами", "книг"),
        ("sv", "flicka flickor flickorna", "flick"),
        ("ta", "புத்தகம் புத்தகங்கள்", "புத்தகம்"),
        ("tr", "kitap kitaplar kitaplarda", "kitap"),
    ],
)
def test_the_forms_of_a_word_have_one_stem_in_its_language(language, forms, stem):
    assert stems(forms, language) == (stem,) * len(forms.split())


def test_every_language_with_a_stemmer_has_its_analysis_and_others_have_none():
    assert {analysis_of(language) for language in STEMMERS} == set(STEMMERS)
    assert analysis_of("xx") == analysis_of("ja") == analysis_of(None) == ""
    assert stems("connected houses", "") == ("connected", "houses")


@pytest.mark.parametrize(
    ("language", "text", "left"),
    [
        ("en", "the cat is in the house", ("cat", "hous")),
        ("de", "die Katze ist in dem Haus", ("katz", "haus")),
        ("fr", "le chat dans la maison", ("chat", "maison")),
        ("ru", "и кошка в доме", ("кошк", "дом")),
        ("", "the cat", ("the", "cat")),
    ],
)
def test_stop_words_go_where_the_language_is_known(language, text, left):
    assert stems(text, language) == left


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "LIGHTHOUSE", "lighthouse"),
        ("ru", "МОСКВА", "москва"),
        ("el", "ΒΙΒΛΙΟ", "βιβλιο"),
        ("", "ŞUŞA", "şuşa"),
        ("", "ÉCOLE", "école"),
        ("de", "STRAẞE", "straße"),
        ("", "Ⅳ", "ⅳ"),
    ],
)
def test_case_makes_no_difference(language, one, other):
    assert analyse(one, language) == analyse(other, language)


@pytest.mark.parametrize(
    ("language", "written", "typed"),
    [
        ("", "Şuşa şəhərində", "Susa saharinda"),
        ("fr", "été élève", "ete eleve"),
        ("es", "niños canción", "ninos cancion"),
        ("de", "Müller Köln", "Muller Koln"),
        ("tr", "çağrı İstanbul ışık", "cagri Istanbul isik"),
        ("pl", "Łódź", "Lodz"),
        ("ru", "ёлка Ёлка", "елка Елка"),
        ("el", "βιβλία ΒΙΒΛΊΑ λόγος", "βιβλια ΒΙΒΛΙΑ λογοσ"),
        ("ar", "كِتَاب", "كتاب"),
        ("he", "שָׁלוֹם", "שלום"),
        ("", "cafe\u0301 nai\u0308ve", "café naïve"),  # composed or not
    ],
)
def test_accents_written_or_not_give_the_same_4_grams(language, written, typed):
    analysis = analysis_of(language)
    assert grams(written, analysis) == grams(typed, analysis)


def test_letters_that_are_no_accented_ones_stay_what_they_are():
    assert grams("мой", "ru") != grams("мои", "ru")
    assert grams("が") != grams("か")


@pytest.mark.parametrize("language", ["", "en", "fr", "tr"])
@pytest.mark.parametrize(
    "text", ["O{}Brien", "l{}été", "İstanbul{}da", "the children{}s", "rock {}n"]
)
def test_apostrophes_straight_and_curly_are_alike(language, text):
    straight, curly = analyse(text.format("'"), language), analyse(text.format("’"), language)
    assert straight == curly
    assert not any("'" in stem or "’" in stem for stem in curly.stems)


def test_words_are_parted_at_apostrophes_hyphens_and_points():
    assert stems("O'Brien’s e-mail a_b 3.14 C++") == (
        "o", "brien", "s", "e", "mail", "a", "b", "3", "14", "c",
    )  # fmt: skip


def test_the_turkish_i_with_and_without_its_dot():
    assert analyse("İSTANBUL", "tr") == analyse("istanbul", "tr") == analyse("İstanbul", "tr")
    assert analyse("ISPARTA", "tr") == analyse("ısparta", "tr") == analyse("Isparta", "tr")
    # A capital I has no dot: the stemmer, which knows of vowel harmony, takes off other endings.
    assert stems("SINIFINDA", "tr") == stems("sınıfında", "tr") == ("sinif",)
    assert stems("sinifinda", "tr") == ("sinifinda",)
    assert analyse("İSTANBUL", "en") == analyse("istanbul", "en")


def test_the_german_sharp_s_is_ss():
    assert analyse("Straße", "de") == analyse("STRASSE", "de") == analyse("Strasse", "de")
    assert grams("Fluß", "de") == grams("Fluss", "de") == ("^flu", "flus", "luss", "uss$")


@pytest.mark.parametrize(
    ("text", "pairs", "characters"),
    [
        ("東京都", ("東京", "京都"), ("東", "京", "都")),
        ("東京。大阪", ("東京", "大阪"), ("東", "京", "大", "阪")),
        ("会", ("会",), ("会",)),
        ("カード", ("カー", "ード"), ("カ", "ー", "ド")),
        ("ｶｰﾄﾞ", ("カー", "ード"), ("カ", "ー", "ド")),  # narrow forms are the same
        ("人々", ("人々",), ("人", "々")),
        ("〇八年", ("〇八", "八年"), ("〇", "八", "年")),
        ("ไทย", ("ไท", "ทย"), ("ไ", "ท", "ย")),
        ("ລາວ", ("ລາ", "າວ"), ("ລ", "າ", "ວ")),
        ("ខែ", ("ខែ",), ("ខ", "ែ")),
        ("မာ", ("မာ",), ("မ", "ာ")),
    ],
)
def test_scripts_without_spaces_are_pairs_and_single_characters(text, pairs, characters):
    assert analyse(text, "") == Terms(pairs, characters)
    assert analyse(text, "en") == Terms(pairs, characters)


def test_korean_has_spaces_and_so_has_words():
    assert analyse("한국어를 배운다", "") == Terms(
        ("한국어를", "배운다"), ("^한국어", "한국어를", "국어를$", "^배운다", "배운다$")
    )


def test_a_run_of_two_scripts_is_parted_where_they_meet():
    assert analyse("東京Tower2020年", "en") == Terms(
        ("東京", "tower2020", "年"),
        ("東", "京", "^tow", "towe", "ower", "wer2", "er20", "r202", "2020", "020$", "年"),
    )
    assert stems("iPhone13 x²") == ("iphone13", "x2")


@pytest.mark.parametrize("text", ["", " \n\t", "…!?", "\x00", "🙂🙂", "'’\"", "--"])
@pytest.mark.parametrize("analysis", ["", "en", "tr", "el"])
def test_a_text_without_words_has_no_terms(text, analysis):
    assert analyse(text, analysis) == Terms((), ())
    assert content(text, analysis).stems == frozenset()
    assert content(text, analysis).words == ""


@given(st.text(), st.sampled_from(ANALYSES))
def test_content_holds_what_the_analysis_finds_and_no_other_stem(text, analysis):
    terms, asked = analyse(text, analysis), content(text, analysis)
    assert asked.stems == set(terms.stems)
    assert all(gram in asked.words for gram in terms.grams)


def test_content_does_not_hold_what_stands_in_no_word():
    words = content("cats sleep", "en").words
    assert set(words.split()) == {"^cats$", "^sleep$"}
    assert not any(gram in words for gram in grams("dogs bark", "en"))
    assert not any(gram in words for gram in grams("sleepy", "en")[-2:])


# ---------------------------------------------------------------- nothing is syntax

TEXTS = ["Cats sleep all day.", "Dogs bark at night and sleep.", "Birds sing to the cats."]


@pytest.fixture(scope="module", params=["tantivy", "memory"])
def index(request: pytest.FixtureRequest) -> LexicalIndex:
    index = new_lexical_index(request.param)
    entries = [LexicalEntry("en", analyse(text, "en")) for text in TEXTS]
    index.add(np.arange(len(TEXTS)), entries)
    return index


def found(index: LexicalIndex, question: str) -> list[tuple[int, float]]:
    scores, ids = index.search({"en": analyse(question, "en")}, 10)
    return list(zip(ids.tolist(), scores.tolist(), strict=True))


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ('"cats bark"', "cats bark"),
        ('"cats', "cats"),
        ("(cats", "cats"),
        ("cats) dogs", "cats dogs"),
        ("cat* d?gs", "cat d gs"),
        ("cats~2 dogs^10", "cats 2 dogs 10"),
        ("-cats +dogs", "cats dogs"),
        ("cats AND bark", "cats and bark"),
        ("cats OR bark", "cats or bark"),
        ("NOT cats", "not cats"),
        ("stems:cats", "stems cats"),
        ("id:1 cats analysis:en", "id 1 cats analysis en"),
        ("[cats TO dogs]", "cats to dogs"),
        ("{cats TO dogs}", "cats to dogs"),
        ("cats\\ \\dogs \\", "cats dogs"),
        ("/cat.*/", "cat"),
        ("cats: IN [dogs]", "cats in dogs"),
        ("^cats$", "cats"),
        ("<script>cats</script>", "script cats script"),
        ("' OR 1=1; DROP TABLE cats --", "or 1 1 drop table cats"),
    ],
)
def test_signs_of_query_languages_are_no_syntax(question, plain, index):
    assert found(index, question) == found(index, plain) != []


@pytest.mark.parametrize("sign", list("\"()*?:~^[]{}\\+-/<>=!&|'`$%#@;,."))
def test_a_sign_alone_finds_nothing(sign, index):
    assert found(index, sign) == found(index, sign * 100) == []


@given(
    st.text(st.characters(codec="utf-8")) | st.text('catsdogbrk "()*?:~^[]\\+-ANDORT', max_size=40)
)
def test_any_text_at_all_finds_what_holds_one_of_its_terms(index, text):
    terms = analyse(text, "en")
    expected = {
        number
        for number, entry in enumerate(analyse(text, "en") for text in TEXTS)
        if set(entry.stems) & set(terms.stems) or set(entry.grams) & set(terms.grams)
    }
    hits = found(index, text)
    assert {number for number, _ in hits} == expected
    assert all(0 < score <= 1 for _, score in hits)

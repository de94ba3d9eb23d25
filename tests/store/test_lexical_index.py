"""Every `LexicalIndex` must score as BM25 reckoned by hand."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.analysis import Terms, analyse
from qa.store.lexical_index import LexicalEntry, LexicalIndex, new_lexical_index

K1, B = 1.2, 0.75
EXACT_LENGTH = 40
"""tantivy rounds lengths down to eight steps an octave; up to this one it keeps them exactly."""


@pytest.fixture(params=["tantivy", "memory"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def index(kind: str) -> LexicalIndex:
    return new_lexical_index(kind)


def terms(text: str) -> Terms:
    """Stems before the bar and 4-grams behind it, as they are."""
    stems, _, grams = text.partition("|")
    return Terms(tuple(stems.split()), tuple(grams.split()))


def entry(text: str, analysis: str = "") -> LexicalEntry:
    return LexicalEntry(analysis, terms(text))


def ids(*keys: int) -> np.ndarray:
    return np.array(keys, dtype=np.int64)


def put(index: LexicalIndex, entries: dict[int, LexicalEntry]) -> None:
    index.add(ids(*entries), list(entries.values()))


def search(index: LexicalIndex, question: str | dict[str, Terms], k: int = 100, within=None):
    """Ids with their scores, best first."""
    question = {"": terms(question)} if isinstance(question, str) else question
    scores, keys = index.search(question, k, within)
    assert (scores.dtype, keys.dtype) == (np.float32, np.int64)
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    return dict(zip(keys.tolist(), scores.tolist(), strict=True))


def idf(documents: int, containing: int) -> float:
    return math.log(1 + (documents - containing + 0.5) / (containing + 0.5))


def bm25(question: Terms, entries: dict[int, LexicalEntry], key: int) -> float:
    """The mean, over the fields that the question has terms of, of BM25 divided by the most that
    a text could have."""
    shares = []
    for field in ("stems", "grams"):
        texts = [getattr(each.terms, field) for each in entries.values()]
        text, average = getattr(entries[key].terms, field), sum(map(len, texts)) / len(texts)
        score = highest = 0.0
        for term in getattr(question, field):
            weight = idf(len(texts), sum(term in other for other in texts))
            tf = text.count(term)
            if tf:
                length = 1 - B + B * len(text) / average
                score += weight * tf * (K1 + 1) / (tf + K1 * length)
            highest += weight * (K1 + 1)
        if getattr(question, field):
            shares.append(score / highest if highest else 0.0)
    return sum(shares) / max(1, len(shares))


CORPUS = {
    7: entry("cat sleep day | ^cat cats ats$ ^day day$"),
    3: entry("dog bark night dog | ^dog dogs ogs$ ^dog dogs ogs$"),
    100: entry("cat dog | ^cat cat$ ^dog dog$"),
    2**40: entry("bird sing | ^bir bird"),
    12: entry("cat cat cat cat bird | ^cat cats ^cat cats"),
}


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("cat | ^cat cats", {7, 100, 12}),
        ("cat cat dog | ^cat ^cat ^dog", {7, 3, 100, 12}),  # said twice, it counts twice
        ("night", {3}),
        ("| ^bir", {2**40}),
        ("sing unheard | ^bir nowh", {2**40}),  # what nobody has makes the others' share smaller
        ("unheard | nowh", set()),
        ("", set()),
    ],
)
def test_scores_are_bm25_as_shares_of_the_highest_possible(index, question, found):
    put(index, CORPUS)
    expected = {key: bm25(terms(question), CORPUS, key) for key in found}
    hits = search(index, question)
    assert hits == pytest.approx(expected, rel=1e-5)
    assert all(0 < score < 1 for score in hits.values())


def test_a_score_by_hand(index):
    """Two texts of one and three stems, of which one and both hold the question's two."""
    put(index, {1: entry("cat"), 2: entry("cat dog dog")})
    cat, dog = math.log(1 + 0.5 / 2.5), math.log(1 + 1.5 / 1.5)
    highest = 2.2 * cat + 2.2 * dog
    hits = search(index, "cat dog")
    # The average length is 2; the question has no 4-grams, so that its stems are all there is.
    assert hits[1] == pytest.approx(cat * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 0.5)) / highest)
    long = 1.2 * (0.25 + 0.75 * 1.5)
    assert hits[2] == pytest.approx((cat * 2.2 / (1 + long) + dog * 4.4 / (2 + long)) / highest)


def test_long_texts_score_within_what_tantivy_keeps_of_their_length(index, kind):
    entries = {n: entry("cat " * (1 + n % 3) + "filler " * (61 + 47 * n)) for n in range(20)}
    put(index, entries)
    expected = {n: bm25(terms("cat"), entries, n) for n in entries}
    # A length is rounded down by less than an eighth, which a score can follow at most.
    tolerance = 1e-5 if kind == "memory" else 1 / 8
    assert search(index, "cat") == pytest.approx(expected, rel=tolerance)


WORDS = st.sampled_from(["cat", "dog", "bird", "sleep", "bark", "sing", "day", "night"])
TERMS = st.builds(
    Terms,
    st.lists(WORDS, max_size=EXACT_LENGTH).map(tuple),
    st.lists(WORDS.map(lambda word: f"^{word[:3]}"), max_size=EXACT_LENGTH).map(tuple),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(TERMS, min_size=1, max_size=8), TERMS)
def test_any_corpus_and_question_score_as_by_hand(corpus, question):
    entries = {n: LexicalEntry("en", each) for n, each in enumerate(corpus)}
    expected = {n: score for n in entries if (score := bm25(question, entries, n)) > 0}
    for kind in ("tantivy", "memory"):
        index = new_lexical_index(kind)
        put(index, entries)
        hits = search(index, {"en": question})
        assert hits == pytest.approx(expected, rel=1e-4)
        assert all(0 < score <= 1 for score in hits.values())


def test_the_idfs_of_a_questions_terms(index):
    put(index, CORPUS)
    stems, grams = index.idfs(terms("cat bird unheard cat | ^cat nowh"))
    assert stems == pytest.approx({"cat": idf(5, 3), "bird": idf(5, 2), "unheard": idf(5, 0)})
    assert grams == pytest.approx({"^cat": idf(5, 3), "nowh": idf(5, 0)})


def test_the_best_k_come_first_and_no_more(index):
    put(index, CORPUS)
    every = search(index, "cat dog | ^cat ^dog")
    assert list(search(index, "cat dog | ^cat ^dog", k=2).items()) == list(every.items())[:2]
    assert search(index, "cat dog | ^cat ^dog", k=1000) == every
    assert search(index, "cat", k=0) == {}


@pytest.mark.parametrize("wanted", [10, 150, 199], ids=["few", "most", "all but one"])
def test_within_restricts_so_that_the_best_k_are_really_k(index, wanted):
    # The more often a text says "cat", the better it is; those wanted are the worst of all.
    put(index, {n: entry("cat " * (n + 1) + "dog " * (200 - n)) for n in range(200)})
    every, within = search(index, "cat", k=200), ids(*range(wanted), 999)
    assert list(every)[:5] == [199, 198, 197, 196, 195]
    hits = search(index, "cat", k=5, within=within)
    assert list(hits) == list(range(wanted - 1, wanted - 6, -1))
    assert hits == {key: every[key] for key in hits}, "a filter doesn't change a score"
    assert len(search(index, "cat", k=500, within=within)) == wanted


def test_within_finds_only_what_shares_a_term(index):
    put(index, CORPUS)
    assert set(search(index, "bird", within=ids(7, 3, 12))) == {12}
    assert search(index, "bird", within=ids(7, 3)) == {}
    assert search(index, "bird", within=ids()) == {}
    assert search(index, "bird", within=ids(999)) == {}
    assert search(index, "bird", within=ids(*CORPUS)) == search(index, "bird")


def test_what_is_removed_is_not_found(index):
    put(index, CORPUS)
    assert set(search(index, "cat")) == {7, 100, 12}
    index.remove(ids(7, 2**40))
    assert sorted(index.ids().tolist()) == [3, 12, 100]
    assert set(search(index, "cat")) == {100, 12}
    assert search(index, "sleep") == {}
    index.remove(ids(999))
    index.remove(ids())
    put(index, {7: entry("bird sing")})
    assert set(search(index, "bird")) == {7, 12}
    assert search(index, "sleep") == {}, "an id that is given again doesn't bring back the old text"


def test_after_most_is_removed_scores_are_still_shares(index, kind):
    put(index, {n: entry("harbour crane") for n in range(50)})
    put(index, {n: entry("village tower") for n in range(50, 60)})
    search(index, "harbour")
    index.remove(ids(*range(45)))
    left = {n: entry("harbour crane") for n in range(45, 50)}
    left |= {n: entry("village tower") for n in range(50, 60)}
    hits = search(index, "harbour tower")
    assert sorted(hits) == list(left)
    assert all(0 < score <= 0.5 for score in hits.values())
    if kind == "memory":
        expected = {n: bm25(terms("harbour tower"), left, n) for n in left}
        assert hits == pytest.approx(expected, rel=1e-5)
    assert all(value > 0 for value in index.idfs(terms("harbour tower"))[0].values())


def test_after_a_removal_each_language_is_still_searched_by_itself(index):
    put(index, {n: entry("cat", "en") for n in range(10)})
    put(index, {n: entry("cat", "de") for n in range(10, 12)})
    index.remove(ids(*range(5)))
    assert set(search(index, {"en": terms("cat")})) == {5, 6, 7, 8, 9}
    assert set(search(index, {"de": terms("cat")})) == {10, 11}


def test_what_is_added_bit_by_bit_scores_as_what_is_added_at_once(index):
    for key, each in CORPUS.items():
        index.add(ids(key), [each])
        assert key in index.ids()
        search(index, "cat")  # so that each is a change of its own
    index.add(ids(), [])
    expected = {key: bm25(terms("cat dog"), CORPUS, key) for key in (7, 3, 100, 12)}
    assert search(index, "cat dog") == pytest.approx(expected, rel=1e-5)


def test_each_entry_is_searched_by_the_terms_of_its_own_analysis(index):
    texts = {1: ("en", "The cat sleeps."), 2: ("de", "Die Katzen schlafen."),
             3: ("", "The cats sleep."), 4: ("en", "Die another day.")}  # fmt: skip
    put(index, {n: LexicalEntry(lang, analyse(text, lang)) for n, (lang, text) in texts.items()})
    question = "die cats"
    by_analysis = {analysis: analyse(question, analysis) for analysis in ("en", "de", "")}
    assert by_analysis["de"].stems == ("cat",), "a stop word in German only"
    every = search(index, by_analysis)
    assert set(every) == {1, 3, 4}
    for analysis, asked in by_analysis.items():
        alone = search(index, {analysis: asked})
        assert alone == {n: every[n] for n in every if texts[n][0] == analysis}
    assert search(index, {}) == {}
    assert search(index, {"fr": analyse("the cats", "fr")}) == {}


def test_an_empty_index(index, kind, tmp_path):
    for each in (index, new_lexical_index(kind)):
        assert each.ids().tolist() == []
        assert each.ids().dtype == np.int64
        assert search(each, "cat | ^cat") == {}
        assert search(each, "cat", within=ids(1)) == {}
        each.remove(ids(1))
        assert each.idfs(terms("cat | ^cat")) == ({"cat": math.log(2)}, {"^cat": math.log(2)})
    index.write(tmp_path / "empty")
    put(index, CORPUS)
    index.read(tmp_path / "empty")
    assert index.ids().tolist() == []
    assert search(index, "cat") == {}
    put(index, CORPUS)
    assert set(search(index, "cat")) == {7, 100, 12}


def test_an_entry_without_terms_is_kept_and_never_found(index, kind, tmp_path):
    entries = {1: entry(""), 2: entry("cat | ^cat"), 3: entry("dog cat")}
    put(index, entries)
    expected = {n: bm25(terms("cat | ^cat"), entries, n) for n in (2, 3)}
    assert search(index, "cat | ^cat") == pytest.approx(expected, rel=1e-5)
    index.write(tmp_path / "written")
    other = new_lexical_index(kind)
    other.read(tmp_path / "written")
    assert sorted(other.ids().tolist()) == [1, 2, 3]
    assert search(other, "cat | ^cat") == search(index, "cat | ^cat")


# ---------------------------------------------------------------- on disk


def contents(path: Path) -> dict[str, bytes]:
    """The bytes of a written index, short of the lock files that a reader may leave."""
    files = path.iterdir() if path.is_dir() else [path]
    return {file.name: file.read_bytes() for file in files if file.suffix != ".lock"}


@pytest.fixture
def written(index: LexicalIndex, tmp_path: Path) -> Path:
    path = tmp_path / f"written{index.suffix}"
    put(index, CORPUS)
    index.write(path)
    return path


QUESTION = "cat dog bird | ^cat ^dog"


def test_a_written_index_reads_back_the_same(index, kind, written):
    other = new_lexical_index(kind)
    put(other, {1: entry("cat")})  # which the reading replaces
    other.read(written)
    assert other.ids().tolist() == index.ids().tolist()
    assert search(other, QUESTION) == search(index, QUESTION)
    assert other.idfs(terms(QUESTION)) == index.idfs(terms(QUESTION))


def test_a_writing_leaves_the_index_as_it_was(index, written, tmp_path):
    before = contents(written)
    put(index, {1: entry("fish swim")})
    assert set(search(index, "fish")) == {1}
    index.remove(ids(7))
    index.write(tmp_path / "second")
    assert contents(written) == before
    assert set(search(index, "fish cat")) == {1, 100, 12}


def test_a_read_index_that_is_changed_leaves_the_written_one_untouched(kind, written, tmp_path):
    before = contents(written)
    index = new_lexical_index(kind)
    index.read(written)
    put(index, {1: entry("fish swim")})
    index.remove(ids(7, 3))
    assert set(search(index, "fish cat")) == {1, 100, 12}
    index.write(tmp_path / "second")
    put(index, {2: entry("fish")})
    assert set(search(index, "fish")) == {1, 2}
    assert contents(written) == before
    for path, fish in ((written, set()), (tmp_path / "second", {1})):
        other = new_lexical_index(kind)
        other.read(path)
        assert set(search(other, "fish")) == fish
        assert (7 in search(other, "cat")) is (path == written)


def test_a_read_index_goes_on_when_the_written_one_is_gone(kind, written):
    index = new_lexical_index(kind)
    index.read(written)
    while written.is_dir():  # tantivy may be putting a lock there at the moment
        shutil.rmtree(written, ignore_errors=True)
    written.unlink(missing_ok=True)
    assert set(search(index, "cat")) == {7, 100, 12}


def test_a_change_that_is_not_wanted_any_more_goes_with_the_next_reading(index, written):
    put(index, {1: entry("fish swim")})  # and not searched: nothing of it was committed
    index.read(written)
    assert sorted(index.ids().tolist()) == sorted(CORPUS)
    put(index, {2: entry("fish")})
    assert set(search(index, "fish swim")) == {2}


def test_a_folder_nobody_can_write_is_read_and_changed_as_any_other(
    kind, written, tmp_path, monkeypatch
):
    can = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: can(path, mode) and Path(path) != written)
    index = new_lexical_index(kind)
    index.read(written)
    assert set(search(index, "cat")) == {7, 100, 12}
    put(index, {1: entry("cat")})
    assert set(search(index, "cat")) == {1, 7, 100, 12}
    index.write(tmp_path / "second")
    if written.is_dir():
        assert not [file.name for file in written.iterdir() if file.suffix == ".lock"]


@pytest.mark.parametrize("damage", ["missing", "empty", "garbage", "truncated"])
def test_a_damaged_file_raises(kind, written, damage):
    file = written
    if written.is_dir():
        file = max(written.iterdir(), key=lambda each: each.stat().st_size)
    spoil(file, damage)
    with pytest.raises(Exception, match=r"."):
        new_lexical_index(kind).read(written)


@pytest.mark.parametrize("name", ["meta.json", "ids.npy"])
@pytest.mark.parametrize("damage", ["missing", "empty", "garbage", "truncated"])
def test_a_damaged_folder_raises(written_by_tantivy, name, damage):
    spoil(written_by_tantivy / name, damage)
    with pytest.raises(Exception, match=r"."):
        new_lexical_index("tantivy").read(written_by_tantivy)


def test_a_folder_with_another_number_of_ids_raises(written_by_tantivy):
    np.save(written_by_tantivy / "ids.npy", ids(1, 2))
    with pytest.raises(ValueError, match="holds 5 entries, not 2"):
        new_lexical_index("tantivy").read(written_by_tantivy)


def test_a_failed_reading_leaves_the_index_as_it_was(index, kind, written, tmp_path):
    (tmp_path / "garbage").write_bytes(b"garbage")
    with pytest.raises(Exception, match=r"."):
        index.read(tmp_path / "garbage")
    assert set(search(index, "cat")) == {7, 100, 12}


@pytest.fixture
def written_by_tantivy(tmp_path: Path) -> Path:
    index = new_lexical_index("tantivy")
    put(index, CORPUS)
    index.write(tmp_path / "tantivy")
    return tmp_path / "tantivy"


def spoil(file: Path, damage: str) -> None:
    data = file.read_bytes()
    file.unlink()  # its other names, in the index that wrote it, stay whole
    if damage == "garbage":
        file.write_bytes(b"\x93garbage" * 50)
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "truncated":
        file.write_bytes(data[: len(data) // 2])

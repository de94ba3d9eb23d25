"""Filters on real documents: top-k is k under a filter, whichever retriever and index there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa import QA
from qa.errors import UsageError
from qa.filters import parse_filter

PLACES = ["harbour", "station", "library", "market", "museum", "theatre", "stadium", "hospital",
          "airport", "school", "bakery", "castle", "garden", "chapel", "mill"]  # fmt: skip
REASONS = ["storm damage", "a strike", "missing permits", "old pipes", "a court ruling",
           "rising prices", "a bridge closure"]  # fmt: skip
QUESTION = "How large is the budget of the renovation?"
WANTED = ["author=ada lovelace", "date>=2024"]
AMONG_30 = 12


def write(folder: Path, number: int) -> None:
    """A report on the budget of a renovation; every fifth to half of them are what is WANTED."""
    author = "Ada Lovelace" if number % 5 < 2 else "Charles Babbage"
    place, reason = PLACES[number % len(PLACES)], REASONS[number % len(REASONS)]
    folder.joinpath(f"report-{number:02}.md").write_text(
        f"---\ntitle: Report {number}\ndate: 2024-0{number % 9 + 1}-11\nauthor: {author}\n"
        f"pages: {number}\n---\n# The {place}\n\n"
        f"The budget of the renovation of the {place} number {number} is {number * 37} million, "
        f"said the {PLACES[number % 7]} board. Because of {reason} the work on the {place} takes "
        f"{number + 3} months longer, and office {number * 7} answers every question on it.\n",
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    docs = tmp_path_factory.mktemp("docs")
    (docs / "reports").mkdir()
    for number in range(30):
        write(docs / "reports", number)
    return docs


@pytest.fixture(scope="module")
def store(docs: Path) -> Path:
    bot = QA.open(docs.parent / "filtered")
    assert len(bot.ingest([docs]).added) == 30
    return bot.store.folder


@pytest.mark.parametrize("index", ["faiss", "numpy"])
@pytest.mark.parametrize("lexical_index", ["tantivy", "memory"])
@pytest.mark.parametrize("retriever", ["hybrid", "dense", "lexical"])
def test_top_k_is_k_under_a_filter(retriever, lexical_index, index, store):
    bot = QA.open(store, retriever=retriever, lexical_index=lexical_index, index=index)
    filter_ = parse_filter(WANTED)
    matching = {info.id for info in bot.documents() if filter_.matches(info)}
    assert len(matching) == AMONG_30
    unfiltered = bot.ask(QUESTION, 10)
    assert len(unfiltered.passages) == 10
    assert {p.source.document_id for p in unfiltered.passages} - matching, "it filters nothing"
    answer = bot.ask(QUESTION, 10, where=WANTED)
    assert len(answer.passages) == 10
    assert {p.source.document_id for p in answer.passages} <= matching
    assert [p.rank for p in answer.passages] == list(range(1, 11))
    also = {c.document_id for p in answer.passages for c in p.also}
    assert also <= matching
    everything = bot.ask(QUESTION, 30, where=WANTED)
    assert {p.source.document_id for p in everything.passages} == matching


@pytest.mark.parametrize("retriever", ["hybrid", "dense", "lexical"])
def test_the_last_of_many_is_found_if_the_filter_leaves_it(retriever, tmp_path):
    """It would be no candidate by far: with a filter afterwards nothing would be left."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(120):
        (docs / f"{number}.txt").write_text(
            f"The budget of the renovation number {number} is {number * 31} million. "
            f"The budget of the renovation is large, said {PLACES[number % 15]} {number}.\n"
        )
    (docs / "odd.md").write_text(
        "---\nproject: Cape Light\n---\nA renovation of boats in spring.\n"
    )
    bot = QA.open(tmp_path / "vectors", retriever=retriever)
    bot.ingest([docs])
    (passage,) = bot.ask(QUESTION, 10, where=["project=cape light"]).passages
    assert passage.text == "A renovation of boats in spring."
    assert passage.evidence is not None
    ranks = {"dense": passage.evidence.dense_rank, "lexical": passage.evidence.lexical_rank}
    assert ranks == {name: 1 if retriever in (name, "hybrid") else None for name in ranks}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> QA:
    """Real files of several kinds and languages."""
    root = tmp_path_factory.mktemp("library")
    for name, text in {
        "berichte/haushalt.md": "---\ntitle: Der Haushalt\ndate: 2023-10-05\nAutor: Jürgen Groß\n"
        "tags: [Geld, Stadt]\n---\nDer Haushalt der Stadt beträgt neun Millionen Euro, sagte die "
        "Bürgermeisterin am Montag im Rathaus.\n",
        "rapports/budget.md": "---\ntitle: Le budget\npublished: 2024-02-01\nauteur: Zoë Élan\n"
        "pages: '12'\n---\nLe budget de la ville est de huit millions d'euros, a déclaré le maire "
        "lundi à la mairie.\n",
        "hesabat/büdcə.md": "---\ntitle: Büdcə\ndate: 2024-03-04\nMüəllif: İlham Şahin\n"
        "pages: '7'\n---\nŞəhərin büdcəsi yeddi milyon manatdır, dedi bələdiyyə sədri "
        "bazar ertəsi iclasda.\n",
        "reports/budget.html": '<html><head><title>The budget</title><meta name="author" '
        'content="Ada Lovelace"><meta name="Project" content="Cape  Light"><meta name="date" '
        'content="2024-05-06"></head><body><article><p>The budget of the town is six million '
        "euros, the mayor said at the town hall on Monday.</p></article></body></html>",
        "reports/plain.txt": "The budget of the village is one million euros, said the baker.\n",
    }.items():
        path = root / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    bot = QA.open(root / "vectors")
    bot.ingest([root / "docs"])
    return bot


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ([], {"haushalt.md", "budget.md", "büdcə.md", "budget.html", "plain.txt"}),
        (["date>=2024"], {"budget.md", "büdcə.md", "budget.html"}),
        (["date=2023-10"], {"haushalt.md"}),
        (["date!=2024"], {"haushalt.md", "plain.txt"}),
        (["language=de|az"], {"haushalt.md", "büdcə.md"}),
        (["path=reports/*"], {"budget.html", "plain.txt"}),
        (["path=budget.*"], {"budget.md", "budget.html"}),
        (["path=hesabat/b?dc?.md"], {"büdcə.md"}),
        (["title~budget"], {"budget.md", "budget.html", "plain.txt"}),
        (["title=BÜDCƏ"], {"büdcə.md"}),
        (["autor=jürgen gross"], {"haushalt.md"}),
        (["MÜƏLLIF~ilham"], {"büdcə.md"}),
        (["auteur~zoe\u0308"], {"budget.md"}),
        (["tags~stadt"], {"haushalt.md"}),
        (["pages>9"], {"budget.md"}),
        (["published=2024"], {"budget.md"}),
        (["author=ada lovelace"], {"budget.html"}),
        (["project=cape light", "date>=2024-05", "path!=berichte/"], {"budget.html"}),
        (["title~x'; DROP TABLE documents; --"], set()),
        (["title~%"], set()),
        (["title~_"], set()),
        (["author=x'"], set()),
        (["path=["], set()),
        (["nothing=1"], set()),
    ],
)
def test_filters_on_real_documents(where, expected, library):
    assert {Path(info.path).name for info in library.documents(where=where)} == expected
    answer = library.ask("How large is the budget?", 10, where=where)
    assert {Path(p.source.path).name for p in answer.passages} == expected
    assert answer.answered or answer.citation is None


def test_the_answer_itself_comes_from_what_the_filter_leaves(library):
    question = "How large is the budget of the town?"
    assert "six million" in library.ask(question).passages[0].text
    (only,) = library.ask(question, where=["path=plain.txt"]).passages
    assert "village" in only.text


def test_where_nothing_matches_nothing_is_answered(library):
    answer = library.ask("How large is the budget?", where=["language=xx"])
    assert (answer.answered, answer.text, answer.citation) == (False, None, None)
    assert (answer.passages, answer.confidence) == ((), None)


def test_a_mistake_is_told_before_anything_is_loaded(tmp_path):
    bot = QA.open(tmp_path / "none", model=str(tmp_path / "no-model"))
    with pytest.raises(UsageError, match="as in"):
        bot.ask("Who?", where=["nonsense"])
    with pytest.raises(UsageError, match="as in"):
        bot.documents(where=["nonsense"])
    assert bot.documents(where=["language=de"]) == []


def test_a_filter_sees_what_was_changed_meanwhile(bot):
    path = bot.settings.seeds / "note.md"
    path.write_text("---\nstatus: draft\n---\nCats sleep all day.")
    bot.ingest()
    assert len(bot.ask("What do cats do?", where=["status=draft"]).passages) == 1
    path.write_text("---\nstatus: final\n---\nCats sleep all day.")
    bot.ingest()
    assert bot.ask("What do cats do?", where=["status=draft"]).passages == ()
    assert len(bot.ask("What do cats do?", where=["status=final"]).passages) == 1
    path.rename(path.with_name("cats.md"))
    bot.ingest()
    assert bot.documents(where=["path=note.md"]) == []
    assert len(bot.ask("What do cats do?", where=["path=cats.md"]).passages) == 1

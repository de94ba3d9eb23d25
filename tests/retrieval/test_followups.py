from __future__ import annotations

import pytest

from qa.retrieval.followups import dependence, seen, stands_alone
from qa.types import Turn


@pytest.mark.parametrize(
    "question",
    ["And when?", "When?", "Why not?", "What about the year before?", "Okay. How so?",
     "That's interesting. What else did Ann say?", "Tell me more.", "  and who paid?"],
)  # fmt: skip
def test_a_continuation_is_seen_by_how_it_begins(question):
    assert seen(question)["continues"]
    assert not stands_alone(question)


@pytest.mark.parametrize(
    ("question", "points"),
    [
        ("What did he say?", True),
        ("Where does it stand?", True),
        ("Who was there?", True),
        ("How did the others vote?", True),
        ("Is there a museum?", False),
        ("When did Ann Berg sell her boat?", False),  # it points to its own name
        ("When did she meet Ann Berg?", True),
        ("Which is cheaper: concrete or asphalt?", False),
    ],
)
def test_a_pronoun_points_elsewhere_unless_a_name_stands_before_it(question, points):
    assert seen(question)["points"] == points


@pytest.mark.parametrize(
    ("question", "language"),
    [("Und wann war das?", "de"), ("Was hat er dort gemacht?", "de"), ("Et pourquoi ?", "fr"),
     ("¿Y cuándo?", "es"), ("E poi che cosa ha fatto lui?", "it"), ("En waar woont hij?", "nl"),
     ("E onde ela mora?", "pt")],
)  # fmt: skip
def test_other_languages_have_words_of_their_own(question, language):
    assert not stands_alone(question, [language])


def test_words_of_other_languages_are_not_looked_for():
    assert stands_alone("Where does the ferry from Y to E go?", ["en"])
    assert stands_alone("Die Fähre fährt wohin?", ["de"])
    assert not stands_alone("And why?", ["xx"])  # of none that is known: taken for English


def test_what_points_elsewhere_or_is_found_nowhere_leans_more():
    alone = dependence("When did Ann Berg sell the house in Lund?", 0.5, 0.4)
    assert alone < 0.2
    assert dependence("When did she sell it?", 0.5, 0.4) > alone
    assert dependence("When did Ann Berg sell the house in Lund?", 0.2, 0.4) > alone
    assert dependence("When did she sell it?", 0.5, 0.9) > 0.9
    assert dependence("When did she sell it?", 0.5, 0.0) < 0.5  # nothing is near to both


TOWN = {
    "hall": "The town hall of Lund was built in 1911. Its architect was Theodor Wahlin.",
    "light": "Ann Berg keeps the lighthouse of Orrö. The lighthouse was built in 1888 by her"
    " grandfather.",
    "ferry": "The ferry to Orrö sails twice a day. A ticket costs four crowns.",
    "school": "The school in Lund teaches three languages to ninety pupils.",
    "fire": "In 1902 a fire destroyed the old market of Lund. Nobody was hurt.",
    "choir": "The choir of Lund sings on Sundays. It was founded by Nils Ek in 1950.",
}
KEEPER = [
    Turn("Who keeps the lighthouse of Orrö?", "Ann Berg keeps the lighthouse.", TOWN["light"])
]


@pytest.fixture
def town(bot, tmp_path):
    for name, text in TOWN.items():
        (tmp_path / "docs" / f"{name}.txt").write_text(text, encoding="utf-8")
    bot.ingest()
    return bot


def texts(answer):
    return [passage.text for passage in answer.passages]


def test_a_follow_up_is_answered_from_what_it_leans_on(town):
    question = "When was it built?"
    assert town.ask(question).passages[0].text != TOWN["light"]
    answer = town.ask(question, history=KEEPER)
    assert answer.question == question
    assert answer.searched_for.startswith(f"{question} (")
    assert "lighthouse" in answer.searched_for and "Orrö" in answer.searched_for
    assert answer.passages[0].text == TOWN["light"]
    assert answer.passages[0].highlights[0].slice(answer.passages[0].text).count("1888")


def test_a_chain_of_follow_ups_keeps_to_its_subject(town):
    first = town.ask("When was it built?", history=KEEPER)
    turns = [*KEEPER, Turn("When was it built?", first.text, first.passages[0].text)]
    answer = town.ask("And by whom?", history=turns)
    assert answer.passages[0].text == TOWN["light"]
    assert "lighthouse" in answer.searched_for


def test_a_change_of_subject_drags_nothing_along(town):
    for question in ("Who founded the choir of Lund?", "How many pupils has the school in Lund?"):
        alone, after = town.ask(question), town.ask(question, history=KEEPER)
        assert after.searched_for == question
        assert texts(after) == texts(alone)
        assert after.confidence == pytest.approx(alone.confidence, abs=1e-4)


def test_after_a_change_of_subject_the_old_one_is_forgotten(town):
    choir = town.ask("Who founded the choir of Lund?", history=KEEPER)
    turns = [*KEEPER, Turn("Who founded the choir of Lund?", choir.text, choir.passages[0].text)]
    answer = town.ask("When does it sing?", history=turns)
    assert answer.passages[0].text == TOWN["choir"]
    assert "lighthouse" not in answer.searched_for


def test_a_history_that_says_nothing_changes_nothing(town):
    alone = town.ask("When was it built?")
    for history in ([Turn("What?")], [Turn("¿?", "…")], [Turn("Who painted Zyx?")]):
        after = town.ask("When was it built?", history=history)
        assert after.searched_for == "When was it built?"
        assert texts(after) == texts(alone)


def test_a_filter_holds_for_what_the_conversation_is_about_too(town):
    answer = town.ask("When was it built?", history=KEEPER, where=["path=*hall.txt"])
    assert [passage.text for passage in answer.passages] == [TOWN["hall"]]

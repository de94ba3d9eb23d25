from __future__ import annotations

import time

import pytest

from qa import QA, suggestions
from qa.suggestions import MOST, Suggestions, questions_of, suggest


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("The budget was approved by Ann Berg.", "Who approved the budget?"),
        ("The lighthouse was built in 1888 by Otto Brandt.", "When was the lighthouse built?"),
        ("The tower stands on the northern cape.", "Where does the tower stand?"),
        ("The annual fair takes place in the old market hall.",
         "Where does the annual fair take place?"),
        ("The ferry is a converted trawler.", "What is the ferry?"),
        ("Ada Lovelace is a mathematician.", "Who is Ada Lovelace?"),
        ("Tom Hale sold the old ferry in 2019.", "Who sold the old ferry?"),
        ("In March, President Ilham Aliyev opened it.", "Who is Ilham Aliyev?"),
        ('The city of Shusha was chosen by ICESCO as the "Cultural Capital" for 2024.',
         'What was chosen as the "Cultural Capital" for 2024?'),
    ],
)  # fmt: skip
def test_a_sentence_answers_the_question_that_is_made_of_it(sentence: str, question: str):
    assert question in [made for _, made in questions_of(sentence)]


@pytest.mark.parametrize(
    "sentence",
    [
        "They had nothing that I wanted, so we left.",
        "It was built in 1888.",
        "He is a carpenter.",
        "This was approved by Ann Berg.",
        "Ann Berg met him.",
        "Rain.",
        "",
    ],
)
def test_what_points_elsewhere_makes_no_question(sentence: str):
    assert list(questions_of(sentence)) == []


def test_the_seed_article_suggests_questions_that_it_answers(seed_bot: QA):
    made = suggest(seed_bot)
    assert 2 <= len(made) <= MOST
    assert "Who met with ICESCO Director General Salim bin Mohammed Almalik?" in made
    for question in made:
        assert seed_bot.ask(question).answered
        assert question.endswith("?")


def test_what_is_not_answered_is_not_suggested(bot: QA, tmp_path):
    (tmp_path / "docs" / "ferry.txt").write_text("Tom Hale sold the old ferry in 2019.")
    bot.ingest()
    assert suggest(bot) == ["Who sold the old ferry?"]
    strict = QA.open(bot.store.folder, min_confidence=1.0)
    assert suggest(strict) == []


def test_other_languages_offer_their_headings(bot: QA, tmp_path):
    (tmp_path / "docs" / "garten.md").write_text(
        "# Der Garten im Winter\n\n## Rosen schneiden\n\nDie Rosen werden geschnitten, "
        "wenn der Frost vorbei ist.\n\n## Kompost\n\nDer Kompost wird im Herbst umgesetzt."
    )
    bot.ingest()
    made = suggest(bot)
    assert made
    assert set(made) <= {"Der Garten im Winter", "Rosen schneiden", "Kompost"}


def test_documents_take_turns(bot: QA, tmp_path):
    whose = {
        "ferry": "Ann Berg", "chapel": "Tom Hale", "school": "Ines Duarte", "bakery": "Otto Brandt",
        "theatre": "Ada King",
    }  # fmt: skip
    for thing, name in whose.items():
        (tmp_path / "docs" / f"{thing}.txt").write_text(
            f"In spring, {name} painted the {thing} roof. In autumn {name} sold the {thing} garden."
        )
    bot.ingest()
    made = suggest(bot)
    assert len(made) == MOST
    assert len({question.split()[-2] for question in made}) == MOST


def test_no_question_is_suggested_twice(bot: QA, tmp_path):
    for year in (2019, 2020):
        (tmp_path / "docs" / f"{year}.txt").write_text(
            f"Minutes of {year}, which were read and signed. Tom Hale sold the old ferry in {year}."
        )
    bot.ingest()
    made = suggest(bot)
    assert made
    assert len(made) == len(set(made))


def test_an_empty_store_suggests_nothing(bot: QA):
    assert suggest(bot) == []


def test_no_more_is_tried_when_the_time_is_up(seed_bot: QA):
    assert suggest(seed_bot, seconds=0) == []
    began = time.monotonic()
    suggest(seed_bot)
    assert time.monotonic() - began < 2


def test_suggestions_are_made_once_a_generation(bot: QA, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(suggestions, "suggest", lambda bot: made.append(bot) or ["Who?"])
    of_bot = Suggestions(bot)
    assert of_bot.of(1) == of_bot.of(1) == ("Who?",)
    assert len(made) == 1
    of_bot.of(2)
    assert len(made) == 2

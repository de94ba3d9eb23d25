from __future__ import annotations

import pytest

from qa.retrieval import in_context
from qa.types import Turn

BEFORE = [Turn("Who met Salim Almalik?", "Jeyhun Bayramov met with him.")]


@pytest.mark.parametrize(
    "question",
    ["And when?", "When?", "Why not?", "What did he say?", "What about the year before?",
     "Where does it stand?", "Who was there?", "How did the others vote?"],
)  # fmt: skip
def test_a_question_that_leans_on_the_one_before_is_searched_with_it(question):
    assert in_context(question, BEFORE) == f"Who met Salim Almalik? {question}"
    assert in_context(question, []) == question


@pytest.mark.parametrize(
    "question",
    ["Who approved the budget?", "When did Ann Berg sell her boat?", "Is there a museum in Baku?",
     "Why was the harbour closed?", "Wo steht der Leuchtturm?"],
)  # fmt: skip
def test_a_question_that_stands_alone_is_searched_as_it_is(question):
    assert in_context(question, BEFORE) == question


def test_a_chain_goes_back_to_the_question_that_stands_alone_and_no_further():
    turns = [Turn("Where is Shusha?"), *BEFORE, Turn("When was it?")]
    assert in_context("And why?", turns) == "Who met Salim Almalik? When was it? And why?"


def test_a_follow_up_is_answered_from_what_it_leans_on(bot, tmp_path):
    (tmp_path / "docs" / "hall.txt").write_text("The town hall was built in 1911.")
    (tmp_path / "docs" / "light.txt").write_text("Ann keeps the lighthouse, built in 1888.")
    bot.ingest()
    history = [Turn("Who keeps the lighthouse?", "Ann keeps the lighthouse.")]
    answer = bot.ask("When was it built?", history=history)
    assert answer.question == "When was it built?"
    assert answer.searched_for == "Who keeps the lighthouse? When was it built?"
    assert "1888" in answer.passages[0].text
    assert "1911" in bot.ask("When was it built?").passages[0].text

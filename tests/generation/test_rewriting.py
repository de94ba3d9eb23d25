from __future__ import annotations

import pytest

from qa.generation import rewrite
from qa.generation.rewriting import accepted
from qa.types import Ask, Turn
from tests.language_model_server import says, sends

HISTORY = (
    Turn(
        "Who met with the Director General of ICESCO?",
        "Jeyhun Bayramov met with ICESCO Director General Salim bin Mohammed Almalik.",
    ),
)
FOLLOW_UP = "And when did he meet him?"
REWRITTEN = "When did Bayramov meet Almalik?"


@pytest.mark.parametrize(
    "text",
    [
        REWRITTEN,
        f"  Rewritten question: {REWRITTEN} ",
        f'"{REWRITTEN}"',
    ],
)
def test_a_rewriting_that_says_what_was_meant_is_taken(text):
    assert accepted(text, FOLLOW_UP, HISTORY) == REWRITTEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "And when did he meet him",  # nothing new
        HISTORY[0].question,  # an earlier one
        f"{REWRITTEN}\nI hope that helps.",
        f"{REWRITTEN} http://e.example/?q=1",
        f"<b>{REWRITTEN}</b>",
        "When did Bayramov meet Almalik in Paris?",  # a name from nowhere
        "When did Bayramov meet Almalik in 2019?",
        "Where does Almalik live?",  # no word of the question
        "When did Bayramov meet Almalik " + "and Bayramov " * 40 + "?",
        "The quick brown foxes that meet him jump over lazy dogs and sleeping cats",
    ],
)
def test_a_rewriting_that_does_not_is_refused(text):
    assert accepted(text, FOLLOW_UP, HISTORY) is None


def test_a_question_without_conversation_is_not_sent(server, model):
    assert rewrite(Ask("Who?"), model, 5).ask == Ask("Who?")
    assert server.requests == []


def test_a_follow_up_is_asked_as_the_model_rewrote_it(writer, server):
    server.script = [says(REWRITTEN), says("Bayramov met Almalik on October 3, 2023 [1].")]
    answer = writer().ask(FOLLOW_UP, history=HISTORY)
    assert answer.question == FOLLOW_UP
    assert answer.searched_for == REWRITTEN
    assert answer.text == "Bayramov met Almalik on October 3, 2023 [1]."
    assert f"Question: {REWRITTEN}" in server.prompt
    assert "What was said before" not in server.prompt
    assert {"rewrite", "write"} <= set(answer.timings_ms)


def test_a_follow_up_that_is_not_rewritten_is_searched_as_ever(writer, server, seed_bot):
    server.script = [says("I am a language model."), says("NOT SAID")]
    answer = writer().ask(FOLLOW_UP, history=HISTORY)
    plain = seed_bot.find(Ask(FOLLOW_UP, history=HISTORY))
    assert answer.searched_for == plain.searched_for
    assert answer.passages == plain.passages
    assert "What was said before:\nQuestion: Who met with" in server.prompt


def test_an_endpoint_that_is_down_costs_a_follow_up_one_failure(writer, server):
    server.script = [sends(500)]
    answer = writer().ask("When did Bayramov meet him?", history=HISTORY)
    assert len(server.requests) == 3  # the attempts of the rewriting
    assert "fails (HTTP 500): this is the sentence" in answer.notice
    assert answer.text and answer.model is None

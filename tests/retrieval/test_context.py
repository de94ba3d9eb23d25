"""What a conversation is about, and what it has shown."""

from __future__ import annotations

from qa.retrieval import Context
from qa.types import Turn


def about(library, question, *turns):
    with library.store.snapshot() as snapshot:
        return Context(turns).about(question, snapshot)


def test_it_is_about_what_its_question_and_answer_name(library):
    passage = "The lighthouse stands on the northern cape. Its lamp was lit in 1887."
    said = about(library, "When?", Turn("What is there?", "The lighthouse.", passage))
    assert {"lighthouse", "cape", "lamp"} <= set(said.replace(",", "").split())
    assert "1887" not in said  # it answers something, but isn't what is spoken of
    assert "1887" in about(library, "And?", Turn("What was there in 1887?", "A lamp.", passage))
    assert "northern cape" in said  # neighbours are one phrase
    assert len(said.split()) <= 8


def test_words_that_tell_nothing_or_that_the_question_has_are_left_out(library):
    said = about(library, "And the lamps?", Turn("Which lamp is there on the cape?", "It is 9."))
    assert said == "cape"


def test_it_is_about_nothing_that_the_store_does_not_have(library):
    assert about(library, "When?", Turn("Who was Leonhard Euler?", "A mathematician.")) == ""


def test_the_last_question_that_stood_alone_is_remembered_and_those_before_it_are_not(library):
    turns = [
        Turn("What does the bakery sell?"),
        Turn("Who lends novels?"),
        Turn("And for how long?"),
    ]
    said = about(library, "Why?", *turns)
    assert "novels" in said
    assert "bakery" not in said


def test_a_passage_was_shown_if_it_was_answered_from_or_quoted(library):
    context = Context(
        [Turn("Who?", "Ann Berg keeps the lighthouse."), Turn("Where?", "On it", None)]
    )
    assert context.has_shown("On Orrö  ANN Berg keeps\nthe lighthouse. It is old.")
    assert context.has_shown("Ann Berg keeps the lighthouse.")
    assert not context.has_shown("On it stands a house of wood and stone.")  # too short to be told
    whole = "The ferry sails twice. Ann Berg keeps the lighthouse. It costs four crowns."
    assert Context([Turn("Who?", "Somebody does.", whole)]).has_shown(whole[23:60])

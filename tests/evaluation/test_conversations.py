"""Folders with conversations: which turns are asked, after what; and what is wrong with a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa.errors import UsageError
from qa.evaluation import Source, add_corpus, check_tunable, load_dataset
from qa.types import Turn
from tests.evaluation.sets import (
    CONVERSATIONS,
    write_beir,
    write_conversations,
    write_jsonl,
)


def test_the_scored_turns_after_the_first_are_asked_in_their_conversation(tmp_path):
    dataset = load_dataset(write_conversations(tmp_path / "talk"))
    assert (dataset.name, dataset.split, dataset.has_conversations) == ("talk", None, True)
    assert [question.id for question in dataset.questions] == ["7_2", "7_4", "7_5", "b_2"]
    second, fourth, _, bees = dataset.questions
    assert (second.text, second.sources) == ("When did he do it?", (Source("clocks"),))
    assert second.rewrite == "When did Huygens invent the pendulum clock?"
    assert second.extra == {"conversation": "7", "turn": "2", "rewrite": second.rewrite}
    assert fourth.rewrite is None
    assert [turn.question for turn in fourth.history] == [
        "Who invented the pendulum clock?",
        "When did he do it?",
        "Thank you!",
    ], "also what is not scored"
    assert [turn.answer is None for turn in fourth.history] == [False, True, True]
    answer = "Honey bees dance to tell each other where nectar is to be found."
    (turn,) = bees.history
    assert turn == Turn("How do honey bees tell each other where food is?", answer)


def test_numbers_stand_for_ids_as_texts_do(tmp_path):
    turns = [{"utterance": "Who?", "passage_id": 1}, {"utterance": "When?", "passage_id": 23}]
    folder = write_conversations(tmp_path, [{"_id": 5, "turns": turns}])
    write_jsonl(folder / "corpus.jsonl", [{"_id": 23, "text": "In May."}])
    (question,) = load_dataset(folder).questions
    assert (question.id, question.sources) == ("5_2", (Source("23"),))


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n" + text.replace("\n", "\n \n"),
        str.rstrip,
    ],
    ids=["a byte order mark", "other line ends", "blank lines", "no last line end"],
)
def test_editors_may_leave_their_marks(spoilt, tmp_path, bot):
    folder = write_conversations(tmp_path / "talk")
    whole = load_dataset(folder)
    for name in ("conversations.jsonl", "corpus.jsonl"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_bytes(spoilt(text).encode())
    assert load_dataset(folder) == whole
    assert len(add_corpus(bot, whole).added) == 12


def test_what_is_empty_counts_as_left_out(tmp_path):
    turn = {"turn": None, "utterance": " Who? ", "passage_id": "bees"}
    turn |= {"rewrite": "", "response": " "}
    folder = write_conversations(tmp_path, [{"_id": "a", "turns": [turn, turn]}])
    (question,) = load_dataset(folder).questions
    assert question.id == "a_2"
    assert (question.text, question.rewrite, question.history) == ("Who?", None, (Turn("Who?"),))


GOOD = {"utterance": "Who?", "passage_id": "bees"}


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("{", "isn't JSON"),
        ("[" * 100_000, "isn't JSON"),
        ([GOOD], "no JSON object"),
        ({"turns": [GOOD]}, "`_id`"),
        ({"_id": None, "turns": [GOOD]}, "`_id`"),
        ({"_id": True, "turns": [GOOD]}, "`_id`"),
        ({"_id": " ", "turns": [GOOD]}, "`_id`"),
        ({"_id": "ok", "turns": [GOOD]}, "_id 'ok' of an earlier line"),
        ({"_id": "a"}, "`turns`"),
        ({"_id": "a", "turns": None}, "`turns`"),
        ({"_id": "a", "turns": []}, "`turns`"),
        ({"_id": "a", "turns": GOOD}, "`turns`"),
        ({"_id": "a", "turns": [GOOD, "Who?"]}, "(turn 2) is no turn"),
        ({"_id": "a", "turns": [{"passage_id": "bees"}]}, "(turn 1) is no turn"),
        ({"_id": "a", "turns": [{"utterance": "  "}]}, "(turn 1) is no turn"),
        ({"_id": "a", "turns": [{"utterance": ["Who?"]}]}, "`utterance` that is no text"),
        ({"_id": "a", "turns": [GOOD | {"rewrite": 5}]}, "`rewrite` that is no text"),
        ({"_id": "a", "turns": [GOOD | {"response": {"text": "x"}}]}, "`response` that is no text"),
        ({"_id": "a", "turns": [GOOD | {"turn": [1]}]}, "the number [1]"),
        ({"_id": "a", "turns": [GOOD | {"turn": False}]}, "the number False"),
        ({"_id": "a", "turns": [GOOD | {"passage_id": ["bees"]}]}, "the passage_id ['bees']"),
        ({"_id": "a", "turns": [GOOD | {"passage_id": ""}]}, "the passage_id ''"),
        ({"_id": "a", "turns": [GOOD | {"turn": 2}, GOOD]}, "two turns '2'"),
    ],
)
def test_a_wrong_conversation_is_named_by_file_and_line(record, words, tmp_path):
    path = write_conversations(tmp_path, [{"_id": "ok", "turns": [GOOD, GOOD]}])
    path = path / "conversations.jsonl"
    line = record if isinstance(record, str) else json.dumps(record)
    path.write_text(path.read_text() + "\n" + line + "\n")
    with pytest.raises(UsageError) as caught:
        load_dataset(tmp_path)
    assert str(caught.value).startswith(f"{path}:3 ")
    assert words in str(caught.value)


def test_a_set_that_has_nothing_to_ask_says_so(tmp_path):
    first_only = [{"_id": "a", "turns": [GOOD, {"utterance": "When?", "passage_id": None}]}]
    with pytest.raises(UsageError, match="nothing to score"):
        load_dataset(write_conversations(tmp_path, first_only))
    (tmp_path / "conversations.jsonl").write_text("\n")
    with pytest.raises(UsageError, match="nothing to score"):
        load_dataset(tmp_path)
    (tmp_path / "conversations.jsonl").write_bytes(b'{"_id": "\xff"}')
    with pytest.raises(UsageError, match="isn't UTF-8"):
        load_dataset(tmp_path)


def test_two_conversations_may_not_make_one_id(tmp_path):
    turns = [{"utterance": "Who?"}, GOOD | {"turn": "2_3"}]
    other = [{"utterance": "Who?"}, GOOD | {"turn": "3"}]
    rows = [{"_id": "1", "turns": turns}, {"_id": "1_2", "turns": other}]
    with pytest.raises(UsageError, match="two questions of the id '1_2_3'"):
        load_dataset(write_conversations(tmp_path, rows))


def test_conversations_need_their_documents(tmp_path):
    write_jsonl(tmp_path / "conversations.jsonl", CONVERSATIONS)
    with pytest.raises(UsageError, match=r"There is no .*corpus\.jsonl"):
        load_dataset(tmp_path)


def test_a_beir_folder_stays_one_and_its_conversations_are_asked_by_name(tmp_path: Path):
    folder = write_conversations(write_beir(tmp_path / "both"))
    assert not load_dataset(folder).has_conversations
    by_name = load_dataset(folder / "conversations.jsonl")
    assert [question.id for question in by_name.questions] == ["7_2", "7_4", "7_5", "b_2"]
    assert (by_name.name, by_name.corpus) == ("both", folder / "corpus.jsonl")


def test_a_sample_is_of_turns_each_after_all_before_it(tmp_path):
    folder = write_conversations(tmp_path)
    whole = {question.id: question for question in load_dataset(folder).questions}
    sample = load_dataset(folder, limit=2, seed=1).questions
    assert len(sample) == 2
    assert all(question == whole[question.id] for question in sample)


def test_settings_are_not_tuned_on_questions_that_lean_on_others(tmp_path):
    dataset = load_dataset(write_conversations(tmp_path))
    with pytest.raises(UsageError, match="tune on questions that stand alone"):
        check_tunable(dataset, 5)

from __future__ import annotations

import json
import threading

import pytest

from qa import QA, feedback
from qa.errors import NotFoundError, StoreError, UsageError
from qa.evaluation import evaluate, load_dataset
from qa.feedback import Feedback, record

UP = Feedback("Who approved the budget?", "up", True, "Ann Berg approved the budget.")


@pytest.fixture
def bot(bot: QA, tmp_path) -> QA:
    (tmp_path / "docs" / "minutes.txt").write_text(
        "Ann Berg approved the budget. The pier was painted blue by Tom Hale in 2019."
    )
    bot.ingest()
    return bot


def kept(bot: QA, name: str = feedback.FILE) -> list[dict]:
    path = bot.store.folder / name
    return (
        [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    )


def judged(bot: QA, question: str, verdict: str = "up", **said) -> Feedback:
    """A verdict on what the bot really answers."""
    answer = bot.ask(question)
    source = answer.citation and (
        answer.citation.document_id, answer.citation.start, answer.citation.end
    )  # fmt: skip
    return Feedback(question, verdict, answer.answered, answer.text, source, **said)


def test_what_verdicts_settle_is_a_question_file_that_an_evaluation_agrees_with(bot: QA):
    record(bot, judged(bot, "Who painted the pier?"))
    record(bot, judged(bot, "Who is the king of Norway?"))
    record(bot, judged(bot, "Who approved the budget?", "down", expected="Ann Berg"))
    path = record(bot, judged(bot, "When was the pier painted?", "down", expected="2019"))
    painted, king, approved, when = kept(bot)
    assert painted["answers"] == ["The pier was painted blue by Tom Hale in 2019."]
    assert painted["sources"][0]["start"] == 30
    assert king["answers"] == []
    assert approved["answers"] == ["Ann Berg"]
    assert when["answers"] == ["2019"]
    dataset = load_dataset(path)
    assert (dataset.answerable, dataset.unanswerable) == (3, 1)
    result = evaluate(bot, dataset).to_dict()
    assert result["metrics"]["Answer@1"]["value"] == 1.0


def test_that_the_documents_do_not_say_can_be_what_was_expected(bot: QA):
    record(bot, judged(bot, "Who painted the pier?", "down", expected_unanswerable=True))
    assert kept(bot)[0]["answers"] == []


def test_a_verdict_that_only_says_wrong_is_left_to_a_person(bot: QA):
    path = record(bot, judged(bot, "Who painted the pier?", "down"))
    assert path.name == "feedback-review.jsonl"
    assert kept(bot) == []
    (entry,) = kept(bot, path.name)
    assert entry["answer"] == "The pier was painted blue by Tom Hale in 2019."
    assert (entry["verdict"], entry["answered"]) == ("down", True)


def test_a_verdict_on_some_of_the_documents_settles_nothing_about_all_of_them(bot: QA):
    said = Feedback("Who painted the pier?", "up", False, filters=("date<2000",))
    assert record(bot, said).name == "feedback-review.jsonl"
    assert kept(bot, "feedback-review.jsonl")[0]["filters"] == ["date<2000"]


def test_of_a_question_judged_again_the_newest_verdict_stands(bot: QA):
    record(bot, judged(bot, "Who painted the pier?"))
    record(bot, UP)
    record(bot, judged(bot, "Who painted the pier?", "down", expected="Tom Hale"))
    assert [entry["answers"] for entry in kept(bot)] == [[UP.answer], ["Tom Hale"]]
    record(bot, judged(bot, "Who painted the pier?", "down"))
    assert [entry["question"] for entry in kept(bot)] == [UP.question]
    assert len(kept(bot, "feedback-review.jsonl")) == 1
    record(bot, judged(bot, "Who painted the pier?"))
    assert len(load_dataset(bot.store.folder / feedback.FILE).questions) == 2
    assert kept(bot, "feedback-review.jsonl") == []


@pytest.mark.parametrize(
    "wrong",
    [
        Feedback("Who?", "up", True),
        Feedback("Who?", "up", True, "Ann", expected="Tom"),
        Feedback("Who?", "up", False, expected_unanswerable=True),
        Feedback("Who?", "down", True, "Ann", expected="Tom", expected_unanswerable=True),
        Feedback("  ", "up", False),
    ],
)
def test_a_verdict_that_contradicts_itself_is_refused(wrong: Feedback, bot: QA):
    with pytest.raises(UsageError):
        record(bot, wrong)
    assert kept(bot) == []


def test_a_source_has_to_be_in_the_store(bot: QA):
    id_ = bot.documents()[0].id
    with pytest.raises(NotFoundError):
        record(bot, Feedback("Who?", "up", True, "Ann", ("0" * 32, 0, 3)))
    for start, end in ((3, 3), (5, 2), (0, 1000)):
        with pytest.raises(UsageError):
            record(bot, Feedback("Who?", "up", True, "Ann", (id_, start, end)))


def test_lines_of_a_person_stay_and_line_breaks_in_texts_harm_nothing(bot: QA):
    path = bot.store.folder / feedback.FILE
    path.write_text('{"question": "By hand?", "answers": ["yes"]}\n\n# a note\n{"question": 7}')
    record(bot, Feedback("Two\nlines?\u2028", "up", True, "first\nsecond\u2028third \u00e9"))
    lines = path.read_text("utf-8").split("\n")
    assert lines[:3] == [
        '{"question": "By hand?", "answers": ["yes"]}',
        "# a note",
        '{"question": 7}',
    ]
    assert json.loads(lines[3])["answers"] == ["first\nsecond\u2028third \u00e9"]
    record(bot, Feedback("By hand?", "up", False))
    assert "By hand?" in path.read_text("utf-8").split("\n")[-2]
    assert path.read_text("utf-8").count("By hand?") == 1


def test_a_full_file_takes_no_more_and_stays_as_it_is(bot: QA, monkeypatch):
    record(bot, UP)
    monkeypatch.setattr(feedback, "MAX_BYTES", 300)
    with pytest.raises(StoreError, match="full"):
        record(bot, judged(bot, "Who painted the pier?"))
    assert [entry["question"] for entry in kept(bot)] == [UP.question]
    record(bot, UP)  # what replaces another fits


def test_verdicts_at_the_same_time_are_all_kept(bot: QA):
    said = [Feedback(f"Question {n}?", "up", True, f"Answer {n}.") for n in range(24)]
    threads = [threading.Thread(target=record, args=(bot, each)) for each in said]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(load_dataset(bot.store.folder / feedback.FILE).questions) == 24
    assert [path.name for path in bot.store.folder.glob(".feedback*")] == []

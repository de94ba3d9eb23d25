"""A chat line by line: questions, commands, and what a program can do with it through pipes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from qa import QA
from qa.cli.chat.commands import COMMANDS, LeaveError, as_question, say
from qa.cli.chat.conversation import Conversation
from qa.errors import UsageError
from qa.types import Answer
from tests.conftest import SEED

QUESTION = "What was chosen as the 2024 Cultural Capital?"
FOLLOW_UP = "And who did he meet there?"
NOT_SAID = "How deep is the Mariana Trench?"


@pytest.fixture
def talk(seed_bot):
    return Conversation(seed_bot)


def shown(talk: Conversation, line: str, width: int | None = None) -> str:
    """What a line brings about, as text; where a width is given, on a terminal."""
    console = Console(
        file=io.StringIO(), width=width or 10_000, force_terminal=width is not None,
        color_system=None, markup=False, highlight=False, emoji=False,
    )  # fmt: skip
    for piece in say(talk, line, terminal=False):
        console.print(piece)
    return console.file.getvalue()


def said(answer: Answer) -> tuple[str, str | None, list[str]]:
    """What an answer says, short of its scores, whose last digits vary."""
    return answer.searched_for, answer.text, [passage.text for passage in answer.passages]


# ---------------------------------------------------------------- questions


def test_a_question_shows_its_answer_and_a_line_for_each_source(talk):
    lines = shown(talk, QUESTION).splitlines()
    assert "Shusha" in lines[0]
    marks, sure = lines[-6].split(" · ")
    assert marks == "[1]"
    assert sure.endswith("% sure")
    assert [line[:3] for line in lines[-5:]] == ["1. ", "2. ", "3. ", "4. ", "5. "]
    assert lines[-5].endswith("… · 2023-10-03 · passage 1")


def test_a_follow_up_is_asked_with_what_was_answered_and_says_what_was_searched(talk, seed_bot):
    shown(talk, QUESTION)
    lines = shown(talk, FOLLOW_UP).splitlines()
    (first,) = (answer.turn for answer in talk.answers[:1])
    assert first.question == QUESTION
    assert "Shusha" in first.answer
    assert first.answer in first.passage
    alone = seed_bot.ask(FOLLOW_UP, history=[first])
    assert lines[0] == f"searching for: {alone.searched_for}"
    assert alone.searched_for != FOLLOW_UP
    assert said(talk.answers[1]) == said(alone)


def test_a_new_conversation_leans_on_nothing(talk, seed_bot):
    shown(talk, QUESTION)
    shown(talk, "/new")
    assert "searching for" not in shown(talk, FOLLOW_UP)
    assert [said(answer) for answer in talk.answers] == [said(seed_bot.ask(FOLLOW_UP))]


def test_a_question_that_begins_with_a_slash_is_asked_with_two():
    assert as_question("//etc/hosts says what?") == "/etc/hosts says what?"
    assert as_question("/help") is None
    assert as_question("  Who? ") == "Who?"


def test_a_question_that_cannot_be_asked_leaves_the_conversation_as_it_is(talk):
    shown(talk, QUESTION)
    with pytest.raises(UsageError, match="at most 4,000"):
        shown(talk, "x" * 5000)
    assert [answer.question for answer in talk.answers] == [QUESTION]


def test_an_answer_that_is_stopped_does_not_belong_to_the_conversation(talk):
    steps = talk.ask(QUESTION)
    next(steps)
    steps.close()
    assert talk.answers == []


# ---------------------------------------------------------------- commands


def test_sources_are_the_passages_in_full(talk):
    shown(talk, QUESTION)
    text = shown(talk, "/sources")
    for passage in talk.answers[-1].passages:
        assert all(line in text for line in passage.text.splitlines())
    assert f"{SEED.name}:401-1072" in text


def test_open_shows_a_source_where_it_stands_marked(talk):
    shown(talk, QUESTION)
    lines = shown(talk, "/open 1", width=100).splitlines()
    marked = " ".join(line.removeprefix("▌") for line in lines if line.startswith("▌"))
    passage = talk.answers[-1].passages[0]
    assert marked.split() == passage.text.split()
    around = " ".join(line.strip() for line in lines if line.startswith("  "))
    document = " ".join(SEED.read_text(encoding="utf-8").split())
    after = around.rstrip("… ")[-200:]
    assert "Almalik on October 3, 2023" in around, "what stands before it"
    assert "Having been informed in detail" in around, "what stands after it"
    assert after in document
    assert around.endswith(" …")


def test_open_names_the_sources_that_there_are(talk):
    with pytest.raises(UsageError, match="Nothing was asked yet"):
        shown(talk, "/open 1")
    shown(talk, QUESTION)
    for wrong in ("", "0", "6", "one", "1 2"):
        with pytest.raises(UsageError, match="/open 1 to /open 5"):
            shown(talk, f"/open {wrong}")


def test_filters_add_up_are_shown_and_lifted(talk):
    assert shown(talk, "/filter") == "no filter · 1 document\n"
    assert "date>=2023 · 1 of 1 document" in shown(talk, "/filter date>=2023")
    assert "date>=2023, language=de · 0 of 1" in shown(talk, "/filter language=de")
    assert "No passage is left by the filter" in shown(talk, QUESTION)
    assert talk.answers[-1].passages == ()
    assert shown(talk, "/filter off") == "no filter · 1 document\n"
    assert "Shusha" in shown(talk, QUESTION)


def test_a_wrong_filter_is_told_and_changes_nothing(talk):
    shown(talk, "/filter date>=2023")
    with pytest.raises(UsageError, match="no condition"):
        shown(talk, "/filter nonsense")
    assert talk.where == ("date>=2023",)


def test_top_says_how_many_passages_are_shown(talk):
    assert shown(talk, "/top") == "5 passages an answer, at most\n"
    shown(talk, "/top 2")
    shown(talk, QUESTION)
    assert len(talk.answers[-1].passages) == 2
    for wrong in ("0", "-1", "1001", "many", "9" * 5000):
        with pytest.raises(UsageError):
            shown(talk, f"/top {wrong}")
    assert talk.top_k == 2


def test_a_conversation_is_saved_as_markdown_and_as_json(talk, tmp_path):
    shown(talk, QUESTION)
    shown(talk, FOLLOW_UP)
    shown(talk, NOT_SAID)
    shown(talk, f"/save {tmp_path / 'talk.md'}")
    text = (tmp_path / "talk.md").read_text(encoding="utf-8")
    assert text.startswith(f"# Conversation\n\n## {QUESTION}\n\n**In addition, the minister noted")
    assert "\nSearched for: And who did he meet there?" in text
    assert "\n**The documents don't say.**\n" in text
    assert "### \\[1\\] Minister of Foreign Affairs" in text
    assert text.count("\n> ") >= 10, "the passages are quoted"
    shown(talk, f"/save {tmp_path / 'talk.json'}")
    saved = json.loads((tmp_path / "talk.json").read_text(encoding="utf-8"))
    assert saved == json.loads(json.dumps([answer.to_dict() for answer in talk.answers]))


def test_saving_replaces_no_file_unless_it_is_told_to(talk, tmp_path):
    file = tmp_path / "talk.md"
    file.write_text("mine")
    with pytest.raises(UsageError, match="Nothing was asked yet"):
        shown(talk, f"/save {file}")
    shown(talk, QUESTION)
    with pytest.raises(UsageError, match="there already: /save!"):
        shown(talk, f"/save {file}")
    assert file.read_text() == "mine"
    shown(talk, f"/save! {file}")
    assert "Shusha" in file.read_text(encoding="utf-8")
    for wrong in ("", str(tmp_path), str(tmp_path / "none" / "talk.md"), "\0", "~nobody/x"):
        with pytest.raises(UsageError):
            shown(talk, f"/save! {wrong}")


def test_the_history_lists_what_was_asked_and_answered(talk):
    assert shown(talk, "/history") == "Nothing was asked yet.\n"
    shown(talk, QUESTION)
    shown(talk, NOT_SAID)
    asked, answered, *rest = shown(talk, "/history").splitlines()
    assert asked == f"1. {QUESTION}"
    assert answered.startswith("   In addition, the minister")
    assert answered.endswith("…")
    assert rest == [f"2. {NOT_SAID}", "   The documents don't say."]


def test_help_names_every_command(talk):
    text = shown(talk, "/help")
    assert all(f"\n{command.usage} " in text for command in COMMANDS.values())
    assert "Alt+Enter" in text


def test_quit_ends_the_conversation(talk):
    with pytest.raises(LeaveError):
        shown(talk, "/quit")


@pytest.mark.parametrize(
    ("typed", "nearest"), [("/souces", "/sources"), ("/Help", "/help"), ("/exit", "")]
)
def test_an_unknown_command_is_told_with_the_nearest_there_is(typed, nearest, talk):
    with pytest.raises(UsageError) as error:
        shown(talk, typed)
    assert str(error.value).startswith(f"There is no command {typed}: ")
    assert (f"{nearest} is the nearest" in str(error.value)) == bool(nearest)


# ---------------------------------------------------------------- documents are untrusted


EVIL = "\x1b]0;owned\x07\x1b[2J[bold]Cats[/bold] <img src=x> `sleep` \x9b31mall day\u202e."


@pytest.fixture
def hostile(bot: QA) -> Conversation:
    (Path(bot.settings.seeds) / "evil\x1b[31m.txt").write_text(
        f"{EVIL}\n\n{EVIL} They do.", encoding="utf-8"
    )
    bot.prepare()
    return Conversation(bot)


def test_a_hostile_document_does_nothing_through_any_command(hostile, tmp_path):
    text = shown(hostile, "What do cats do?")
    for line in ("/sources", "/open 1", "/history", "/filter path~evil\x1b[31m", "/filter"):
        text += shown(hostile, line)
    assert "[bold]Cats[/bold] <img src=x> `sleep` all day." in text
    assert not set(text) & set("\x1b\x07\x9b\u202e")


def test_a_hostile_document_is_no_markup_in_a_saved_conversation(hostile, tmp_path):
    shown(hostile, "What do cats do?")
    shown(hostile, f"/save {tmp_path / 'talk.md'}")
    text = (tmp_path / "talk.md").read_text(encoding="utf-8")
    assert "Cats&#91;/bold&#93; &lt;img src=x&gt; \\`sleep\\`" in text
    assert not set(text) & set("\x1b\x07\x9b\u202e<")


# ---------------------------------------------------------------- through pipes


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of the seed article, and a home of its own."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "seeds").mkdir()
    (folder / "seeds" / SEED.name).write_bytes(SEED.read_bytes())
    QA.open(folder / "vectors", seeds=folder / "seeds").prepare()
    return folder


def piped(folder: Path, lines: str | bytes, *arguments: str) -> subprocess.CompletedProcess[str]:
    run = subprocess.run(
        [Path(sys.executable).parent / "qa", "chat", *arguments],
        input=lines if isinstance(lines, bytes) else lines.encode(),
        cwd=folder,
        env=os.environ | {"XDG_STATE_HOME": str(folder / "state")},
        capture_output=True,
        timeout=120,
    )
    return subprocess.CompletedProcess(
        run.args, run.returncode, run.stdout.decode(), run.stderr.decode()
    )


def test_lines_that_are_piped_are_answered_plainly(project):
    run = piped(project, f"{QUESTION}\n\n{FOLLOW_UP}\n/open 1\n")
    assert (run.returncode, run.stderr) == (0, "")
    first, second, opened, rest = run.stdout.split("\n\n", 3)
    assert first.startswith("In addition, the minister noted")
    assert second.startswith("searching for: ")
    assert f"seeds/{SEED.name}:" in opened
    assert "\n▌ " in f"\n{rest}"
    assert "\x1b" not in run.stdout
    assert not (project / "state").exists(), "a program's questions are nobody's history"


def test_json_is_an_object_a_line_as_of_ask(project, qa):
    run = piped(project, f"{QUESTION}\n/top 2\n{FOLLOW_UP}\n/quit\nNever asked?\n", "--json")
    assert run.returncode == 0
    first, second = map(json.loads, run.stdout.splitlines())
    alone = json.loads(qa("ask", QUESTION, "--json", cwd=project).stdout)
    assert list(first) == list(alone)
    assert list(first["passages"][0]) == list(alone["passages"][0])
    assert first["answer"] == alone["answer"]
    assert second["searched_for"] != FOLLOW_UP
    assert len(second["passages"]) == 2
    assert run.stderr == "2 passages an answer, at most\n\n"


def test_an_error_is_a_sentence_and_the_chat_goes_on(project):
    lines = f"{'x' * 5000}\n/nonsense\n{QUESTION}\n"
    run = piped(project, lines, "--json")
    assert run.returncode == 2
    assert [line[:7] for line in run.stderr.splitlines()] == ["Error: ", "Error: "]
    failed, answered = map(json.loads, run.stdout.splitlines())
    assert list(failed) == ["question", "error"]
    assert "at most 4,000" in failed["error"]
    assert answered["answered"] is True
    assert "Shusha" in piped(project, lines).stdout


def test_bytes_that_are_no_text_are_asked_as_they_can_be(project):
    run = piped(project, b"Who met \xff\xfe?\n")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout


def test_a_chat_starts_and_fails_as_other_commands_do(project, tmp_path):
    (tmp_path / "seeds").mkdir()
    run = piped(tmp_path, QUESTION)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("Error: No document could be read in seeds")
    (tmp_path / "seeds" / SEED.name).write_bytes(SEED.read_bytes())
    run = piped(tmp_path, QUESTION)
    assert "ingesting seeds first" in run.stderr
    assert "Shusha" in run.stdout
    assert piped(tmp_path, QUESTION, "--where", "nonsense").returncode == 2
    assert piped(tmp_path, QUESTION, "--top-k", "0").returncode == 2
    assert "No passage is left" in piped(tmp_path, QUESTION, "--where", "date<2000").stdout


def test_a_reader_gets_each_answer_before_it_asks_the_next_question(project):
    with subprocess.Popen(
        [Path(sys.executable).parent / "qa", "chat", "--json"],
        cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        for question in (QUESTION, FOLLOW_UP):
            process.stdin.write(f"{question}\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["question"] == question
        process.stdin.close()
        assert process.wait(timeout=30) == 0

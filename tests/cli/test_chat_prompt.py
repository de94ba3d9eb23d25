"""The prompt of a chat, driven through prompt_toolkit's own pipes; see `test_chat_terminal` for a
real terminal."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document as Line
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from qa import QA
from qa.cli.chat import history
from qa.cli.chat.completion import ChatCompleter
from qa.cli.chat.conversation import Conversation
from qa.cli.chat.history import open_history
from qa.cli.chat.prompt import Prompt
from qa.cli.chat.talking import Warming, talk
from qa.cli.screen import Screen
from qa.service import MAX_QUESTION

QUESTION = "What was chosen as the 2024 Cultural Capital?"


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as pipe:
        yield pipe


def prompt_over(bot: QA, keys: PipeInput, kept=None) -> Prompt:
    return Prompt(Conversation(bot), kept or InMemoryHistory(), input=keys, output=DummyOutput())


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("Who?\r", "Who?"),
        ("first\x1b\rsecond\r", "first\nsecond"),
        ("\x1b[200~one\ntwo\x1b[201~\r", "one\ntwo"),
        ("Whom\x7f?\r", "Who?"),
    ],
    ids=["enter sends", "alt+enter is a new line", "what is pasted keeps its lines", "backspace"],
)
def test_keys(typed, line, seed_bot, keys):
    keys.send_text(typed)
    assert prompt_over(seed_bot, keys).read() == line


def test_ctrl_c_cancels_and_ctrl_d_leaves(seed_bot, keys):
    prompt = prompt_over(seed_bot, keys)
    keys.send_text("half a quest\x03")
    with pytest.raises(KeyboardInterrupt):
        prompt.read()
    keys.send_text("\x04")
    with pytest.raises(EOFError):
        prompt.read()


def test_the_line_at_the_bottom_says_what_is_asked(seed_bot, keys):
    prompt = prompt_over(seed_bot, keys)
    keys.send_text("x\r")
    prompt.read()
    ((_, text),) = prompt._toolbar()
    assert text.endswith(" · 1 document · quotes only · /help")
    prompt._conversation.narrow("date>=2023")
    assert "filter: date>=2023" in prompt._toolbar()[0][1]
    writing = QA.open(
        seed_bot.store.folder, llm_base_url="http://127.0.0.1:9/v1", llm_model="tiny\x1b[31m"
    )
    assert "written by tiny · /help" in prompt_over(writing, keys)._toolbar()[0][1]


# ---------------------------------------------------------------- a whole chat


def chat(bot: QA, keys: PipeInput, typed: str, capsys: pytest.CaptureFixture[str]) -> str:
    prompt = prompt_over(bot, keys)
    keys.send_text(typed)
    talk(prompt._conversation, prompt, Screen())
    return capsys.readouterr().out


def test_a_chat_goes_on_after_errors_and_cancelled_lines(seed_bot, keys, capsys):
    out = chat(seed_bot, keys, f"/open 1\r\r/nope\rhalf\x03{QUESTION}\r/sources\r\x04", capsys)
    assert "Nothing was asked yet" in out
    assert "There is no command /nope" in out
    assert out.count("Shusha") == 2


def test_quit_leaves(seed_bot, keys, capsys):
    assert "Shusha" not in chat(seed_bot, keys, f"/quit\r{QUESTION}\r", capsys)


def test_ctrl_c_stops_an_answer_and_the_chat_goes_on(seed_bot, keys, capsys):
    class Slow(QA):
        """Is interrupted while it answers, the first time."""

        stopped = False

        def stream(self, ask):
            steps = super().stream(ask)
            if not self.stopped:
                self.stopped = True
                signal.raise_signal(signal.SIGINT)
            yield from steps

    out = chat(Slow(seed_bot.settings), keys, f"{QUESTION}\r/history\r{QUESTION}\r\x04", capsys)
    stopped, after = out.split("Nothing was asked yet.")
    assert "Stopped" in stopped
    assert "Shusha" not in stopped
    assert "Shusha" in after


def test_the_model_is_loaded_and_examples_are_found_while_the_person_types(seed_bot):
    bot = QA.open(seed_bot.store.folder)
    warming = Warming(Conversation(bot))
    done = []
    warming.on_done = lambda: done.append(True)
    warming.start()
    warming.join(60)
    bot.check_ready()
    assert done
    assert warming.examples
    assert all(bot.ask(example).answered for example in warming.examples)


def test_a_store_of_another_model_is_told_while_the_person_types(seed_bot, tmp_path, capsys):
    bot = QA.open(seed_bot.store.folder, model="no/such")
    Warming(Conversation(bot)).run()
    assert capsys.readouterr().err.startswith("Error: There is no model 'no/such'")


# ---------------------------------------------------------------- completion


def offered(talk: Conversation, typed: str, *examples: str) -> list[str]:
    completer = ChatCompleter(talk, lambda: examples)
    found = completer.get_completions(Line(typed), CompleteEvent())
    return [typed[: len(typed) + each.start_position] + each.text for each in found]


@pytest.fixture
def library(bot: QA) -> Conversation:
    folder = bot.settings.seeds
    (folder / "cats.md").write_text(
        "---\ntitle: On Cats\ndate: 2023-05-01\nauthor: Ada Lovelace\n---\nCats sleep all day long."
    )
    (folder / "dogs.md").write_text("---\ntitle: '= Dogs'\n---\nDogs bark at the postman often.")
    (folder / "evil\x1b[31m.md").write_text('---\ntitle: "Evil\u202e"\n---\nIt reads backwards.')
    bot.prepare()
    return Conversation(bot)


def test_commands_are_completed(library):
    assert offered(library, "/s") == ["/sources", "/save ", "/save! "]
    assert offered(library, "/nothing") == offered(library, "//s") == offered(library, "so") == []


def test_filters_are_completed_by_what_the_documents_have(library):
    assert offered(library, "/filter da") == ["/filter date>=", "/filter date<"]
    assert "/filter author=" in offered(library, "/filter ")
    assert offered(library, "/filter title~cat") == ["/filter title~On Cats"]
    titles = offered(library, "/filter title=")
    assert titles == ['/filter title="= Dogs"', "/filter title=On Cats"]
    assert offered(library, "/filter date>=") == ["/filter date>=2023-05-01"]
    assert offered(library, "/filter author=ada") == ["/filter author=Ada Lovelace"]
    for completed in titles + offered(library, "/filter path=cats"):
        library.widen()
        library.narrow(completed.removeprefix("/filter "))
        assert library.matching() == (1, 3)
    assert "/filter off" in offered(library, "/filter o")


def test_nothing_is_offered_that_acts_on_a_terminal(library):
    every = offered(library, "/filter title=") + offered(library, "/filter path=")
    assert len(every) == 4
    assert not set("".join(every)) & set("\x1b\u202e")


def test_sources_are_completed_by_number(seed_bot):
    talk = Conversation(seed_bot)
    assert offered(talk, "/open ") == []
    list(talk.ask(QUESTION))
    assert offered(talk, "/open ") == [f"/open {number}" for number in range(1, 6)]


def test_files_and_examples_are_completed(seed_bot, tmp_path):
    (tmp_path / "talk.md").touch()
    talk = Conversation(seed_bot)
    assert offered(talk, f"/save {tmp_path}/ta") == [f"/save {tmp_path}/talk.md"]
    assert offered(talk, "", "Who?", "When?") == ["Who?", "When?"]
    assert offered(talk, "whe", "Who?", "When?") == ["When?"]


# ---------------------------------------------------------------- history


def test_what_was_typed_is_kept_where_only_the_user_can_read_it(seed_bot, tmp_path, keys):
    path = tmp_path / "state" / "chat-history"
    keys.send_text(f"{QUESTION}\r")
    prompt_over(seed_bot, keys, open_history(path)).read()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    assert list(open_history(path).load_history_strings()) == [QUESTION]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_history_is_capped(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "MOST", 3)
    path = tmp_path / "chat-history"
    for number in range(5):
        open_history(path).store_string(f"question\n{number}")
    open_history(path).store_string("x" * (MAX_QUESTION + 1))
    kept = list(open_history(path).load_history_strings())
    assert kept == ["question\n4", "question\n3", "question\n2"]
    assert [file.name for file in tmp_path.iterdir()] == ["chat-history"]


def test_without_a_place_for_it_the_history_lasts_as_long_as_the_chat(tmp_path):
    (tmp_path / "file").touch()
    kept = open_history(tmp_path / "file" / "chat-history")
    kept.append_string("Who?")
    assert kept.get_strings() == ["Who?"]

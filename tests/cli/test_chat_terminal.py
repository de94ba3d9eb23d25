"""A chat in a real terminal, 80 by 24, as a person has it: tmux types and looks."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qa import QA
from tests.conftest import SEED

pytestmark = pytest.mark.slow

QUESTION = "What was chosen as the 2024 Cultural Capital?"
BOTTOM = "quotes only · /help"
EVIL = "\x1b[2J\x1b[H\x1b]0;owned\x07\x1b[31m\x1b[?1049h\x9b5mCats\u202e sleep all day long."


class Terminal:
    """A tmux server of its own, with one window in which `qa chat` runs."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        tmux = shutil.which("tmux")
        assert tmux, "tmux is missing: apt install tmux"
        self._tmux = [tmux, "-u", "-L", f"qa-{uuid.uuid4().hex}", "-f", os.devnull]
        qa = Path(sys.executable).parent / "qa"
        script = f"{shlex.join([str(qa), 'chat', *arguments])}; echo left with $?; exec cat"
        command = ["new-session", "-d", "-x", "80", "-y", "24", script]
        environment = os.environ | {
            "LC_ALL": "C.UTF-8",
            "XDG_STATE_HOME": str(folder / "state"),
        }
        subprocess.run([*self._tmux, *command], cwd=folder, env=environment, check=True)

    def _run(self, *arguments: str) -> str:
        run = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, text=True, check=False, timeout=20
        )
        return run.stdout

    def type(self, text: str) -> None:
        self._run("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def enter(self, text: str) -> None:
        self.type(text)
        self.press("Enter")

    def paste(self, text: str) -> None:
        self._run("set-buffer", text)
        self._run("paste-buffer", "-p")  # bracketed, as terminals do it

    def screen(self, *, everything: bool = False, escapes: bool = False) -> str:
        past = ["-S", "-"] if everything else []
        return self._run("capture-pane", "-p", *past, *(["-e"] if escapes else []))

    def sees(self, *texts: str, seconds: float = 30) -> str:
        """The screen once it shows some texts, ignoring where lines end."""
        return self.until(lambda screen: all(text in _flat(screen) for text in texts), seconds)

    def until(self, holds: Callable[[str], bool], seconds: float = 30) -> str:
        deadline = time.monotonic() + seconds
        while not holds(screen := self.screen()):
            assert time.monotonic() < deadline, screen
            time.sleep(0.05)
        return screen

    def clear(self) -> None:
        """An empty screen with a new prompt."""
        self.press("C-l")
        self.until(lambda screen: screen.startswith(">"))

    def cancel(self) -> None:
        """Ctrl-C; returns at the next prompt: what is typed before it is there is anybody's."""
        before = self._cursor()
        self.press("C-c")
        self.until(lambda screen: self._cursor() > before and self._cursor()[1] == 2)

    def _cursor(self) -> tuple[int, int]:
        """Line and column."""
        line, column = self._run("display-message", "-p", "#{cursor_y} #{cursor_x}").split()
        return int(line), int(column)

    def leave(self) -> None:
        self.press("C-d")
        self.sees("left with 0")

    def close(self) -> None:
        self._run("kill-server")


def _flat(screen: str) -> str:
    return " ".join(screen.split())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a store of the seed article."""
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / SEED.name).write_bytes(SEED.read_bytes())
    QA.open(tmp_path / "vectors", seeds=tmp_path / "seeds").prepare()
    return tmp_path


@pytest.fixture
def start(project: Path) -> Iterator[Callable[..., Terminal]]:
    """Begins a chat and waits for its prompt."""
    opened: list[Terminal] = []

    def begin(*arguments: str) -> Terminal:
        opened.append(Terminal(project, *arguments))
        opened[-1].sees("> ", "1 document", BOTTOM)
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


def test_a_conversation(start, project):
    chat = start()
    chat.enter(QUESTION)
    screen = chat.sees("city of Shusha", "[1] · ", "% sure", "5. Minister of Foreign Affairs")
    assert "searching for:" not in screen
    assert all(len(line) <= 80 for line in screen.splitlines())

    chat.enter("And who did he meet there?")
    chat.sees("searching for: ")

    chat.clear()
    chat.enter("/sources")
    chat.sees("5. 0.", BOTTOM)
    past = _flat(chat.screen(everything=True))
    assert "1. 0." in past
    assert "Almalik expressed satisfaction with the visit" in past

    chat.clear()
    chat.enter("/open 1")
    chat.sees("▌ ", BOTTOM)

    chat.clear()
    chat.enter("/filter date>=2024")
    chat.sees("0 of 1 document", "filter: date>=2024 · quotes only")
    chat.enter(QUESTION)
    chat.sees("No passage is left by the filter: /filter off lifts it.")
    chat.enter("/filter off")
    chat.sees("no filter · 1 document")

    chat.enter("/save talk.md")
    chat.sees("saved to talk.md")
    assert "Shusha" in (project / "talk.md").read_text(encoding="utf-8")
    chat.leave()
    assert (project / "state" / "qa" / "chat-history").stat().st_mode & 0o777 == 0o600


def test_keys(start):
    chat = start()
    chat.type("first line")
    chat.press("M-Enter")
    chat.type("second line")
    chat.sees("> first line second line")
    chat.cancel()
    chat.clear()

    chat.paste("pasted one\npasted two")
    chat.sees("> pasted one pasted two", BOTTOM)
    chat.cancel()
    chat.clear()

    chat.type("/sou")
    chat.sees("the passages of the last answer, in full")
    chat.press("Tab")
    chat.sees("> /sources")
    chat.press("Enter", "Enter")  # the completion, then the line
    chat.sees("Nothing was asked yet")

    chat.clear()
    chat.until(lambda screen: "?" in screen.splitlines()[0])  # an example, in grey
    chat.type("Wha")
    chat.press("Tab")
    chat.sees('> What was chosen as the "Cultural Capital of the Islamic World" for 2024?')
    chat.cancel()
    chat.clear()

    chat.press("Up")
    chat.sees("> /sources", BOTTOM)
    chat.cancel()
    chat.clear()
    chat.press("C-r")
    chat.type("SOUR")
    chat.sees("> /sources", "search")
    chat.press("Enter")  # the search is over, the line is there
    chat.until(lambda screen: "search" not in screen)
    chat.cancel()
    chat.leave()


def test_what_was_typed_is_there_the_next_time_unless_it_is_not_to_be(start, project):
    chat = start()
    chat.enter("/top 3")
    chat.sees("3 passages an answer")
    chat.leave()
    again = start()
    again.press("Up")
    again.sees("> /top 3")
    again.cancel()
    again.leave()
    kept = (project / "state" / "qa" / "chat-history").read_bytes()
    silent = start("--no-history")
    silent.enter("/top 4")
    silent.sees("4 passages an answer")
    silent.leave()
    assert (project / "state" / "qa" / "chat-history").read_bytes() == kept


def test_a_hostile_document_does_nothing_to_the_screen(start, project):
    (project / "seeds" / "evil.md").write_text(
        f'---\ntitle: "{EVIL.encode("unicode_escape").decode()}"\n---\n{EVIL}', encoding="utf-8"
    )
    bot = QA.open(project / "vectors", seeds=project / "seeds")
    bot.ingest()
    chat = Terminal(project, "--where", "path=evil.md")
    try:
        chat.sees("2 documents", BOTTOM)
        chat.enter("What do cats do?")
        chat.sees("> What do cats do?", "Cats sleep all day long.", "1. ")
        chat.enter("/sources")
        chat.enter("/open 1")
        chat.sees("▌ Cats sleep all day long.")
        chat.type("/filter title~Cats")
        chat.sees("> /filter title~Cats", BOTTOM)
        everything = chat.screen(everything=True)
        assert everything.startswith("Ask your documents."), "nothing was cleared"
        assert chat._run("display-message", "-p", "#{alternate_on}").strip() == "0"
        assert "owned" not in chat._run("display-message", "-p", "#{pane_title}")
        seen = chat.screen(escapes=True)
        assert not any(code in seen for code in ("\x1b[31m", "\x1b[5m", "\u202e"))
    finally:
        chat.close()

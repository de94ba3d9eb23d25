"""A real Chromium on the page of a real server: nothing in it may fail, nothing leaves the machine.

The page's content security policy is in force, but for axe, which has to be put into the page.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from qa.embedding import Embedder
from tests.conftest import SEED
from tests.http.conftest import serving

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DOCUMENTS = {
    "hall.txt": "The town hall was built in 1911.",
    "light.txt": "The lighthouse on the cape is kept by Ann Berg, who lives there with her two "
    "dogs. It was built in 1888.",
    "minutes-2019.md": "---\ntitle: Minutes of the old board\ndate: 2019-03-12\n---\n\n"
    "The annual fee of the harbour is forty euros.",
    "minutes-2024.md": "---\ntitle: Minutes of the new board\ndate: 2024-03-12\n---\n\n"
    "The annual fee of the harbour is ninety euros.",
}
SEED_QUESTION = "What was chosen as the 2024 Cultural Capital?"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder need Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


Serve = Callable[..., str]


@pytest.fixture(scope="session", autouse=True)
def _exported(embedder: Embedder) -> None:
    """The model is exported before any server starts, which waits for it no minute."""


@contextmanager
def served(folder: Path, documents: dict[str, str], **environment: str) -> Iterator[str]:
    """A server over some documents, by file name; gives its address."""
    for name, text in documents.items():
        (folder / "seeds").mkdir(exist_ok=True)
        (folder / "seeds" / name).write_text(text, encoding="utf-8")
    with serving(folder, **environment) as address:
        yield address


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page over the seed article and `DOCUMENTS`; tests only read it."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "seeds").mkdir()
    shutil.copy(SEED, folder / "seeds")
    with served(folder, DOCUMENTS) as address:
        yield address


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server of the test's own in ``tmp_path``, over documents by file name."""
    with ExitStack() as stack:

        def start(documents: dict[str, str], **environment: str) -> str:
            return stack.enter_context(served(tmp_path, documents, **environment))

        yield start


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """What a page must never do, as it was seen doing it."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.expected: list[str] = []
        """Parts of messages that a test provokes on purpose."""

    def watch(self, context: BrowserContext) -> None:
        context.on("page", self._page)
        context.on("request", lambda request: self._request(request.url))

    def _page(self, page: Page) -> None:
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.failed.append(f"error: {error}"))
        page.on("dialog", self._dialog)

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.failed.append(f"{kind}: {text}")

    def _dialog(self, dialog: Any) -> None:
        self.failed.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        # The browser's own PDF viewer is an extension of it.
        if (
            parts.scheme not in ("data", "blob", "chrome", "chrome-extension")
            and parts.hostname != "127.0.0.1"
        ):
            self.failed.append(f"request: {url}")

    @property
    def unexpected(self) -> list[str]:
        return [seen for seen in self.failed if not any(part in seen for part in self.expected)]


NewPage = Callable[..., Page]


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    assert watched.unexpected == []


@pytest.fixture
def new_page(browser: Browser, watched: Watched) -> Iterator[NewPage]:
    """Opens an address in a browser of its own, with the context's options by name."""
    with ExitStack() as stack:

        def open_page(address: str, **options: Any) -> Page:
            options.setdefault("viewport", {"width": 1280, "height": 800})
            context = browser.new_context(**options)
            stack.callback(context.close)
            context.set_default_timeout(10_000)
            watched.watch(context)
            page = context.new_page()
            page.goto(address)
            return page

        yield open_page


@pytest.fixture
def page(library: str, new_page: NewPage) -> Page:
    """The page over `library`."""
    return new_page(library)


def ask(page: Page, question: str) -> None:
    """Asks and waits until it is answered."""
    page.fill("#question", question)
    page.press("#question", "Enter")
    turn = page.locator(".turn").last
    turn.locator(".foot").wait_for()


def answer(page: Page) -> str:
    """The last answer's sentence."""
    return page.locator(".turn").last.locator(".sentence .text").inner_text()


def in_view(page: Page, selector: str) -> bool:
    """Whether an element is within its window and not covered."""
    return bool(
        page.locator(selector).first.evaluate(
            """element => {
              const box = element.getBoundingClientRect();
              const at = document.elementFromPoint(box.x + box.width / 2, box.y + 8);
              return box.top >= 0 && box.bottom <= innerHeight && element.contains(at);
            }"""
        )
    )

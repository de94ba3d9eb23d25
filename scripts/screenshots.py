"""The README's pictures of the chat page, of the seed article: .github/screenshots/*.png.

Run in a checkout after ``pip install ".[browser]"``:  python scripts/screenshots.py

It needs Debian's chromium, and looks best with the fonts of fonts-inter and
fonts-crosextra-caladea. ImageMagick, where it is installed, leaves fewer colours and bytes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".github" / "screenshots"
QUESTION = "What was chosen as the 2024 Cultural Capital?"
MOST_BYTES = 200_000
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}


@contextmanager
def serving() -> Iterator[str]:
    """`qa serve` over the seed article, on a free port; gives its address."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "ada")
        shutil.copytree(ROOT / "seeds", folder / "seeds")
        command = [str(Path(sys.executable).parent / "qa"), "serve", "--port", "0"]
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(r"running on (http://\S+)", line):
                    yield found[1]
                    break
        finally:
            process.terminate()
            process.communicate()


def nothing_asked(page: Page) -> None:
    page.locator("#suggestions button").first.wait_for()


def answered(page: Page) -> None:
    page.fill("#question", QUESTION)
    page.press("#question", "Enter")
    page.locator(".cite").wait_for()


def source_open(page: Page) -> None:
    answered(page)
    page.click(".cite")
    page.locator(".hit mark").wait_for()


SHOTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "start-light": (nothing_asked, {"viewport": DESKTOP}),
    "source-light": (source_open, {"viewport": DESKTOP}),
    "source-dark": (source_open, {"viewport": DESKTOP, "color_scheme": "dark"}),
    "answer-phone": (answered, {"viewport": PHONE, "device_scale_factor": 2}),
    "source-phone": (
        source_open,
        {"viewport": PHONE, "device_scale_factor": 2, "color_scheme": "dark"},
    ),
}


def shoot(browser: Browser, address: str, name: str) -> Path:
    act, options = SHOTS[name]
    context = browser.new_context(reduced_motion="reduce", **options)
    page = context.new_page()
    page.goto(address)
    act(page)
    page.evaluate("document.fonts.ready")
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path, caret="hide", animations="disabled")
    context.close()
    return path


def shrink(path: Path) -> None:
    """Leaves 128 colours, which is what text on plain ground needs."""
    if convert := shutil.which("magick") or shutil.which("convert"):
        subprocess.run([convert, path, "+dither", "-colors", "128", f"PNG8:{path}"], check=True)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for name in SHOTS:
            path = shoot(browser, address, name)
            shrink(path)
            size = path.stat().st_size
            print(f"{path.relative_to(ROOT)}  {size:,} bytes")
            if size > MOST_BYTES:
                raise SystemExit(f"{path} is larger than {MOST_BYTES:,} bytes.")
        browser.close()


if __name__ == "__main__":
    main()

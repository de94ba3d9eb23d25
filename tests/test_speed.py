"""Speed as ratios within one run: machines differ, and this one may be busy."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

QA = str(Path(sys.executable).parent / "qa")


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


@pytest.mark.slow
def test_a_cold_ask_and_help_are_fractions_of_importing_sentence_transformers(seed_bot):
    ask = [QA, "ask", "Who met whom?", "--store", str(seed_bot.store.folder)]
    baseline = [sys.executable, "-c", "import sentence_transformers"]
    for command in (ask, [QA, "--help"], baseline):
        seconds(command)  # the first run reads from the disk
    rounds = [(seconds(ask), seconds([QA, "--help"]), seconds(baseline)) for _ in range(5)]
    ask_ratio = statistics.median(base / ask for ask, _, base in rounds)
    help_ratio = statistics.median(base / help_ for _, help_, base in rounds)
    print(f"import / ask = {ask_ratio:.1f}, import / help = {help_ratio:.1f}")
    assert ask_ratio > 6
    assert help_ratio > 20

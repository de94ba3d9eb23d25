"""A process as a whole: what it took, and what it and all that it started held in memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """What became of a process."""

    output: str
    seconds: float
    most_mb: float
    """The most memory that it and all below it held at a time; shared pages count in shares."""


def run_measured(command: str, *arguments: str | Path, **environment: str) -> Measured:
    """Runs a command of this environment (Linux only) that has to succeed."""
    began, most = time.monotonic(), 0.0
    with subprocess.Popen(
        [Path(sys.executable).parent / command, *arguments],
        env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        while process.poll() is None:
            most = max(most, _memory_mb(process.pid))
            time.sleep(0.05)
        seconds = time.monotonic() - began
        output, errors = process.communicate()
    assert process.returncode == 0, errors
    return Measured(output, seconds, most)


def _memory_mb(program: int) -> float:
    kilobytes = 0
    for pid in (program, *_below(program)):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended meanwhile
            continue
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024


def _below(program: int) -> list[int]:
    listed = subprocess.run(
        ["pgrep", "-P", str(program)], capture_output=True, text=True, check=False
    )
    children = [int(pid) for pid in listed.stdout.split()]
    return [*children, *(pid for child in children for pid in _below(child))]

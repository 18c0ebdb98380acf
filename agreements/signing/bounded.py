"""Opens files that came from outside in a process apart, bounded in time and memory.

A PDF of a few kilobytes can claim a million pages, unfold into gigabytes, or crash the library that draws it.
The child process (`agreements.signing.child`) gets the bytes by its standard input, no secret by its
environment, limits of its own (address space, processor seconds, no core dump), and answers by lines of JSON,
one as soon as it knows something: whatever stops it, the lines already written are kept.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
logger = logging.getLogger(__name__)

MEBIBYTE = 1024 * 1024
_SECONDS_BETWEEN_LOOKS = 0.05


@dataclass(frozen=True)
class Bounds:
    """How far a task may go: seconds in all, seconds without a new line, bytes of memory."""

    seconds: float
    silence: float
    memory: int


@dataclass(frozen=True)
class Answer:
    """What the child said: its lines in order, and why it was stopped ("" when it ended by itself).

    `stopped` is "time" (in all), "silence" (no new line), "memory", or "crash".
    """

    lines: tuple[dict[str, Any], ...]
    stopped: str = ""


def run_bounded(
    task: str,
    files: Sequence[bytes],
    options: dict[str, Any],
    *,
    bounds: Bounds,
    tick: Callable[[int], None] | None = None,
) -> Answer:
    """Run the task `task` of `agreements.signing.child` on `files`, with `options` (plain JSON), in `bounds`.

    `tick` is told the number of lines so far, several times a second: a caller that must give signs of life
    does it there, and may raise to stop the child. Raises nothing of its own.
    """
    header = {
        "task": task,
        "sizes": [len(content) for content in files],
        "options": options,
        "memory": bounds.memory,
        "cpu": int(bounds.seconds) + 1,
    }
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as answered,
        tempfile.TemporaryFile() as complained,
    ):
        given.write(json.dumps(header).encode() + b"\n")
        for content in files:
            given.write(content)
        given.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "agreements.signing.child"],
            stdin=given,
            stdout=answered,
            stderr=complained,
            cwd=ROOT,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        )
        try:
            stopped = _wait(process, answered, bounds, tick)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        lines = _lines(answered)
        if process.returncode > 0:
            complaint = os.pread(complained.fileno(), MEBIBYTE, 0).decode(errors="replace")
            logger.error("the task %s failed in its process: %s", task, complaint[-2000:])
    if lines and lines[-1].get("stopped"):
        return Answer(tuple(lines[:-1]), str(lines[-1]["stopped"]))
    return Answer(tuple(lines), stopped or ("crash" if process.returncode else ""))


def _wait(
    process: subprocess.Popen[bytes], answered: IO[bytes], bounds: Bounds, tick: Callable[[int], None] | None
) -> str:
    """Wait for the end of the child; why it must be stopped, or ""."""
    started = heard = time.monotonic()
    size = count = 0
    while process.poll() is None:
        now = time.monotonic()
        if (grown := os.fstat(answered.fileno()).st_size) != size:
            size, heard = grown, now
            count = len(_lines(answered))
        if now - started > bounds.seconds:
            return "time"
        if now - heard > bounds.silence:
            return "silence"
        if tick is not None:
            tick(count)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return ""


def _lines(answered: IO[bytes]) -> list[dict[str, Any]]:
    """The whole lines written so far, read without moving the position at which the child writes."""
    size = os.fstat(answered.fileno()).st_size
    text = os.pread(answered.fileno(), size, 0)
    return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]

"""The process apart in which files from outside are opened: `python -m agreements.signing.child`.

Its standard input is a line of JSON (task, sizes of the files, options, limits), then the files; its standard
output is lines of JSON. See `agreements.signing.bounded`, which starts it.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

# task → module and function: a function takes the files and the options and yields lines. Imported only here,
# so that the libraries that open a PDF are never loaded by the process that serves pages.
TASKS = {
    "upload": ("agreements.signing.upload_reading", "read_upload"),
    "signatures": ("agreements.signing.pades_reading", "read_signatures"),
    "codes": ("agreements.signing.scan_reading", "read_codes"),
    "picture": ("agreements.signing.scan_reading", "draw_page"),
}
Task = Callable[[list[bytes], dict[str, Any]], Iterator[dict[str, Any]]]


def main() -> None:
    header = json.loads(sys.stdin.buffer.readline())
    _limit(memory=header["memory"], cpu=header["cpu"])
    files = [sys.stdin.buffer.read(size) for size in header["sizes"]]
    module, function = TASKS[header["task"]]
    try:
        task: Task = getattr(importlib.import_module(module), function)
        for line in task(files, header["options"]):
            _say(line)
    except MemoryError:
        _say({"stopped": "memory"})
    except RecursionError:
        _say({"stopped": "crash"})


def _limit(*, memory: int, cpu: int) -> None:
    """Never more than this, whatever the libraries below do."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXCPU, _out_of_time)


def _out_of_time(_signal: int, _frame: FrameType | None) -> None:
    _say({"stopped": "time"})
    os._exit(1)


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

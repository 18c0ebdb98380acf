"""The heads of the journal outside the database: one line a day in a file that only grows.

A line is JSON: {"at": moment in UTC, "sequence": number, "hash": hexadecimal}. The folder is
`settings.JOURNAL_HEAD_DIR`; whoever administers the database should not be able to write there.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from contracts.chain import Head

FILE_NAME = "journal-heads.jsonl"
_HASH = re.compile(r"[0-9a-f]{64}")


class UnreadableHeads(Exception):
    """The file of the heads cannot be read; the French sentence says where."""


def append_head(folder: Path, head: Head) -> Path:
    """Write `head` at the end of the file of `folder`, down to the disk; the path of the file.

    OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    line = json.dumps({"at": head.at, "sequence": head.sequence, "hash": head.hash}) + "\n"
    # One write at the end of the file: two processes at once leave two whole lines.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return path


def read_heads(folder: Path) -> list[Head]:
    """The heads of the file of `folder`, oldest first; none when there is no file yet.

    Raises UnreadableHeads for a line that is not a head: somebody wrote in the file, or the disk is damaged.
    """
    path = folder / FILE_NAME
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableHeads(f"Le fichier des têtes {path} ne se lit pas : {error}.") from error
    return [_head(line, number, path) for number, line in enumerate(lines, start=1)]


def _head(line: str, number: int, path: Path) -> Head:
    try:
        content = json.loads(line)
        head = Head(int(content["sequence"]), str(content["hash"]), str(content["at"]))
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableHeads(
            f"La ligne {number} du fichier des têtes {path} est illisible : il a été modifié ou abîmé."
        ) from error
    if head.sequence < 0 or not _HASH.fullmatch(head.hash):
        raise UnreadableHeads(f"La ligne {number} du fichier des têtes {path} n’est pas une tête de journal.")
    return head

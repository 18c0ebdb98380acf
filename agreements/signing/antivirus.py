"""Asks a ClamAV daemon (clamd) whether a file carries a virus, by its INSTREAM command.

Source: clamd(8). The daemon is reached by TCP or by a Unix socket, and gets the bytes themselves, never a
path: it needs no access to the stored files. Its answer is a line: `stream: OK`, `stream: <name> FOUND`, or
an error.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

from cdppe.lib.errors import RuleViolation

DEFAULT_PORT = 3310
SECONDS = 60
_PIECE = 64 * 1024
_LONGEST_ANSWER = 4096


class AntivirusUnavailable(RuleViolation):
    """The antivirus does not answer, or not as it should: nothing is known of the file."""


class FileInfected(RuleViolation):
    """The antivirus found something in the file; the sentence names it."""


@dataclass(frozen=True)
class Screening:
    """What the antivirus says: `threat` is the name of what it found, "" when it found nothing."""

    threat: str

    @property
    def is_clean(self) -> bool:
        return not self.threat


def screen(content: bytes, url: str, *, seconds: float = SECONDS) -> Screening:
    """Have `content` screened by the daemon at `url`: tcp://host:port or unix:///path.

    Raises `AntivirusUnavailable` when no verdict comes within `seconds` a step.
    """
    try:
        with _connected(url, seconds) as link:
            link.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), _PIECE):
                piece = content[start : start + _PIECE]
                link.sendall(struct.pack("!I", len(piece)) + piece)
            link.sendall(struct.pack("!I", 0))
            answer = _answer(link)
    except OSError as error:
        raise AntivirusUnavailable(
            "L’antivirus ne répond pas : le fichier est conservé, mais il ne sera ni ouvert ni transmis "
            "avant d’avoir été analysé. Réessayez dans quelques minutes."
        ) from error
    if answer == "stream: OK":
        return Screening("")
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        return Screening(answer.removeprefix("stream: ").removesuffix(" FOUND"))
    raise AntivirusUnavailable(
        "L’antivirus n’a pas pu analyser ce fichier : il est conservé, mais ne sera ni ouvert ni transmis. "
        "Signalez-le à l’assistance."
    )


def require_clean(content: bytes, url: str, *, is_required: bool) -> None:
    """Refuse what is found infected, or what cannot be screened while it must be: nothing is kept of it.

    `url` is "" without a daemon: `is_required` then says whether the file goes through all the same.
    """
    if not url:
        if is_required:
            raise AntivirusUnavailable(
                "Aucun antivirus n’est configuré : le fichier n’est ni reçu ni envoyé. Prévenez l’assistance."
            )
        return
    try:
        found = screen(content, url)
    except AntivirusUnavailable as silence:
        raise AntivirusUnavailable(
            "L’antivirus n’a pas pu analyser ce fichier : il n’est ni reçu ni envoyé avant de l’avoir été. "
            "Réessayez dans quelques minutes."
        ) from silence
    if not found.is_clean:
        raise FileInfected(
            f"L’antivirus a trouvé un virus dans ce fichier ({found.threat[:200]}) : il n’est pas "
            "accepté, ni envoyé à personne. Prévenez la personne dont il vient."
        )


def _connected(url: str, seconds: float) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(seconds)
        try:
            link.connect(parts.path)
        except OSError:
            link.close()
            raise
        return link
    return socket.create_connection((parts.hostname, parts.port or DEFAULT_PORT), timeout=seconds)


def _answer(link: socket.socket) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < _LONGEST_ANSWER:
        piece = link.recv(_LONGEST_ANSWER)
        if not piece:
            break
        answer += piece
    return answer.split(b"\0")[0].decode(errors="replace").strip()

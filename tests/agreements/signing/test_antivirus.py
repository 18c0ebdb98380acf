"""The conversation with clamd, with a daemon of the test."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agreements.signing.antivirus import AntivirusUnavailable, Screening, screen

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Daemon(socketserver.BaseRequestHandler):
    """Answers INSTREAM as clamd does: knows one virus."""

    answer = b""

    def handle(self) -> None:
        assert self._read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!I", self._read(4))[0]:
            content += self._read(size)
        found = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"
        self.request.sendall(self.answer or found)

    def _read(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            piece = self.request.recv(size - len(read))
            assert piece
            read += piece
        return read


@contextmanager
def clamd(answer: bytes = b"") -> Iterator[str]:
    """The address of a daemon; with `answer`, that is all it ever says."""
    handler = type("Handler", (Daemon,), {"answer": answer})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_clean_file_is_clean_and_a_virus_is_named() -> None:
    with clamd() as url:
        assert screen(b"%PDF-1.7" + b"x" * 200_000, url) == Screening("")
        assert screen(b"%PDF-1.7" + b"x" * 65_530 + EICAR, url) == Screening("Eicar-Test-Signature")


def test_a_unix_socket_does_as_well(tmp_path: Path) -> None:
    path = tmp_path / "clamd.ctl"
    with socketserver.ThreadingUnixStreamServer(str(path), Daemon) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        assert screen(b"%PDF-1.7", f"unix://{path}").is_clean
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"\0", b"stream: OK maybe\0"])
def test_any_other_answer_is_no_verdict(answer: bytes) -> None:
    with clamd(answer) as url, pytest.raises(AntivirusUnavailable):
        screen(b"%PDF-1.7", url)


def test_no_daemon_is_no_verdict() -> None:
    with pytest.raises(AntivirusUnavailable, match="ne répond pas"):
        screen(b"%PDF-1.7", "tcp://127.0.0.1:9", seconds=2)

"""Print the first free TCP port of an address: `python free_port.py HOST FIRST`."""

import itertools
import socket
import sys


def first_free_port(host: str, first: int) -> int:
    """The first port from `first` on that nothing listens on."""
    for port in itertools.count(first):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise AssertionError("unreachable")


if __name__ == "__main__":
    sys.stdout.write(f"{first_free_port(sys.argv[1], int(sys.argv[2]))}\n")

"""From where the program is being used right now: an address on the network, a command, a background task.

The middleware of `cdppe.accounts.middleware` and the task class of `cdppe.celery` say it; what nobody said is
a command. Each thread and each request has its own (a ContextVar).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

COMMAND = "commande"
BACKGROUND_TASK = "tâche de fond"
UNKNOWN_ADDRESS = "adresse inconnue"

# Enough to tell an institution's network from another one, too little to point at a device or a home.
KEPT_BITS = {4: 24, 6: 48}

_origin: ContextVar[str] = ContextVar("origin", default=COMMAND)


def current_origin() -> str:
    """Where the gesture in course comes from, as the journal writes it."""
    return _origin.get()


@contextmanager
def coming_from(origin: str) -> Iterator[None]:
    """Within it, gestures come from `origin`."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def told(origin: str) -> str:
    """`origin` as people read it after a gesture; "" for one that was not kept."""
    if not origin:
        return ""
    said = {
        COMMAND: "par une commande du serveur",
        BACKGROUND_TASK: "par une tâche de fond du site",
        UNKNOWN_ADDRESS: "d’une adresse inconnue",
    }
    return said.get(origin) or f"depuis le réseau {origin}"


def network_of(address: str) -> str:
    """The network of `address`, without what would single out a machine.

    >>> network_of("192.0.2.77"), network_of("2001:db8:1:2::3"), network_of("::ffff:192.0.2.77")
    ('192.0.2.0/24', '2001:db8:1::/48', '192.0.2.0/24')
    >>> network_of("unix:")
    'adresse inconnue'
    """
    try:
        read = ipaddress.ip_address(address.strip())
    except ValueError:
        return UNKNOWN_ADDRESS
    if isinstance(read, ipaddress.IPv6Address) and read.ipv4_mapped is not None:
        read = read.ipv4_mapped
    return str(ipaddress.ip_network((read, KEPT_BITS[read.version]), strict=False))

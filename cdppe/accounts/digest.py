"""The sections of the daily digest: each app that has something to tell people by e-mail registers its own.

`register_digest_section("calendar", due_lines, position=10)` in an `AppConfig.ready()`. The builder is asked
for one person on one day and gives what that person should be told that day; what was told once (same
section, same key) is taken out here, so that a builder need not remember anything.

The e-mail holds no more than its sections' lines: a builder gives only what the person may see.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from cdppe.accounts.models import DigestSettings, User


@dataclass(frozen=True)
class DigestLine:
    """One thing to tell: `key` (120 characters at most) names it for ever, `path` is an address of the site.

    « contract.38-2030/step.12/late/2030-10-15 »: a key that holds the date tells again when the date moves.
    """

    key: str
    text: str
    path: str


@dataclass(frozen=True)
class DigestSection:
    """A title and its lines, the most urgent first."""

    title: str
    lines: tuple[DigestLine, ...]


Builder = Callable[[User, DigestSettings, dt.date], DigestSection | None]


@dataclass(frozen=True)
class _Registered:
    code: str
    builder: Builder
    position: int


_sections: dict[str, _Registered] = {}


def register_digest_section(code: str, builder: Builder, *, position: int = 100) -> None:
    """Have `builder(user, settings, on)` asked for its lines; None or no line means nothing to tell.

    `settings` are the person's: a builder honours what concerns it (`tells_late`, `tells_exchanges`…); the
    frequency is honoured before. Raises ValueError for a code that another builder already has.
    """
    if code in _sections and _sections[code].builder is not builder:
        raise ValueError(f"digest section {code} is registered twice")
    _sections[code] = _Registered(code, builder, position)


def digest_sections() -> tuple[tuple[str, Builder], ...]:
    """(code, builder) of every section, in the order of the e-mail."""
    ordered = sorted(_sections.values(), key=lambda each: (each.position, each.code))
    return tuple((each.code, each.builder) for each in ordered)

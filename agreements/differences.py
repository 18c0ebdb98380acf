"""What changed between a version and another text of the contract, entry by entry, as people read it (K4).

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from agreements.comparison import ChangedField, compare
from agreements.content import Entry

SECRET_FIELDS = frozenset({"account"})
"""Entries that hold the bank account in clear: that it changed is said, never what it was or is."""

HIDDEN = "modifié (masqué)"

CONTEXT = 60
"""Letters kept on each side of what differs in a long text."""


@dataclass(frozen=True)
class Difference:
    """One entry that differs in two texts: where it is, what it said, what it says ("" for nothing)."""

    object_label: str
    field_label: str
    before: str
    after: str


def differences(before: Iterable[Entry], after: Iterable[Entry]) -> tuple[Difference, ...]:
    """The entries of `before` and `after` that differ, as `compare` finds them, cut to the change."""
    return tuple(
        Difference(changed.label, field.label, *_texts(field))
        for changed in compare(before, after)
        for field in changed.fields
    )


def _texts(field: ChangedField) -> tuple[str, str]:
    if field.field in SECRET_FIELDS:
        return ("", HIDDEN)
    return _around_the_change(field.before or "", field.after or "")


def _around_the_change(before: str, after: str) -> tuple[str, str]:
    """The two texts without their common beginning and end, but for some letters around what differs."""
    start = _shared(before, after)
    end = _shared(before[start:][::-1], after[start:][::-1])
    return _cut(before, start, len(before) - end), _cut(after, start, len(after) - end)


def _shared(one: str, other: str) -> int:
    """How many letters the two begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _cut(text: str, start: int, end: int) -> str:
    first, last = max(0, start - CONTEXT), min(len(text), end + CONTEXT)
    return ("… " if first else "") + text[first:last] + (" …" if last < len(text) else "")

"""What changed between a version and another text of the contract, entry by entry, as people read it (K4).

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agreements.content import Entry

SECRET_FIELDS = frozenset({"account"})
"""Entries that hold the bank account in clear: that it changed is said, never what it was or is."""

HIDDEN = "modifié (masqué)"


@dataclass(frozen=True)
class Difference:
    """One entry that differs in two texts: where it is, what it said, what it says ("" for nothing)."""

    object_label: str
    field_label: str
    before: str
    after: str


def differences(before: Iterable[Entry], after: Iterable[Entry]) -> tuple[Difference, ...]:
    """The entries of `before` and `after` that differ, found by their key, in the order of the parts."""
    old = {entry.key: entry for entry in before}
    new = {entry.key: entry for entry in after}
    found = []
    for key in sorted({*old, *new}):
        mine, theirs = old.get(key), new.get(key)
        if mine == theirs:
            continue
        words = theirs or mine
        assert words is not None  # the key is of one of the two
        texts = (mine.value if mine else "", theirs.value if theirs else "")
        if words.field in SECRET_FIELDS:
            texts = ("", HIDDEN)
        found.append(Difference(words.object_label, words.field_label, *texts))
    return tuple(found)

"""Two people write the same part: what each changed is kept, and only what both changed is asked.

Pure module, three-way: the text that a person opened, the one that they typed, the one that is stored now. A
field that one of the two changed takes that change; a field that both changed to different texts clashes, and
a person chooses. The write itself is a compare-and-set on the version of the part (`put`): it happens only
if nobody wrote since the stored values were read, else they are read and merged again.

A field may have been opened with several texts: a page that sent one and lost the answer does not know
whether it was stored. Finding any of them stored means that nobody else wrote in that field.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cdppe.lib.typed_text import same_text

Values = Mapping[Any, Any]
"""{name of a field: value}; a name that is absent has the value None."""

Opened = Mapping[Any, Collection[Any]]
"""{name of a field that the person changed: the texts that it may have been opened with}."""

TRIES = 5
"""How often a write is tried again when somebody else wins the race, before it is called a failure."""


@dataclass(frozen=True)
class Stored:
    """A part as it is stored: its version and all its values."""

    version: int
    values: Values


@dataclass(frozen=True)
class Merged:
    """`values` for every name of the part; `clashes`, the names that both changed, keep the stored value."""

    values: dict[Hashable, Any]
    clashes: tuple[Hashable, ...]


@dataclass(frozen=True)
class Written:
    """What is stored once `put` is done; `is_new` is False when there was nothing to write."""

    version: int
    values: Values
    is_new: bool


class Shelf(Protocol):
    """Where one part is stored."""

    def read(self) -> Stored:
        """The part as it is stored now."""

    def complete(self, mine: Values, stored: Values) -> Values:
        """`mine` with a value for every name that the part has, as the person wants the whole part."""

    def compare_and_set(self, version: int, values: Values) -> bool:
        """Write `values` as the version after `version`, if that one is still stored; whether it was."""


class OpenedBefore(Exception):
    """Somebody else wrote the part since it was opened; nothing was written.

    `clashes` names the fields on which a person must choose, or every field that differs when the page could
    not say what it was opened with.
    """

    def __init__(self, stored: Stored, clashes: tuple[Hashable, ...]) -> None:
        super().__init__(clashes)
        self.stored = stored
        self.clashes = clashes


class TooBusy(Exception):
    """Others wrote the part each time that this write was tried; nothing was written."""


def three_way(opened: Opened, mine: Values, stored: Values) -> Merged:
    """The stored values with what the person changed; see the module for what clashes.

    Without a change of somebody else the result is `mine` for the names of `opened` and `stored` elsewhere.

    >>> three_way({"a": ["1"]}, {"a": "2", "b": "old"}, {"a": "1", "b": "new"}).values
    {'a': '2', 'b': 'new'}
    """
    values: dict[Hashable, Any] = {}
    clashes = []
    for name in dict.fromkeys([*stored, *mine]):
        kept, wanted = stored.get(name), mine.get(name)
        if name not in opened or same_text(wanted, kept):
            values[name] = kept
        elif any(same_text(kept, text) for text in opened[name]):
            values[name] = wanted
        else:
            values[name] = kept
            clashes.append(name)
    return Merged(values, tuple(clashes))


def differing(mine: Values, stored: Values) -> tuple[Hashable, ...]:
    """The names whose values differ."""
    return tuple(
        name for name in dict.fromkeys([*stored, *mine]) if not same_text(mine.get(name), stored.get(name))
    )


def put(shelf: Shelf, *, mine: Values, version: int, opened: Opened | None) -> Written:
    """Write on `shelf` what the person changed, or raise and write nothing.

    `version` is the one that was opened. opened None: the page could not say what it was opened with, and
    `mine` replaces that very version or nothing. Raises OpenedBefore when a person must choose, TooBusy when
    the race was lost `TRIES` times.
    """
    for _ in range(TRIES):
        stored = shelf.read()
        wanted = shelf.complete(mine, stored.values)
        if opened is not None:
            merged = three_way(opened, wanted, stored.values)
            if merged.clashes:
                raise OpenedBefore(stored, merged.clashes)
            wanted = merged.values
        changes = differing(wanted, stored.values)
        if not changes:
            return Written(stored.version, stored.values, is_new=False)
        if opened is None and stored.version != version:
            raise OpenedBefore(stored, changes)
        if shelf.compare_and_set(stored.version, wanted):
            return Written(stored.version + 1, wanted, is_new=True)
    raise TooBusy

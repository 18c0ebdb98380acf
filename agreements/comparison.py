"""Two versions of a contract side by side: what was added, taken away, written otherwise. Pure (rule K4).

A field is the same in both when it stands at the same place; an object (a sheet, an objective, a row of
amounts) of which no field stands on one side was added, or taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agreements.content import Entry
from cdppe.lib.text_diff import Segment, text_diff


class Change(StrEnum):
    """What happened to an object between two versions."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"

    @property
    def label(self) -> str:
        return {"added": "Ajouté", "removed": "Retiré", "changed": "Modifié"}[self.value]


@dataclass(frozen=True)
class ChangedField:
    """One field: its name, its words, its text before and after; None where it did not exist."""

    field: str
    label: str
    before: str | None
    after: str | None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What changed, word by word."""
        return text_diff(self.before or "", self.after or "")


@dataclass(frozen=True)
class ChangedObject:
    """One object of the contract that is not the same in both versions."""

    part: str
    item: int
    label: str
    change: Change
    fields: tuple[ChangedField, ...]


def compare(
    before: Iterable[Entry], after: Iterable[Entry], *, parts: Sequence[str] = ()
) -> tuple[ChangedObject, ...]:
    """What is different in `after`, object by object, in the order of `parts` then of the contract.

    A part that is not named comes after the others. An object is called as `after` calls it.
    """
    old = {entry.key: entry for entry in before}
    new = {entry.key: entry for entry in after}
    objects: dict[tuple[str, int], list[tuple[Entry | None, Entry | None]]] = {}
    for key in sorted({**old, **new}, key=lambda each: _rank(each, old, new)):
        was, now = old.get(key), new.get(key)
        if was is None or now is None or was.value != now.value:
            objects.setdefault(key[:2], []).append((was, now))
    stood = {entry.key[:2] for entry in old.values()}
    stands = {entry.key[:2] for entry in new.values()}
    rank = {part: position for position, part in enumerate(parts)}
    return tuple(
        ChangedObject(
            part=key[0],
            item=key[1],
            label=_label(pairs),
            change=_change(key, stood, stands),
            fields=tuple(_field(was, now) for was, now in pairs),
        )
        for key, pairs in sorted(objects.items(), key=lambda each: (rank.get(each[0][0], len(rank)), each[0]))
    )


def _rank(
    key: tuple[str, int, str],
    old: Mapping[tuple[str, int, str], Entry],
    new: Mapping[tuple[str, int, str], Entry],
) -> tuple[str, int, str]:
    """In the order of their words, as people read them: « Description » before « Public »."""
    return (key[0], key[1], (new.get(key) or old[key]).field_label)


def _change(key: tuple[str, int], stood: set[tuple[str, int]], stands: set[tuple[str, int]]) -> Change:
    if key not in stood:
        return Change.ADDED
    return Change.CHANGED if key in stands else Change.REMOVED


def _field(was: Entry | None, now: Entry | None) -> ChangedField:
    either = now or was
    assert either is not None  # a pair is there because one of the two is
    return ChangedField(
        either.field, either.field_label, was.value if was else None, now.value if now else None
    )


def _label(pairs: Sequence[tuple[Entry | None, Entry | None]]) -> str:
    latest = next((now for _, now in pairs if now is not None), None)
    first = next((was for was, _ in pairs if was is not None), None)
    found = latest or first
    return found.object_label if found else ""

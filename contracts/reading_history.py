"""Reading the history of a contract: sittings, one field's former texts, two moments side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby

from cdppe.lib.rich_diff import rich_diff, shows_a_change
from cdppe.lib.rich_text import Block
from cdppe.lib.text_diff import Segment, text_diff
from contracts.actions.action_sheets import FORMATTED_FIELDS
from contracts.models import Contract, FieldChange
from contracts.places import Located, Place, locate, read_place
from contracts.workspace import find_part

NOTHING = ""


@dataclass(frozen=True)
class FormattedDifference:
    """Two formatted texts as one; `is_only_layout`: nothing but spaces and line ends differs."""

    blocks: tuple[Block, ...]
    is_only_layout: bool


@dataclass(frozen=True)
class Line:
    """One field that changed: its words, what was taken away and added, where it stands."""

    pk: int
    field_label: str
    before: str | None
    after: str | None
    is_formatted: bool = False
    """A long text with light marks, shown as its page shows it."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What changed, word by word."""
        return text_diff(self.before or NOTHING, self.after or NOTHING)

    @property
    def difference(self) -> FormattedDifference:
        """What changed in a formatted text."""
        blocks = rich_diff(self.before or NOTHING, self.after or NOTHING)
        return FormattedDifference(blocks, is_only_layout=not shows_a_change(blocks))


def line_of(change: FieldChange, *, before: str | None) -> Line:
    """The line of `change`; `before` is its own former text, or the one that stood at an earlier moment."""
    place = read_known_place(change.place)
    is_formatted = place is not None and place.part == "sheets" and place.field in FORMATTED_FIELDS
    return Line(change.pk, change.field_label, before, change.after, is_formatted)


@dataclass(frozen=True)
class Sitting:
    """What one person wrote in one object, in one go."""

    part_label: str
    object_label: str
    url: str
    """Where the object stands; empty when it is gone."""
    by: str
    institution: str
    at: dt.datetime
    lines: tuple[Line, ...]


def sittings(contract: Contract, changes: Iterable[FieldChange]) -> list[Sitting]:
    """`changes` (newest first, with `by`), those of one person in one object put together.

    As many queries for fifty changes as for five.
    """
    listed = list(changes)
    places = {change.pk: read_known_place(change.place) for change in listed}
    whole = {place: Place(place.part, place.item) for place in places.values() if place is not None}
    found = locate(contract, set(whole.values()))

    def sitting_key(change: FieldChange) -> tuple[str, int | None, str]:
        place = places[change.pk]
        day = change.until.date().isoformat()
        return (f"{place.part}/{place.item}" if place else change.object_label, change.by_id, day)

    result = []
    for _, group in groupby(listed, key=sitting_key):
        of_sitting = list(group)
        first = of_sitting[0]
        place = places[first.pk]
        part = find_part(place.part) if place else None
        located = found.get(whole[place]) if place else None
        result.append(
            Sitting(
                part_label=part.label if part else "",
                object_label=first.object_label,
                url=located.url if located else "",
                by=str(first.by) if first.by else "",
                institution=first.institution,
                at=first.until,
                lines=tuple(
                    line_of(each, before=each.before) for each in sorted(of_sitting, key=lambda each: each.pk)
                ),
            )
        )
    return result


def between(contract: Contract, start: dt.datetime, end: dt.datetime) -> list[Sitting]:
    """What is different at `end` from what stood at `start`: one line a field, however often it was written.

    A change written over some minutes counts at its last save.
    """
    changes = FieldChange.objects.filter(contract=contract, until__gt=start, until__lte=end)
    first: dict[str, FieldChange] = {}
    last: dict[str, FieldChange] = {}
    for change in changes.order_by("until", "pk"):
        first.setdefault(change.place, change)
        last[change.place] = change
    objects: dict[tuple[str, str], list[Line]] = {}
    places: dict[tuple[str, str], Place | None] = {}
    for text, change in last.items():
        before = first[text].before
        if before == change.after:
            continue
        place = read_known_place(text)
        key = (f"{place.part}/{place.item}" if place else text, change.object_label)
        places[key] = place
        objects.setdefault(key, []).append(line_of(change, before=before))
    found = _located(contract, places.values())
    return [
        Sitting(
            part_label=_part_label(places[key]),
            object_label=key[1],
            url=found.get(key[0], Located("", "")).url,
            by="",
            institution="",
            at=end,
            lines=tuple(sorted(lines, key=lambda line: line.field_label)),
        )
        for key, lines in sorted(objects.items())
    ]


def read_known_place(text: str) -> Place | None:
    """The place that `text` names; None when no app of today knows its part."""
    try:
        return read_place(text)
    except ValueError:
        return None


def _located(contract: Contract, places: Collection[Place | None]) -> dict[str, Located]:
    whole = {Place(place.part, place.item) for place in places if place is not None}
    return {f"{place.part}/{place.item}": found for place, found in locate(contract, whole).items()}


def _part_label(place: Place | None) -> str:
    part = find_part(place.part) if place else None
    return part.label if part else ""

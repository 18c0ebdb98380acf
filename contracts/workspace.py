"""The parts of a contract's workspace: what its side menu lists, and how far each part has got (C5).

A part is one page of the contract, or a few that belong together. Contracts registers its own in
`AppConfig.ready()`, and each higher app adds those that it owns: nothing here knows money or indicators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.urls import reverse

from cdppe.accounts.models import User
from contracts.models import Contract


class Stage(StrEnum):
    """How far a part has got, as the menu marks it."""

    EMPTY = "empty"
    STARTED = "started"
    DONE = "done"
    ALERT = "alert"
    """Something in it waits for the reader or bars the way to signature."""


@dataclass(frozen=True)
class Progress:
    """How far a part has got: the short text of its badge (« 3/9 »), and the words that a reader hears."""

    stage: Stage
    text: str
    words: str


def counted(done: int, total: int, words: str) -> Progress:
    """« 3/9 » with `words` (« 3 fiches complètes sur 9 »); done when nothing is left."""
    stage = Stage.EMPTY if done == 0 else Stage.DONE if done >= total else Stage.STARTED
    return Progress(stage, f"{done}/{total}", words)


Measure = Callable[[Contract, User], Progress | None]


@dataclass(frozen=True)
class Part:
    """One entry of the menu.

    `code` is the `tab` that its pages give to the layout, and the first word of a `Place`; `route` takes the
    contract's reference alone. `measure` reads a contract of `overview.with_facts` in a number of queries
    that does not depend on its rows; None when there is nothing to count.
    """

    code: str
    label: str
    route: str
    position: int
    measure: Measure | None = None


@dataclass(frozen=True)
class MenuEntry:
    """A part as the menu of one contract shows it to one person."""

    part: Part
    url: str
    is_current: bool
    progress: Progress | None


_parts: dict[str, Part] = {}


def register_part(part: Part) -> None:
    """Add a part; a second one with the same code is a programming error."""
    if _parts.get(part.code, part) != part:
        raise ValueError(f"workspace part {part.code} is registered twice")
    _parts[part.code] = part


def parts() -> tuple[Part, ...]:
    """Every part, in the order of the menu."""
    return tuple(sorted(_parts.values(), key=lambda part: part.position))


def find_part(code: str) -> Part | None:
    """The part `code`, None when no app registered it."""
    return _parts.get(code)


def menu(
    contract: Contract, user: User, *, tab: str, barred: Mapping[str, int] | None = None
) -> tuple[MenuEntry, ...]:
    """The menu of `contract` (of `overview.with_facts`) for `user`, on the page of the part `tab`.

    `barred` says how many findings bar the way to signature in each part: filled, it is not done yet.
    """
    counts = barred or {}
    return tuple(
        MenuEntry(
            part,
            reverse(part.route, args=[contract.reference]),
            part.code == tab,
            held_back(part.measure(contract, user) if part.measure else None, counts.get(part.code, 0)),
        )
        for part in parts()
    )


def held_back(progress: Progress | None, barred: int) -> Progress | None:
    """`progress` of a part in which `barred` findings bar the way: filled is not done."""
    if progress is None or progress.stage != Stage.DONE or not barred:
        return progress
    points = "un point bloquant" if barred == 1 else f"{barred} points bloquants"
    return Progress(Stage.STARTED, progress.text, f"{progress.words}, {points} à lever")

"""The retroplanning of a contract: dates counted back from day J, and what moving J moves (C3, C4).

Source: circulaire 2020/34, annexes 3.1 (three phases), 3.2 (days before the date of effect) and 3.3 (theme,
task, responsible, resources, months). Worked example, annexe 3.2: J = 30 October, signature 15 days before,
15 October.

What we chose where the text is silent: a date fixed by hand wins over the count, which is kept, so that one
can go back to it; the phase, theme, length and institutions of each step are data
(fixtures/calendar/retroplanning.csv): annexe 3.3 leaves them blank. A step that this table does not know is
everybody's, lasts a day and belongs to no phase.

Pure: no model is read, "today" is given.

>>> from datetime import date
>>> date_of(date(2020, 10, 30), 15, None), date_of(date(2020, 10, 30), 15, date(2020, 10, 9))
(datetime.date(2020, 10, 15), datetime.date(2020, 10, 9))
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

TABLES = Path(__file__).resolve().parent.parent / "fixtures" / "calendar"
FARTHEST_DAYS = 1_000
"""The most days before or after J that a step may stand: well over two years and a half."""
LONGEST_DAYS = 400

PHASE_LEADS_TO = {"diagnosis": "negotiation", "negotiation": "draft"}
"""{phase of annexe 3.1: the state of the contract that ends it}."""
LAST_PREPARED = "in_force"
"""What everything else of the retroplanning leads to: nothing of it is left to do afterwards."""


class StepStatus(StrEnum):
    """Where a step stands on a day."""

    DONE = "done"
    LATE = "late"
    NEXT = "next"
    COMING = "coming"
    UNDATED = "undated"
    PAST = "past"
    """Closed (the contract is further on its way, or over), its date behind: nobody waits for it any more."""
    MOOT = "moot"
    """Closed before its date, or never dated."""


STATUS_LABELS = {
    StepStatus.DONE: "faite",
    StepStatus.LATE: "en retard",
    StepStatus.NEXT: "prochaine",
    StepStatus.COMING: "à venir",
    StepStatus.UNDATED: "sans date",
    StepStatus.PAST: "passée",
    StepStatus.MOOT: "sans objet",
}


@dataclass(frozen=True)
class StepFacts:
    """What the table says of a step of annexe 3.2 besides its text and its number of days."""

    phase: str = ""
    prepares: str = ""
    """The state of the contract (`contracts.workflow`) to which it leads."""
    theme: str = ""
    lasting_days: int = 1
    parties: tuple[str, ...] = ()


@dataclass(frozen=True)
class Move:
    """A step that J took along: from one date to another, None while undated."""

    label: str
    before: dt.date | None
    after: dt.date | None


def date_of(effect_on: dt.date | None, days_before: int | None, fixed_on: dt.date | None) -> dt.date | None:
    """The date of a step: the one fixed by hand, else so many days before J; None while nobody dated it.

    A negative number of days stands after J.
    """
    if fixed_on is not None:
        return fixed_on
    if effect_on is None or days_before is None:
        return None
    return effect_on - dt.timedelta(days=days_before)


def moves(
    steps: Iterable[tuple[str, int | None, dt.date | None]], before: dt.date | None, after: dt.date | None
) -> tuple[Move, ...]:
    """The steps (label, days before J, date fixed by hand) whose date changes when J does."""
    found = (
        Move(label, date_of(before, days, fixed), date_of(after, days, fixed)) for label, days, fixed in steps
    )
    return tuple(move for move in found if move.before != move.after)


def status_of(
    on: dt.date | None,
    done_on: dt.date | None,
    *,
    today: dt.date,
    next_on: dt.date | None,
    is_closed: bool = False,
) -> StepStatus:
    """Done, late from the day after its date, next when it is the soonest to come (`next_on`).

    What is closed and not done is past once its date is behind, else moot: never late, never next.
    """
    if done_on is not None:
        return StepStatus.DONE
    if is_closed:
        return StepStatus.PAST if on is not None and on < today else StepStatus.MOOT
    if on is None:
        return StepStatus.UNDATED
    if on < today:
        return StepStatus.LATE
    return StepStatus.NEXT if on == next_on else StepStatus.COMING


def facts_of_step(code: str) -> StepFacts:
    """What the table says of the step `code`; nothing in particular for one that it does not have."""
    return _steps().get(code, StepFacts())


def state_prepared(code: str, phase: str) -> str:
    """The state to which a step leads: by its `code` in the table, else (a step of one's own) by its `phase`.

    A step of no phase leads to the contract in force.
    """
    return facts_of_step(code).prepares or PHASE_LEADS_TO.get(phase, LAST_PREPARED)


def pieces_of_deadline(code: str) -> frozenset[str]:
    """The pieces of the contract (`contracts.progress`) that the national deadline `code` is for.

    Who has none of them left to do is not reminded of it. Empty: only marking it done settles it.
    """
    row = _deadlines().get(code)
    return frozenset(row["pieces"].split()) if row is not None else frozenset()


def pieces_sent(code: str) -> tuple[str, ...]:
    """What is sent to DGCS for the national deadline `code` (C2, K5): pieces of the contract, « amounts »,
    « signed ».

    Empty: nothing is sent for it.
    """
    row = _deadlines().get(code)
    return tuple(row["sends"].split()) if row is not None else ()


def state_of_deadline(code: str) -> str:
    """The state to which the national deadline `code` leads, and which closes it; empty when none does."""
    row = _deadlines().get(code)
    return row["prepares"] if row is not None else ""


def is_optional_deadline(code: str) -> bool:
    """Whether the national deadline `code` is the last day of what parties may do and need not (article 6).

    The year that ends a code is not read: what holds for "denunciation" holds for every year's.
    """
    row = _deadlines().get(code.rstrip("0123456789").rstrip("_"))
    return row is not None and bool(row["optional"])


def _rows(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=1)
def _steps() -> dict[str, StepFacts]:
    return {
        row["code"]: StepFacts(
            row["phase"],
            row["prepares"],
            row["theme"],
            int(row["lasting_days"]),
            tuple(row["parties"].split()),
        )
        for row in _rows("retroplanning.csv")
    }


@lru_cache(maxsize=1)
def _deadlines() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in _rows("deadlines.csv")}

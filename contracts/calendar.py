"""What is late, what comes next, and whose turn it is (rules C2, C3, C5).

Source: circulaire 2020/34, I-B and III (deadlines), annexe 3.2 (retroplanning).

Pure: dates and codes of institutions in, an agenda out; "today" is always given, never read from a clock.

What we chose where the text is silent: a duty is late from the day after its date; a duty that names no
institution is everybody's.

>>> from datetime import date
>>> signature = Duty("Signature", date(2031, 10, 15), ("council",))
>>> agenda([signature], today=date(2031, 10, 15)).next.label
'Signature'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Duty:
    """One thing to do by a date; `turn` holds the kinds of institution concerned, empty for everybody.

    `on` is None for a step that nobody has dated yet (rule C3). `code` is that of a national deadline;
    `anchor` is its place on the page of the calendar, and names it for good: « step-12 », « deadline-3 ».
    """

    label: str
    on: dt.date | None
    turn: tuple[str, ...] = ()
    description: str = ""
    code: str = ""
    anchor: str = ""
    done_on: dt.date | None = None
    note: str = ""
    """What is to be known of the date: the national one, and why the territory has another (rule C2)."""
    day_off: str = ""
    """What makes the date no working day in the territory, empty for a working day."""
    is_closed: bool = False
    """Nobody waits for it any more: the contract is further on its way, or its period is over."""

    def concerns(self, kinds: Collection[str]) -> bool:
        """Whether it is the turn of one of `kinds`."""
        return not self.turn or any(kind in self.turn for kind in kinds)


@dataclass(frozen=True)
class Agenda:
    """Duties around today: late ones from the most recent, coming ones from the soonest, undated ones.

    What is done or closed is neither late nor to come; `closed` is what was closed without being done, the
    most recent first, undated ones last.
    """

    today: dt.date
    late: tuple[Duty, ...]
    coming: tuple[Duty, ...]
    undated: tuple[Duty, ...]
    done: tuple[Duty, ...] = ()
    closed: tuple[Duty, ...] = ()

    @property
    def late_this_year(self) -> tuple[Duty, ...]:
        """The late ones of the current year, from the most recent."""
        return tuple(duty for duty in self.late if duty.on is not None and duty.on.year == self.today.year)

    @property
    def late_before(self) -> tuple[Duty, ...]:
        """The late ones of past years, from the most recent."""
        return tuple(duty for duty in self.late if duty.on is not None and duty.on.year < self.today.year)

    @property
    def next(self) -> Duty | None:
        """The soonest duty from today on, None when nothing dated is left."""
        return self.coming[0] if self.coming else None

    @property
    def last(self) -> Duty | None:
        """The most recent duty whose date has passed."""
        return self.late[0] if self.late else None


def agenda(duties: Iterable[Duty], *, today: dt.date, kinds: Collection[str] | None = None) -> Agenda:
    """`duties` around `today`; with `kinds`, only those whose turn is one of these institutions'."""
    concerned = [duty for duty in duties if kinds is None or duty.concerns(kinds)]
    left = [duty for duty in concerned if duty.done_on is None]
    mine = [duty for duty in left if not duty.is_closed]
    dated = [(duty.on, rank, duty) for rank, duty in enumerate(mine) if duty.on is not None]
    return Agenda(
        today=today,
        late=tuple(
            duty for on, _, duty in sorted(dated, key=lambda e: (-e[0].toordinal(), e[1])) if on < today
        ),
        coming=tuple(duty for on, _, duty in sorted(dated, key=lambda e: e[:2]) if on >= today),
        undated=tuple(duty for duty in mine if duty.on is None),
        done=tuple(duty for duty in concerned if duty.done_on is not None),
        closed=tuple(
            sorted(
                (duty for duty in left if duty.is_closed),
                key=lambda duty: -duty.on.toordinal() if duty.on is not None else 0,
            )
        ),
    )

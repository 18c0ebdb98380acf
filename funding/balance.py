"""What is planned beside what was notified, and the department's share beside the State's (rules M1, M2).

Source: circulaire 2020/34, annexe 4-I (credits are not earmarked inside an envelope, so that the balance is
struck by envelope and year) and article 2.2.2 (co-financing is judged by objective, not by action).

Amounts are euros (`Decimal`). `None` is "nobody stated it" or "not notified", which is not zero: it never
takes part in a sum, and a remainder exists only where the amount was notified.

>>> line = EnvelopeYear(1, notified=Decimal(100), planned_elsewhere=Decimal(80), planned_here=Decimal(30))
>>> line.planned, line.remaining, line.is_exceeded
(Decimal('110'), Decimal('-10'), True)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


def stated_sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of the stated amounts, in euros; None when none of them is stated."""
    stated = [amount for amount in amounts if amount is not None]
    return sum(stated, Decimal(0)) if stated else None


@dataclass(frozen=True, slots=True)
class EnvelopeYear:
    """One envelope in one year, in euros: notified, planned by the other sheets and by this one (rule M1).

    `is_doubtful` says that what was notified was computed from figures that are not all official.
    """

    year: int
    notified: Decimal | None
    planned_elsewhere: Decimal | None
    planned_here: Decimal | None = None
    is_doubtful: bool = False

    @property
    def planned(self) -> Decimal | None:
        """All that the sheets plan; None when none states an amount."""
        return stated_sum((self.planned_elsewhere, self.planned_here))

    @property
    def remaining(self) -> Decimal | None:
        """Notified less planned, negative when the plan exceeds it; None as long as nothing is notified."""
        if self.notified is None:
            return None
        return self.notified - (self.planned or Decimal(0))

    @property
    def is_exceeded(self) -> bool:
        """Whether the plan exceeds what was notified; never true when nothing was."""
        return self.remaining is not None and self.remaining < 0

    @property
    def used_share(self) -> Decimal | None:
        """The fraction of what was notified that the sheets plan, over 1 when they exceed it.

        None when nothing was notified or no sheet states an amount.
        """
        if not self.notified or self.planned is None:
            return None
        return self.planned / self.notified

    @property
    def bar(self) -> int:
        """The length of the planned part in a bar of 1000, which is what was notified."""
        return min(1000, int((self.used_share or Decimal(0)) * 1000))

    @property
    def excess(self) -> Decimal:
        """By how much the plan exceeds what was notified, zero when it does not."""
        return -self.remaining if self.remaining is not None and self.remaining < 0 else Decimal(0)


class ShareVerdict(Enum):
    """What can be said of the department's share of an objective (rule M2)."""

    NOTHING = "nothing"
    NOT_STATED = "not_stated"
    ENOUGH = "enough"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class DepartmentShare:
    """The money of one objective over the contract, in euros; None where no sheet states an amount."""

    department: Decimal | None
    state: Decimal | None

    @property
    def verdict(self) -> ShareVerdict:
        """Whether the department brings at least as much as the State; nothing to judge without the State."""
        if not self.state:
            return ShareVerdict.NOTHING
        if self.department is None:
            return ShareVerdict.NOT_STATED
        return ShareVerdict.ENOUGH if self.department >= self.state else ShareVerdict.SHORT

    @property
    def missing(self) -> Decimal:
        """What the department would have to add to equal the State; zero when it does."""
        return max((self.state or Decimal(0)) - (self.department or Decimal(0)), Decimal(0))

    @property
    def is_enough(self) -> bool:
        return self.verdict is ShareVerdict.ENOUGH

    @property
    def is_short(self) -> bool:
        return self.verdict is ShareVerdict.SHORT

    @property
    def is_not_stated(self) -> bool:
        return self.verdict is ShareVerdict.NOT_STATED

"""The department's own means for ASE and PMI, year by year beside the reference year's (rule M3).

Source: circulaire 2020/34, annexe 5.1, article 2.2.2: the department does not lower its own means below those
of the reference year, for the whole duration of the contract. Pure: amounts in euros, `None` is "not stated",
which is neither zero nor a breach.

What we chose where the text is silent: each service is judged by itself; a year that is not stated is not
judged; equal means are kept.

>>> line = ServiceMeans("ase", "ASE", 1, {1: Decimal(100), 2: Decimal(90)}, (1, 2))
>>> [each.verdict.value for each in line.years], line.years[1].missing
(['reference', 'lowered'], Decimal('10'))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


class MeansVerdict(Enum):
    """What can be said of one year's means."""

    REFERENCE = "reference"
    NOT_STATED = "not_stated"
    NOT_COMPARABLE = "not_comparable"
    """The reference year's means are not stated."""
    KEPT = "kept"
    LOWERED = "lowered"


@dataclass(frozen=True, slots=True)
class MeansYear:
    """One service in one year: its means, those of the reference year, what follows."""

    year: int
    amount: Decimal | None
    reference: Decimal | None
    is_reference: bool

    @property
    def verdict(self) -> MeansVerdict:
        if self.is_reference:
            return MeansVerdict.REFERENCE
        if self.amount is None:
            return MeansVerdict.NOT_STATED
        if self.reference is None:
            return MeansVerdict.NOT_COMPARABLE
        return MeansVerdict.LOWERED if self.amount < self.reference else MeansVerdict.KEPT

    @property
    def is_lowered(self) -> bool:
        return self.verdict is MeansVerdict.LOWERED

    @property
    def is_kept(self) -> bool:
        return self.verdict is MeansVerdict.KEPT

    @property
    def missing(self) -> Decimal:
        """By how much the means are below the reference year's, zero when they are not."""
        if self.amount is None or self.reference is None:
            return Decimal(0)
        return max(self.reference - self.amount, Decimal(0))


@dataclass(frozen=True)
class ServiceMeans:
    """One service: `amounts` {year: euros} of the years that are stated; `all_years` in order."""

    code: str
    label: str
    reference_year: int
    amounts: Mapping[int, Decimal]
    all_years: tuple[int, ...]

    @property
    def years(self) -> tuple[MeansYear, ...]:
        """One line a year, the reference year among them."""
        reference = self.amounts.get(self.reference_year)
        return tuple(
            MeansYear(year, self.amounts.get(year), reference, year == self.reference_year)
            for year in self.all_years
        )

    @property
    def lowered(self) -> tuple[MeansYear, ...]:
        """The years in which the means are below the reference year's."""
        return tuple(each for each in self.years if each.is_lowered)

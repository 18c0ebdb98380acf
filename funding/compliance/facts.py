"""What is read of the money of one contract before its rules are checked: plain figures, no model.

Amounts are euros (`Decimal`); None is "nobody stated it" or "not notified", which is not zero.
`funding.compliance.loading` fills them from the database, for many contracts at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from contracts.places import Place
from funding.balance import DepartmentShare, EnvelopeYear
from funding.expenses import NO_TERMS, ExpenseNature, ExpenseTerms

CIRCULAR = "circulaire"


@dataclass(frozen=True)
class PayingSheet:
    """A sheet that plans some of the money concerned, and the box of its grid to go to."""

    pk: int
    number: int
    box: str


@dataclass(frozen=True)
class EnvelopeFacts:
    """One envelope in one contract: a line for each year (rule M1)."""

    pk: int
    label: str
    years: tuple[EnvelopeYear, ...] = ()
    needs_first_amount: bool = False
    """The model contract has a blank for its amount of the campaign's year, and nothing was notified."""
    lacks_budget_line: bool = False
    paying: Mapping[int, tuple[PayingSheet, ...]] = field(default_factory=dict)
    """{year: the sheets that plan something of the envelope in it, by number}."""


@dataclass(frozen=True)
class ShareFacts:
    """The money of one objective of the contract (rule M2)."""

    contract_objective_id: int
    label: str
    share: DepartmentShare
    paying: tuple[PayingSheet, ...] = ()
    """The sheets of the objective that state some money, by number, at the department's box."""


@dataclass(frozen=True)
class SourceFacts:
    """What one envelope pays in one sheet (rules M4, O3); `nature` is None as long as nobody said it."""

    sheet_pk: int
    sheet_number: int
    envelope_pk: int
    envelope_label: str
    may_finance: bool = True
    terms: ExpenseTerms = NO_TERMS
    nature: ExpenseNature | None = None
    replaces_existing: bool | None = None

    def place(self, question: str) -> Place:
        """The box of `question`; the money as a whole for a source that the sheet does not offer (O3)."""
        name = f"{question}-e{self.envelope_pk}" if self.may_finance else "financing"
        return Place("sheets", self.sheet_pk, name)


@dataclass(frozen=True)
class FundingFacts:
    """The money of one contract."""

    envelopes: tuple[EnvelopeFacts, ...] = ()
    shares: tuple[ShareFacts, ...] = ()
    sources: tuple[SourceFacts, ...] = ()


@dataclass(frozen=True)
class OwnMeansFacts:
    """The department's own means for one mission (ASE, PMI) by year, in euros; None where not stated.

    `item` and `fields` say where each year is typed: {year: name of the box}.
    """

    missions: tuple[MissionMeans, ...]
    reference_year: int


@dataclass(frozen=True)
class MissionMeans:
    """One mission: its name, its means by year (the reference year included), the place of each year."""

    code: str
    label: str
    by_year: Mapping[int, Decimal | None]
    places: Mapping[int, Place]

    def lowered_years(self, reference_year: int) -> frozenset[int]:
        """The years whose stated means are below those of the reference year, if these are stated."""
        reference = self.by_year.get(reference_year)
        return frozenset(
            year
            for year, amount in self.by_year.items()
            if year != reference_year and reference is not None and amount is not None and amount < reference
        )


def place_of(paying: Sequence[PayingSheet], otherwise: Place) -> Place:
    """The box of the only sheet concerned; `otherwise`, the row where the sheets come together."""
    if len(paying) != 1:
        return otherwise
    (only,) = paying
    return Place("sheets", only.pk, only.box)

"""What is read of one contract before its rules are checked: plain figures, no model.

`contracts.rules.loading` fills them from the database, for many contracts at once.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ObjectiveFacts:
    """An objective of the contract, with what the campaign asks of it; `pk` is the contract's own row."""

    pk: int
    label: str
    is_own: bool = False
    is_of_the_campaign: bool = True
    sheet_numbers: tuple[int, ...] = ()
    sheet_demands: tuple[str, ...] = ()
    action_statements: tuple[str, ...] = ()
    technical_advice: str = ""


@dataclass(frozen=True)
class SheetFacts:
    """A sheet, the names of its unwritten fields, whether its objective is one of this contract."""

    pk: int
    number: int
    unwritten: frozenset[str] = frozenset()
    prompted: frozenset[str] = frozenset()
    """Those of `unwritten` in which a prompt of the skeleton is left."""
    has_financing: bool = True
    serves_the_contract: bool = True
    action_statements: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartyFacts:
    """A signing party: `field` is its box in the form of the parties."""

    label: str
    name: str
    title: str
    field: str


@dataclass(frozen=True)
class DeadlineFacts:
    """A national deadline of the preparation that has passed, without a proof that it was kept."""

    code: str
    label: str
    due_on: dt.date


@dataclass(frozen=True)
class ContractFacts:
    """What is stored of one contract, but its money and its indicators."""

    optional_minimum: int = 0
    optional_maximum: int = 0
    own_maximum: int = 0
    optional_count: int = 0
    absent_fundamentals: tuple[str, ...] = ()
    objectives: tuple[ObjectiveFacts, ...] = ()
    sheets: tuple[SheetFacts, ...] = ()
    parties: tuple[PartyFacts, ...] = ()
    blanks: frozenset[str] = frozenset()
    """The named blanks of the model contract."""
    empty_details: frozenset[str] = frozenset()
    """The fields of the general information that are empty."""
    has_account: bool = True
    deliberation_on: dt.date | None = None
    planned_effect_on: dt.date | None = None
    passed_deadlines: tuple[DeadlineFacts, ...] = field(default=())

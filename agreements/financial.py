"""The money of a year as the text in force says it, as it is notified and planned now (rules V1, M1, M7).

Source: circulaire 2020/34, annexe 4-I and annexe 5.1, articles 2.2.1 and 5: a yearly amendment « portant a
minima sur la confirmation et l’actualisation pour chaque exercice des engagements financiers ». Amounts are
euros (`Decimal`); None is « not notified » or « no sheet states it », which is not zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from agreements.content import Entry
from agreements.models import TextInForce
from cdppe.lib.money import AmountError, read_amount
from contracts.models import ActionSheet, Amendment, Campaign, Contract
from contracts.workflow import ContractState
from funding.balance import stated_sum
from funding.grid import read_cell_name
from funding.models import CreditMove, Envelope, NotifiedAmount
from funding.moves import CellKey, TextAmounts, stored_amounts, texts_of

SHEETS = "sheets"


def texts_under_amendment(contracts: Sequence[Contract]) -> Mapping[int, TextAmounts]:
    """{primary key: its text in force} of those of the contracts that have an open amendment; two queries."""
    amended = set(
        Amendment.objects.open()
        .filter(contract__in=[each.pk for each in contracts])
        .values_list("contract_id", flat=True)
    )
    if not amended:
        return {}
    laws = TextInForce.objects.filter(contract__in=amended).on(timezone.localdate()).select_related("reading")
    found: dict[int, TextAmounts] = {}
    for law in laws:
        # The law of the day comes first.
        if law.contract_id not in found:
            found[law.contract_id] = amounts_of(law.reading.entries)
    return found


def amounts_of(entries: Iterable[Entry]) -> TextAmounts:
    """What the entries of a version say of the sheets that count and of the State's money in them."""
    mine = [entry for entry in entries if entry.part == SHEETS and entry.item]
    archived = {entry.item for entry in mine if entry.field == "archived_at" and entry.value}
    amounts: dict[CellKey, Decimal] = {}
    for entry in mine:
        cell = read_cell_name(entry.field)
        if cell is None or entry.item in archived or not cell[0].startswith("e"):
            continue
        try:
            amounts[entry.item, int(cell[0][1:]), cell[1]] = read_amount(entry.value)
        except (AmountError, ValueError):
            continue
    return TextAmounts(frozenset(entry.item for entry in mine) - archived, amounts)


@dataclass(frozen=True)
class EnvelopeLine:
    """One envelope of a contract in one year, in euros."""

    envelope: Envelope
    in_force: Decimal | None
    notified: Decimal | None
    planned: Decimal | None
    sheets: tuple[ActionSheet, ...] = ()
    """The actions that have an amount of it, of the contract's page alone."""

    @property
    def difference(self) -> Decimal | None:
        """What is notified over what the text in force says; None where nothing is notified."""
        return None if self.notified is None else self.notified - (self.in_force or Decimal(0))

    @property
    def left(self) -> Decimal | None:
        """What is notified over what the sheets plan now; None where nothing is notified."""
        return None if self.notified is None else self.notified - (self.planned or Decimal(0))

    @property
    def differs(self) -> bool:
        """Whether what is notified is not what the text in force says."""
        return bool(self.difference)


@dataclass(frozen=True)
class YearOfContract:
    """The money of one contract in one year, envelope by envelope, and its moves that are free."""

    contract: Contract
    year: int
    lines: tuple[EnvelopeLine, ...]
    free_moves: tuple[CreditMove, ...]
    open_amendment: Amendment | None
    is_prepared: bool
    """Whether a financial amendment of the year is open or in force already."""

    @property
    def differs(self) -> bool:
        """Whether there is something for a financial amendment to say."""
        return bool(self.free_moves) or any(line.differs for line in self.lines)

    @property
    def may_be_prepared(self) -> bool:
        """In force, without another amendment on its way."""
        return self.contract.is_in_force and self.open_amendment is None

    @property
    def in_force(self) -> Decimal | None:
        return stated_sum(line.in_force for line in self.lines)

    @property
    def notified(self) -> Decimal | None:
        return stated_sum(line.notified for line in self.lines)

    @property
    def difference(self) -> Decimal | None:
        return stated_sum(line.difference for line in self.lines)


def years_of(contracts: Sequence[Contract], campaign: Campaign, year: int) -> list[YearOfContract]:
    """The money of `year` in contracts in force of `campaign`: as many queries for fifty as for five."""
    pks = [contract.pk for contract in contracts]
    envelopes = list(campaign.envelopes.all())
    texts = texts_of(contracts)
    planned: dict[int, dict[int, list[tuple[int, Decimal]]]] = defaultdict(lambda: defaultdict(list))
    for contract_id, (sheet, envelope, at), amount in stored_amounts(pks):
        if at == year:
            planned[contract_id][envelope].append((sheet, amount))
    notified = {
        (each.territory_id, each.envelope_id): each.amount
        for each in NotifiedAmount.objects.filter(
            envelope__campaign=campaign,
            year=year,
            territory__in=[contract.territory_id for contract in contracts],
        )
    }
    moves: dict[int, list[CreditMove]] = defaultdict(list)
    for move in CreditMove.objects.free().filter(contract__in=pks, year=year):
        moves[move.contract_id].append(move)
    amendments = list(Amendment.objects.filter(contract__in=pks, abandoned_at__isnull=True))
    opened = {each.contract_id: each for each in amendments if each.is_open}
    prepared = {each.contract_id for each in amendments if each.year == year}
    return [
        YearOfContract(
            contract,
            year,
            tuple(
                EnvelopeLine(
                    envelope,
                    stated_sum(
                        amount
                        for (_, of, at), amount in texts[contract.pk].amounts.items()
                        if (of, at) == (envelope.pk, year)
                    ),
                    notified.get((contract.territory_id, envelope.pk)),
                    stated_sum(amount for _, amount in planned[contract.pk][envelope.pk]),
                )
                for envelope in envelopes
            ),
            tuple(moves[contract.pk]),
            opened.get(contract.pk),
            contract.pk in prepared,
        )
        for contract in contracts
    ]


def year_of(contract: Contract, year: int) -> YearOfContract:
    """The money of `year` in one contract, with the sheets of each envelope."""
    (found,) = years_of([contract], contract.campaign, year)
    sheets = {each.pk: each for each in contract.action_sheets.in_plan().order_by("number")}
    by_envelope: dict[int, list[ActionSheet]] = defaultdict(list)
    for _, (sheet, envelope, at), _amount in stored_amounts([contract.pk]):
        if at == year and sheet in sheets:
            by_envelope[envelope].append(sheets[sheet])
    lines = tuple(
        EnvelopeLine(
            line.envelope,
            line.in_force,
            line.notified,
            line.planned,
            tuple(sorted(by_envelope[line.envelope.pk], key=lambda sheet: sheet.number)),
        )
        for line in found.lines
    )
    return YearOfContract(contract, year, lines, found.free_moves, found.open_amendment, found.is_prepared)


def contracts_to_amend(campaign: Campaign) -> list[Contract]:
    """The contracts in force of `campaign`, by territory."""
    return list(
        Contract.objects.filter(campaign=campaign, state=ContractState.IN_FORCE)
        .with_context()
        .order_by("territory__code")
    )

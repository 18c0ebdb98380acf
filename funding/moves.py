"""What each action has of an envelope in a year, and what the moves of credits make of it (rule M7).

Source: circulaire 2020/34, annexe 5.1, article 4: « une fongibilité entre les actions prévues par le présent
contrat au sein de cette enveloppe, sous réserve d’une information préalable », written in the contract by the
next yearly amendment. Until then the text in force says one thing and the execution another: both are shown.

While an amendment is open the sheets say what it would change; what is in force is then asked of the app that
keeps the texts, through `register_text_in_force`. Amounts are euros (`Decimal`); a sheet without an amount is
absent, which is not zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cdppe.accounts.models import InstitutionKind
from contracts.models import ActionSheet, Contract
from funding.models import ActionFinancing, Contributor, CreditMove, Envelope, Payer
from funding.models.moves import CreditMoveQuerySet

CellKey = tuple[int, int, int]
"""(sheet, envelope, year), by primary keys."""

INFORMED = {Payer.PREFECTURE: InstitutionKind.PREFECTURE, Payer.ARS: InstitutionKind.ARS}
"""{who orders the payment of an envelope: the kind of institution that is informed before a move}."""


@dataclass(frozen=True)
class TextAmounts:
    """What a text in force says: its sheets, and the State's amounts in them, in euros."""

    sheets: frozenset[int]
    amounts: Mapping[CellKey, Decimal]


TextReader = Callable[[Sequence[Contract]], Mapping[int, TextAmounts]]
"""{primary key: its text in force} of those contracts whose sheets an open amendment may have changed."""

_readers: list[TextReader] = []


def register_text_in_force(reader: TextReader) -> None:
    """Have `reader` asked for the texts in force of contracts with an open amendment."""
    if reader not in _readers:
        _readers.append(reader)


def texts_of(contracts: Sequence[Contract]) -> dict[int, TextAmounts]:
    """{primary key: what its text in force says} of contracts in force, whatever their number of sheets.

    Without an open amendment the stored sheets say what the text says.
    """
    found: dict[int, TextAmounts] = {}
    for reader in _readers:
        found.update(reader(contracts))
    rest = [contract.pk for contract in contracts if contract.pk not in found]
    sheets: dict[int, set[int]] = defaultdict(set)
    for pk, contract_id in (
        ActionSheet.objects.in_plan().filter(contract__in=rest).values_list("pk", "contract_id")
    ):
        sheets[contract_id].add(pk)
    amounts: dict[int, dict[CellKey, Decimal]] = defaultdict(dict)
    for row in stored_amounts(rest):
        amounts[row[0]][row[1]] = row[2]
    return found | {pk: TextAmounts(frozenset(sheets[pk]), amounts[pk]) for pk in rest}


def stored_amounts(contract_pks: Iterable[int]) -> list[tuple[int, CellKey, Decimal]]:
    """(contract, cell, euros) of every amount of the State in the sheets as they are stored."""
    rows = (
        ActionFinancing.objects.in_plan()
        .filter(action_sheet__contract__in=contract_pks, contributor=Contributor.STATE)
        .values_list("action_sheet__contract_id", "action_sheet_id", "envelope_id", "year", "amount")
    )
    return [
        (contract, (sheet, envelope, year), amount)
        for contract, sheet, envelope, year, amount in rows
        if envelope is not None
    ]


def amounts_after_moves(text: TextAmounts, moves: Iterable[CreditMove]) -> dict[CellKey, Decimal]:
    """{cell: euros} once `moves`, which `text` does not say yet, are made."""
    after = dict(text.amounts)
    for move in moves:
        for sheet, amount in ((move.from_sheet_id, -move.amount), (move.to_sheet_id, move.amount)):
            key = (sheet, move.envelope_id, move.year)
            after[key] = after.get(key, Decimal(0)) + amount
    return after


@dataclass(frozen=True)
class SheetLine:
    """What one action has of an envelope in a year: in force, moved, after the moves; in euros."""

    sheet: ActionSheet
    before: Decimal | None
    moved: Decimal
    after: Decimal | None


@dataclass(frozen=True)
class EnvelopeTotals:
    """One envelope in one year, action by action; the moves leave the total as it was."""

    year: int
    envelope: Envelope
    lines: tuple[SheetLine, ...]
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class MovesPage:
    """The moves of a contract, the last first, and what they make of each envelope in which there is one."""

    moves: tuple[CreditMove, ...]
    totals: tuple[EnvelopeTotals, ...]


def moves_page(contract: Contract, *, year: int | None = None) -> MovesPage:
    """What the page shows of `contract`, of one year if asked; as many queries whatever the moves."""
    moves = list(moves_of(contract).order_by("-year", "-decided_on", "-pk"))
    if year is not None:
        moves = [move for move in moves if move.year == year]
    pending = set(
        CreditMove.objects.filter(contract=contract).outside_the_text().values_list("pk", flat=True)
    )
    text = texts_of([contract])[contract.pk]
    after = amounts_after_moves(text, [move for move in moves if move.pk in pending])
    sheets = {each.pk: each for each in contract.action_sheets.in_order()}
    envelopes = {move.envelope_id: move.envelope for move in moves}
    touched = {(move.envelope_id, move.year) for move in moves}
    moved_sheets: dict[tuple[int, int], set[int]] = defaultdict(set)
    for move in moves:
        moved_sheets[move.envelope_id, move.year] |= {move.from_sheet_id, move.to_sheet_id}
    totals = []
    for envelope_id, at in sorted(touched, key=lambda pair: (-pair[1], envelopes[pair[0]].position)):
        lines = []
        for pk, sheet in sheets.items():
            key = (pk, envelope_id, at)
            if key in after or pk in moved_sheets[envelope_id, at]:
                before = text.amounts.get(key)
                now = after.get(key)
                lines.append(SheetLine(sheet, before, (now or Decimal(0)) - (before or Decimal(0)), now))
        totals.append(
            EnvelopeTotals(
                at,
                envelopes[envelope_id],
                tuple(lines),
                sum((line.before or Decimal(0) for line in lines), Decimal(0)),
                sum((line.after or Decimal(0) for line in lines), Decimal(0)),
            )
        )
    return MovesPage(tuple(moves), tuple(totals))


def moves_of(contract: Contract) -> CreditMoveQuerySet:
    """The moves of `contract` with everything that is shown of them."""
    return CreditMove.objects.filter(contract=contract).select_related(
        "envelope", "from_sheet", "to_sheet", "recorded_by", "amendment", "corrects", "corrected_by"
    )


def sheets_of_text(contract: Contract) -> list[ActionSheet]:
    """The actions of the text in force of `contract`, in the order of the plan."""
    known = texts_of([contract])[contract.pk].sheets
    return [sheet for sheet in contract.action_sheets.in_order() if sheet.pk in known]


COLUMNS = (
    "Année",
    "Enveloppe",
    "De la fiche",
    "Action d’où partent les crédits",
    "À la fiche",
    "Action qui les reçoit",
    "Montant",
    "Date du mouvement",
    "Institution informée",
    "Personne ou service informé",
    "Informé le",
    "Raison",
    "Avenant",
    "Enregistré par",
)


def rows_of(moves: Iterable[CreditMove]) -> list[list[str | Decimal | int | None]]:
    """The moves as rows of a table to take away, the heading first."""
    rows: list[list[str | Decimal | int | None]] = [list(COLUMNS)]
    rows += [
        [
            move.year,
            move.envelope.label,
            move.from_sheet.number,
            move.from_sheet.title,
            move.to_sheet.number,
            move.to_sheet.title,
            move.amount,
            f"{move.decided_on:%d/%m/%Y}",
            move.get_informed_kind_display(),
            move.informed_who,
            f"{move.informed_on:%d/%m/%Y}",
            move.reason,
            str(move.amendment) if move.amendment else "",
            str(move.recorded_by),
        ]
        for move in moves
    ]
    return rows

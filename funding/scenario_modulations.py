"""The modulations of a scenario as they are typed: one row a territory, in any number (rule F9).

The boxes of row 3 of the envelope 12 are `e12-mod-3-territory`, `-kind`, `-value` and `-reason`. A row in
which nothing is typed does not count. Each wrong box has a French sentence; what depends on the amounts (more
than the territory's, no multiple of the unit, ceilings) is told by the allocation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cdppe.accounts.models import Territory
from cdppe.lib.french_numbers import NO_BREAK_SPACE, decimal_places, read_french, write_french
from cdppe.lib.money import AmountError, format_amount, read_amount
from funding.models import Envelope, ScenarioModulation
from funding.models.scenario import COEFFICIENT_PLACES, LONGEST_REASON
from funding.modulation import AMOUNT, COEFFICIENT, RESERVE, SHARED, Destination, Kind, Modulation
from funding.scenario_cells import Cell, read_cell

MOST_ROWS = 300
BOXES = ("territory", "kind", "value", "reason")
KINDS: dict[str, Kind] = {COEFFICIENT: COEFFICIENT, AMOUNT: AMOUNT}
DESTINATIONS: dict[str, Destination] = {RESERVE: RESERVE, SHARED: SHARED}
_ROW = re.compile(r"e(\d{1,18})-mod-(\d{1,4})-(?:territory|kind|value|reason)", re.ASCII)
_ONE = Decimal(1)


@dataclass(frozen=True)
class ModulationRow:
    """One row as it is typed; `number` counts from 1, as people read it."""

    prefix: str
    number: int
    territory: Cell
    kind: Cell
    value: Cell
    reason: Cell
    is_new: bool = False

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.territory, self.kind, self.value, self.reason)

    @property
    def is_amount(self) -> bool:
        return self.kind.typed == AMOUNT

    @property
    def modulation(self) -> Modulation | None:
        """What the row states; None as long as a box is wrong or the row is empty."""
        if self.value.number is None or any(cell.error for cell in self.cells):
            return None
        kind = KINDS[self.kind.typed]
        return Modulation(self.territory.typed, kind, self.value.number, self.reason.typed)

    @property
    def text(self) -> str:
        """The row in one line, to compare two drafts."""
        return f"{self.territory.typed} : {self.value.typed} ({self.reason.typed})"


def read_rows(
    envelope: Envelope, typed: Mapping[str, str], territories: Sequence[Territory], *, with_new: bool = False
) -> tuple[ModulationRow, ...]:
    """The rows of `envelope` in the order of their numbers; `with_new` adds an empty one to fill in."""
    names = {territory.code: str(territory) for territory in territories}
    seen: set[str] = set()
    rows: list[ModulationRow] = []
    numbers = row_numbers(typed, envelope)
    for number in numbers[:MOST_ROWS]:
        prefix = f"e{envelope.pk}-mod-{number}"
        texts = {box: typed.get(f"{prefix}-{box}", "").replace("\x00", "").strip() for box in BOXES}
        if not (texts["territory"] or texts["value"] or texts["reason"]):
            continue
        rows.append(_row(envelope, prefix, len(rows) + 1, texts, names, seen))
        seen.add(texts["territory"])
    if with_new and len(rows) < MOST_ROWS:
        prefix = f"e{envelope.pk}-mod-{max(numbers, default=0) + 1}"
        rows.append(_empty_row(envelope, prefix, len(rows) + 1))
    return tuple(rows)


def row_numbers(typed: Iterable[str], envelope: Envelope) -> list[int]:
    """The numbers of the rows of `envelope` among the names of some boxes, in order."""
    matches = [match for name in typed if (match := _ROW.fullmatch(name))]
    return sorted({int(match[2]) for match in matches if int(match[1]) == envelope.pk})


def read_destination(envelope: Envelope, typed: Mapping[str, str]) -> Cell:
    """What becomes of what is freed: in reserve when nothing is said."""
    name = f"e{envelope.pk}-freed"
    label = f"{envelope.label}, crédits libérés"
    text = typed.get(name, "") or RESERVE
    if text not in DESTINATIONS:
        return Cell(name, label, RESERVE, None, "Choisissez la réserve ou un nouveau partage.")
    return Cell(name, label, text)


def typed_rows(modulations: Iterable[ScenarioModulation]) -> dict[str, str]:
    """The boxes of stored modulations."""
    typed: dict[str, str] = {}
    for number, each in enumerate(modulations, start=1):
        prefix = f"e{each.envelope_id}-mod-{number}"
        typed[f"{prefix}-territory"] = each.territory.code
        typed[f"{prefix}-reason"] = each.reason
        if each.coefficient is not None:
            typed[f"{prefix}-kind"], typed[f"{prefix}-value"] = COEFFICIENT, percent(each.coefficient)
        else:
            typed[f"{prefix}-kind"], typed[f"{prefix}-value"] = AMOUNT, format_amount(each.amount or 0)
    return typed


def percent(coefficient: Decimal) -> str:
    """0.825 → "82,5 %"."""
    return f"{write_french((coefficient * 100).normalize())}{NO_BREAK_SPACE}%"


def read_coefficient(text: str) -> Decimal:
    """The fraction from 0 to 1 that `text` states: "0,8", "80 %". Raises AmountError for anything else."""
    stated = text.strip().removesuffix("%")
    number = read_french(stated)
    if number is not None and stated != text.strip():
        number /= 100
    if number is None or number > _ONE or decimal_places(number) > COEFFICIENT_PLACES:
        raise AmountError(
            f"« {text} » n’est pas un coefficient : écrivez la part que le territoire garde, de 0 % à 100 %, "
            "avec quatre décimales au plus, par exemple 80 % (ou 0,8)."
        )
    return number


def _row(
    envelope: Envelope,
    prefix: str,
    number: int,
    texts: Mapping[str, str],
    names: Mapping[str, str],
    seen: set[str],
) -> ModulationRow:
    def label(what: str) -> str:
        return f"{envelope.label}, modulation {number}, {what}"

    is_amount = texts["kind"] == AMOUNT
    reader, what = (read_amount, "montant") if is_amount else (read_coefficient, "coefficient")
    value = read_cell(f"{prefix}-value", label(what), texts["value"], reader)
    if not value.typed:
        missing = (
            "Indiquez le montant, en euros." if is_amount else "Indiquez le coefficient, par exemple 80 %."
        )
        value = Cell(value.name, value.label, "", None, missing)
    kind_error = "" if texts["kind"] in KINDS else "Choisissez un coefficient ou un montant."
    return ModulationRow(
        prefix=prefix,
        number=number,
        territory=_territory(f"{prefix}-territory", label("territoire"), texts["territory"], names, seen),
        kind=Cell(f"{prefix}-kind", label("nature"), AMOUNT if is_amount else COEFFICIENT, None, kind_error),
        value=value,
        reason=_reason(f"{prefix}-reason", label("motif"), texts["reason"]),
    )


def _empty_row(envelope: Envelope, prefix: str, number: int) -> ModulationRow:
    territory, kind, value, reason = (
        Cell(f"{prefix}-{box}", f"{envelope.label}, modulation {number}", "") for box in BOXES
    )
    return ModulationRow(prefix, number, territory, kind, value, reason, is_new=True)


def _territory(name: str, label: str, code: str, names: Mapping[str, str], seen: set[str]) -> Cell:
    error = ""
    if not code:
        error = "Choisissez le territoire."
    elif code not in names:
        error = "Choisissez un territoire de la campagne."
    elif code in seen:
        error = f"{names[code]} est déjà modulé dans cette enveloppe : gardez une seule ligne."
    return Cell(name, label, code if code in names else "", None, error)


def _reason(name: str, label: str, text: str) -> Cell:
    error = ""
    if not text:
        error = "Indiquez le motif : c’est ce que le territoire lira."
    elif len(text) > LONGEST_REASON:
        error = f"Ce motif est trop long : {LONGEST_REASON} caractères au plus."
    return Cell(name, label, text[: 2 * LONGEST_REASON], None, error)

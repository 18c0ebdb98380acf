"""The financing grid of an action sheet: rows of payers, columns of years, amounts as people type them.

Pure module. A blank cell states nothing, which is not zero. What was typed is kept as it was typed; a cell
that is no amount gets a French sentence that names its row and year. An amount typed for a row that the
chosen objective does not offer (rule O3) is never dropped in silence: it is told (`Grid.foreign`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cdppe.lib.money import AmountError, format_amount, read_amount
from funding.balance import stated_sum

DEPARTMENT = "department"
OTHER = "other"
PREFIX = "amount"
KEPT_PREFIX = "kept"
_CELL = re.compile(r"(?:amount|kept)-(e\d{1,18}|department|other)-(\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class GridRow:
    """A payer: `key` is "e" and an envelope's primary key, "department" or "other"."""

    key: str
    label: str
    envelope_id: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One box: the name of its input, what was typed, the amount read in euros or the reason of a refusal."""

    name: str
    label: str
    year: int
    typed: str
    amount: Decimal | None
    error: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of boxes and its total in euros, None when no box states an amount."""

    row: GridRow
    cells: tuple[Cell, ...]
    total: Decimal | None

    @property
    def total_id(self) -> str:
        return f"total-{self.row.key}"


@dataclass(frozen=True, slots=True)
class YearTotal:
    """The total of one column, in euros."""

    year: int
    amount: Decimal | None

    @property
    def total_id(self) -> str:
        return f"total-{self.year}"


@dataclass(frozen=True, slots=True)
class ForeignAmount:
    """An amount typed or stored where the grid has no box: `name` is that of a hidden input that keeps it.

    `is_new`: it came from a box, so that the person has not been told yet.
    """

    name: str
    typed: str
    sentence: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """The grid as it was read. `amounts` holds only the stated ones."""

    years: tuple[int, ...]
    lines: tuple[Line, ...]
    year_totals: tuple[YearTotal, ...]
    total: Decimal | None
    foreign: tuple[ForeignAmount, ...]

    @property
    def errors(self) -> tuple[Cell, ...]:
        """The boxes that hold no amount."""
        return tuple(cell for line in self.lines for cell in line.cells if cell.error)

    @property
    def is_valid(self) -> bool:
        """Whether the grid can be saved: every box read, nothing typed out of it that was not told yet."""
        return not self.errors and not any(each.is_new for each in self.foreign)

    @property
    def amounts(self) -> dict[tuple[str, int], Decimal]:
        """{(row key, year): euros} of the boxes that state an amount."""
        return {
            (line.row.key, cell.year): cell.amount
            for line in self.lines
            for cell in line.cells
            if cell.amount is not None
        }


def cell_name(key: str, year: int) -> str:
    """The name of a box's input, the same that `read_grid` reads."""
    return f"{PREFIX}-{key}-{year}"


def read_cell_name(name: str) -> tuple[str, int] | None:
    """(row key, year) of the box whose input has this name; None for any other input."""
    match = _CELL.fullmatch(name)
    return (match[1], int(match[2])) if match and name.startswith(f"{PREFIX}-") else None


def typed_amounts(amounts: Mapping[tuple[str, int], Decimal]) -> dict[str, str]:
    """What the boxes show of stored amounts {(row key, year): euros}: {name of the input: text}."""
    return {cell_name(key, year): format_amount(amount) for (key, year), amount in amounts.items()}


def read_grid(
    rows: Sequence[GridRow],
    years: Sequence[int],
    typed: Mapping[str, str],
    *,
    known_rows: Iterable[GridRow] = (),
    objective: str = "",
) -> Grid:
    """The grid of `rows` and `years` filled with `typed`, {name of an input: text}; other inputs are ignored.

    An amount put aside under its "kept-" name fills its box again when the box is back and was not typed in.
    known_rows: every row of the campaign, to name those that this grid lacks. objective: how the sentence
    names the objective that does not take the amount.
    """
    lines = tuple(_line(row, years, typed) for row in rows)
    year_totals = tuple(
        YearTotal(year, stated_sum(line.cells[rank].amount for line in lines))
        for rank, year in enumerate(years)
    )
    names = {cell.name for line in lines for cell in line.cells}
    return Grid(
        years=tuple(years),
        lines=lines,
        year_totals=year_totals,
        total=stated_sum(line.total for line in lines),
        foreign=tuple(_foreign(typed, names, years, [*rows, *known_rows], objective)),
    )


def _line(row: GridRow, years: Sequence[int], typed: Mapping[str, str]) -> Line:
    cells = tuple(_cell(row, year, typed) for year in years)
    return Line(row, cells, stated_sum(cell.amount for cell in cells))


def _cell(row: GridRow, year: int, typed: Mapping[str, str]) -> Cell:
    name = cell_name(row.key, year)
    text = typed.get(name, typed.get(name.replace(PREFIX, KEPT_PREFIX, 1), ""))
    amount, error = None, ""
    if text.strip():
        try:
            amount = read_amount(text)
        except AmountError as refusal:
            error = f"{row.label}, {year} : {refusal}"
    return Cell(name, f"{row.label}, {year}, en euros", year, text, amount, error)


def _foreign(
    typed: Mapping[str, str],
    names: set[str],
    years: Sequence[int],
    known_rows: Iterable[GridRow],
    objective: str,
) -> Iterable[ForeignAmount]:
    labels = {row.key: row.label for row in known_rows}
    for name, text in typed.items():
        match = _CELL.fullmatch(name)
        if match is None or not text.strip():
            continue
        key, year = match[1], int(match[2])
        box, kept = cell_name(key, year), f"{KEPT_PREFIX}-{key}-{year}"
        if box in names or (name == kept and typed.get(box, "").strip()):
            continue
        label = labels.get(key, "une enveloppe d’une autre campagne")
        if year not in years:
            reason = f"{year} n’est pas une année du contrat"
        elif objective:
            reason = f"cette source ne finance pas « {objective} » (annexe 4)"
        else:
            reason = "aucun objectif n’est choisi"
        shown = text.strip() if len(text.strip()) <= 40 else f"{text.strip()[:40]}…"
        sentence = f"« {shown} » pour {label} en {year} n’est pas repris : {reason}."
        yield ForeignAmount(kept, text, sentence, is_new=name == box)

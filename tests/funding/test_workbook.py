"""The workbook of an allocation, recalculated by a formula engine: what an auditor's spreadsheet shows."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import formulas
import openpyxl
import pytest

from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.allocation import Allocation, allocate, allocate_by_key
from funding.models import AllocationRun
from funding.workbook import allocation_workbook, amounts, run_workbook
from funding.workbook.figures import FIRST


@dataclass(frozen=True)
class Recalculated:
    """The cells of a workbook after its formulas were computed again by another program."""

    values: Any

    def cell(self, sheet: str, reference: str) -> Any:
        return self.values[f"'[book.xlsx]{sheet.upper()}'!{reference}"].value[0, 0]

    def amount(self, row: int) -> int | float:
        return self.cell("Montants", f"M{amounts.FIRST_AMOUNT + row}")

    def bound(self, row: int) -> str:
        return self.cell("Montants", f"G{amounts.FIRST_AMOUNT + row}")

    @property
    def checks(self) -> list[str]:
        rows = (amounts.SUM_CHECK, amounts.FACTOR_CHECK, amounts.AMOUNT_CHECK)
        return [self.cell("Montants", f"B{row}") for row in rows]


def recalculate(
    content: bytes, folder: Path, changes: dict[tuple[str, str], Any] | None = None
) -> Recalculated:
    """The workbook recalculated, after `changes` {(sheet, cell): value} were typed in it."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for (sheet, reference), value in (changes or {}).items():
        book[sheet][reference].value = value
    path = folder / "book.xlsx"
    book.save(path)
    return Recalculated(formulas.ExcelModel().loads(str(path)).finish().calculate())


def by_key(
    envelope: int, keys: list[int], floor: int = 0, ceiling: int | None = None, unit: Any = 1
) -> Allocation:
    """An allocation between territories A, B, C… of these keys."""
    named = {chr(ord("A") + rank): key for rank, key in enumerate(keys)}
    return allocate_by_key(
        Decimal(envelope), named, Decimal(floor), None if ceiling is None else Decimal(ceiling), Decimal(unit)
    )


def file_of(allocation: Allocation) -> bytes:
    return allocation_workbook(allocation, title="Essai", names={})


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["P304", "FIR", "ONDAM"])
def test_the_recalculated_workbook_is_our_allocation_to_the_euro(
    campaign: Campaign, tmp_path: Path, code: str
) -> None:
    run = run_allocation(campaign.envelopes.get(code=code), year=2020, by=None)
    lines = sorted(run.lines.select_related("territory"), key=lambda line: line.territory.code)
    found = recalculate(run_workbook(run), tmp_path)
    assert [found.amount(row) for row in range(30)] == [line.amount for line in lines]
    assert [found.bound(row) for row in range(30)] == [amounts.BOUNDS[line.bound] for line in lines]
    assert found.checks == ["oui", "oui", "oui"]
    assert found.cell("Montants", f"B{amounts.TOTAL}") == run.amount


@pytest.mark.parametrize(
    "allocation",
    [
        # The iteration that pins both bounds in one pass gets this one wrong.
        by_key(1000, [1, 5, 4], floor=150, ceiling=400),
        by_key(1000, [1, 1, 1]),  # ties: the unit left goes to the first code
        by_key(1000, [0, 2, 7], floor=100),  # a key of zero
        by_key(500, [1, 9], floor=100, ceiling=400),  # held by both bounds: no key is left
        by_key(300, [1, 2, 3], floor=100, ceiling=100),
        by_key(1000, [1, 2, 4], floor=100, unit=50),
        by_key(100, [1, 1, 1], unit="0.01"),
        by_key(0, [1, 2]),
    ],
    ids=lambda allocation: "-".join(str(line.figures[0]) for line in allocation.lines),
)
def test_bounds_ties_and_units_come_out_of_the_formulas(allocation: Allocation, tmp_path: Path) -> None:
    found = recalculate(file_of(allocation), tmp_path)
    amounts = [Decimal(str(found.amount(row))) for row in range(len(allocation.lines))]
    assert amounts == [line.amount for line in allocation.lines]
    assert found.checks == ["oui", "oui", "oui"]


def test_a_figure_that_is_changed_gives_the_allocation_it_would_have_given(tmp_path: Path) -> None:
    figures = {
        "A": {"enfants": 10, "pauvres": 4},
        "B": {"enfants": 50, "pauvres": 5},
        "C": {"enfants": 40, "pauvres": 1},
    }
    weights = {"enfants": Decimal("28.5"), "pauvres": Decimal("71.5")}
    terms = {"floor": Decimal(150), "ceiling": Decimal(600)}
    before = allocate(Decimal(1000), figures, weights, **terms)
    figures["B"]["enfants"], figures["C"]["pauvres"] = 5, 30
    after = allocate(Decimal(1000), figures, weights, **terms)
    found = recalculate(
        file_of(before),
        tmp_path,
        {("Chiffres", f"C{FIRST + 1}"): 5, ("Chiffres", f"D{FIRST + 2}"): 30},
    )
    assert [found.amount(row) for row in range(3)] == [line.amount for line in after.lines]
    assert [line.amount for line in before.lines] != [line.amount for line in after.lines]
    assert found.checks == ["oui", "NON", "NON"]


def test_only_figures_weights_and_terms_are_typed() -> None:
    book = openpyxl.load_workbook(io.BytesIO(file_of(by_key(1000, [1, 5, 4], floor=150, ceiling=400))))
    assert book.sheetnames == ["Lisez-moi", "Chiffres", "Parts", "Clés", "Montants"]
    typed = {
        f"{sheet.title}!{cell.coordinate}"
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "n" and cell.value is not None
    }
    ours = {f"Montants!{letter}{row}" for letter in "P" for row in (20, 21, 22)} | {"Montants!B12"}
    figures = {f"Chiffres!C{row}" for row in (5, 6, 7)}
    assert typed == figures | {"Clés!C3"} | {f"Montants!B{row}" for row in (3, 4, 5, 6)} | ours


def test_text_never_becomes_a_formula() -> None:
    hostile = ['=HYPERLINK("http://exemple.fr")', "+1", "-1", "@SUM(A1)", "#REF!", "a\x0bb"]
    allocation = allocate(
        Decimal(1000), {text: {"=1+1": 1} for text in hostile if "\x0b" not in text}, {"=1+1": 100}
    )
    content = allocation_workbook(allocation, title="=1+1", names=dict.fromkeys(hostile, "a\x0bb"))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book["Chiffres"]["C4"].value == "=1+1"
    assert book["Lisez-moi"]["A1"].value == "=1+1"
    texts = {row[0].value for row in book["Montants"].iter_rows(min_row=20, max_col=1)}
    assert texts == {text for text in hostile if "\x0b" not in text}
    for reference in ("A20", "A21", "B20"):
        assert book["Montants"][reference].data_type == "s"
    assert book["Montants"]["A21"].quotePrefix  # sorted by code: "#" comes first
    assert book["Montants"]["B20"].value == "ab"


@pytest.mark.django_db
def test_the_first_sheet_says_what_the_figures_are(campaign: Campaign) -> None:
    run = run_allocation(campaign.envelopes.get(code="FIR"), year=2020, by=None)
    book = openpyxl.load_workbook(io.BytesIO(run_workbook(AllocationRun.objects.get(pk=run.pk))))
    said = "\n".join(str(cell.value) for row in book["Lisez-moi"].iter_rows() for cell in row)
    assert "pas seulement sur des chiffres officiels" in said
    assert "substitut" in said
    assert run.factor in said
    assert "Insee" in said or "INSEE" in said
    remarks = [row[-1].value for row in book["Chiffres"].iter_rows(min_row=5)]
    assert any(remark and "RSA" in remark for remark in remarks)

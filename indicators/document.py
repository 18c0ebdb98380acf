"""What indicators bring to the contract's document: the tableau de bord (annexe 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.document import TocEntry
from contracts.models import Contract
from contracts.registry import Annex
from indicators.dashboard import Cell, CellState, CommitmentPart, MeasurePart, Row, Section, build_dashboard
from indicators.models import IndicatorKind


@dataclass(frozen=True)
class PrintedCell:
    """A cell as it is printed: its text, what it is ("value", "unavailable"…), and the notes it calls for."""

    text: str
    state: str
    notes: tuple[int, ...] = ()


@dataclass(frozen=True)
class PrintedRow:
    """A row of the table; `detail` is what its label does not say: unit, where its figures are typed."""

    label: str
    detail: str
    kind: str
    level: int
    cells: tuple[PrintedCell, ...]


@dataclass(frozen=True)
class PrintedSection:
    """An objective with the measure it stands under ("" when the line above already says it)."""

    measure: str
    heading: str
    national_targets: tuple[str, ...]
    rows: tuple[PrintedRow, ...]


@dataclass(frozen=True)
class PrintedCommitment:
    anchor: str
    heading: str
    sections: tuple[PrintedSection, ...]


class _Notes:
    """The reasons and warnings of the figures, numbered in the order in which the table calls for them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, sentence: str) -> int:
        return self._numbers.setdefault(sentence, len(self._numbers) + 1)

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(self._numbers)


def build_dashboard_annex(contract: Contract) -> dict[str, Any]:
    """The data of the annex: the rows as printed, and the notes that their figures call for.

    A cell without a figure says so in words; why is said once, under the table, with a number.
    """
    dashboard = build_dashboard(contract)
    notes = _Notes()
    commitments = []
    for commitment in dashboard.commitments:
        sections = [_section(section, "", notes) for section in commitment.sections]
        for measure in commitment.measures:
            sections += [
                _section(section, _measure_title(measure, commitment) if position == 0 else "", notes)
                for position, section in enumerate(measure.sections)
            ]
        commitments.append(PrintedCommitment(commitment.key, commitment.heading, tuple(sections)))
    row_count = sum(len(section.rows) for section in dashboard.sections)
    return {
        "reference_year": dashboard.reference_year,
        "years": dashboard.years,
        "column_count": len(dashboard.columns) + 1,
        "commitments": commitments,
        "notes": notes.sentences,
        "contents": [TocEntry(commitment.anchor, commitment.heading) for commitment in commitments],
        "expected_pages": 2 + row_count // 12,
    }


def _measure_title(measure: MeasurePart, commitment: CommitmentPart) -> str:
    """The measure's title, unless the title of the table says the same (the territory's own objective)."""
    return "" if measure.title == commitment.heading else measure.title


def _section(section: Section, measure: str, notes: _Notes) -> PrintedSection:
    return PrintedSection(
        measure=measure,
        heading=section.heading,
        national_targets=section.national_targets,
        rows=tuple(_row(row, notes) for row in section.rows),
    )


def _row(row: Row, notes: _Notes) -> PrintedRow:
    # The label of a count or a share already says what is counted.
    unit = row.unit if row.kind == IndicatorKind.DURATION else ""
    details = [unit, row.repeats, "indicateur local" if row.is_local else ""]
    return PrintedRow(
        label=row.label,
        detail=", ".join(each for each in details if each),
        kind=row.kind,
        level=row.level,
        cells=tuple(_cell(cell, notes) for cell in row.cells),
    )


def _cell(cell: Cell, notes: _Notes) -> PrintedCell:
    sentences = [f"{each[:1].upper()}{each[1:]}" for each in (cell.reason, cell.warning) if each]
    # Nothing was filled yet: the column of a year to come stays empty, as its figures do.
    is_untouched = cell.state == CellState.NOT_COMPUTABLE and not cell.reason
    return PrintedCell(
        "" if is_untouched else cell.text, cell.state.value, tuple(notes.number(each) for each in sentences)
    )


DASHBOARD_ANNEX = Annex(
    "dashboard", "Tableau de bord", 1, "documents/annex_dashboard.html", build_dashboard_annex
)

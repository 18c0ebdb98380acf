"""The boxes of one section of the tableau de bord: drawn by hand from plain dictionaries, read cell by cell.

Every box posts what was typed and, hidden, what it held when the page was opened: only the cells that the
person changed are written, and a cell that somebody else changed meanwhile is noticed (see
`indicators.actions.values`). A box holds a number, nothing, or "nd" (not available), whose reason is given
once for the row. What was typed is shown again as it was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indicators.actions.values import CellChange, Conflict
from indicators.dashboard import Cell, CellState, Row, Section
from indicators.figures import (
    LONGEST_REASON,
    NOT_STATED,
    Figure,
    FigureError,
    Known,
    Unavailable,
    decode,
    encode,
    format_number,
    is_unavailable,
    read_number,
)
from indicators.models import IndicatorKind

TYPED_UNAVAILABLE = "nd"
_FIELD_PREFIXES = ("v-", "r-")


@dataclass(frozen=True)
class Problem:
    """What is wrong in one box: its row and column, and a sentence; no row for the whole grid."""

    field_id: str
    text: str
    row: str = ""
    column: str = ""

    @property
    def sentence(self) -> str:
        """For the summary at the top of the page: names row and column."""
        return f"Ligne « {self.row} », colonne « {self.column} » : {self.text}" if self.row else self.text

    @property
    def short_sentence(self) -> str:
        """For the place under the row."""
        return f"{self.column} : {self.text}"


class ValueGrid:
    """The form of one section: `rows` for the template; `changes` and `problems` of what was posted.

    `data` is what was posted, or None for a page that is only opened. Fields of any other row are refused
    with a sentence: they belong to another contract, or to a row that was removed meanwhile.
    """

    def __init__(self, section: Section, data: Mapping[str, str] | None = None) -> None:
        self.section = section
        self.data = data
        self.problems: list[Problem] = []
        self.changes: list[CellChange] = []
        self.rows: list[dict[str, Any]] = []
        self._conflicts: dict[str, Conflict] = {}
        if data is None:
            self._draw({})
        else:
            self._read(data)

    @property
    def is_valid(self) -> bool:
        return self.data is not None and not self.problems

    def show_conflicts(self, conflicts: Sequence[Conflict]) -> None:
        """Show both values in the cells that somebody else changed; the next save keeps the person's own."""
        for conflict in conflicts:
            change = conflict.change
            name = _field(change.indicator_id, f"{change.kind}-{change.year}")
            self._conflicts[name] = conflict
            by = f" par {conflict.author}" if conflict.author else ""
            self.problems.append(
                Problem(
                    f"v-{name}",
                    f"modifiée entre-temps{by}. Valeur enregistrée : {_told(conflict.stored)} ; "
                    f"la vôtre : {_told(change.wanted)}.",
                    *self._place(change),
                )
            )
        self._draw(self.data or {})

    def _place(self, change: CellChange) -> tuple[str, str]:
        """The names of the row and of the column of a cell of this section."""
        return next(
            (row.label, cell.column.label)
            for row in self._typed_rows()
            for cell in row.cells
            if (row.indicator_id, cell.column.kind, cell.column.year) == change.place
        )

    def _typed_rows(self) -> list[Row]:
        return [row for row in self.section.rows if row.is_typed]

    def _read(self, data: Mapping[str, str]) -> None:
        known: set[str] = set()
        for row in self._typed_rows():
            known.add(f"r-{row.indicator_id}")
            known.update(f"v-{_field(row.indicator_id, cell.column.key)}" for cell in _open_cells(row))
            self._read_row(row, data)
        strangers = [name for name in data if name.startswith(_FIELD_PREFIXES) and name not in known]
        if strangers:
            self.problems.append(
                Problem(
                    "",
                    "Des cases envoyées ne font pas, ou ne font plus, partie de ce tableau : rien n’a été "
                    "enregistré. Le tableau ci-dessous est à jour : vérifiez votre saisie, puis enregistrez.",
                )
            )
        self._draw(data)

    def _read_row(self, row: Row, data: Mapping[str, str]) -> None:
        reason = _one_line(data.get(f"r-{row.indicator_id}", ""))
        opened_reason = _one_line(data.get(f"or-{row.indicator_id}", ""))
        uses_reason = False
        for cell in _open_cells(row):
            name = _field(row.indicator_id, cell.column.key)
            typed = data.get(f"v-{name}")
            if typed is None:
                continue
            opened_with = decode(data.get(f"o-{name}", ""))
            wanted: Figure
            if is_unavailable(typed):
                uses_reason = True
                kept = isinstance(opened_with, Unavailable) and reason == opened_reason
                wanted = opened_with if kept else Unavailable(reason)
            else:
                try:
                    number = read_number(typed)
                except FigureError as error:
                    self.problems.append(Problem(f"v-{name}", str(error), row.label, cell.column.label))
                    continue
                wanted = NOT_STATED if number is None else Known(number)
            if wanted != opened_with:
                self.changes.append(
                    CellChange(
                        indicator_id=row.indicator_id or 0,
                        kind=cell.column.kind,
                        year=cell.column.year,
                        opened_with=opened_with,
                        wanted=wanted,
                    )
                )
        self._check_reason(row, reason, is_used=uses_reason, is_new=reason != opened_reason)

    def _check_reason(self, row: Row, reason: str, *, is_used: bool, is_new: bool) -> None:
        if is_used and not reason:
            sentence = "dites pourquoi la valeur n’est pas disponible."
        elif is_used and is_new and len(reason) > LONGEST_REASON:
            sentence = f"{len(reason)} caractères, c’est trop long : {LONGEST_REASON} au plus."
        elif is_used and is_new and not reason.isprintable():
            sentence = "le texte contient un caractère invisible : tapez-le de nouveau."
        elif reason and is_new and not is_used:
            sentence = "une raison est donnée, mais aucune case de la ligne n’est à « nd »."
        else:
            return
        self.problems.append(Problem(f"r-{row.indicator_id}", sentence, row.label, "Raison"))

    def _draw(self, data: Mapping[str, str]) -> None:
        """Fill `rows`: what was typed where the person changed something, what is stored elsewhere."""
        sentences = {problem.field_id: problem.short_sentence for problem in self.problems}
        touched = {change.place for change in self.changes}
        self.rows = [
            _drawn_row(row)
            for row in self.section.rows
            if row.is_typed or row.repeats or row.kind == IndicatorKind.HEADING
        ]
        for drawn in self.rows:
            row: Row = drawn["row"]
            if not row.is_typed:
                continue
            stored_reason = _reason_of(row)
            is_touched = f"r-{row.indicator_id}" in sentences
            for cell in row.cells:
                name = _field(row.indicator_id, cell.column.key)
                box: dict[str, Any] = {"cell": cell, "is_open": cell.state != CellState.NO_TARGET}
                if box["is_open"]:
                    place = (row.indicator_id, cell.column.kind, cell.column.year)
                    sentence = sentences.get(f"v-{name}", "")
                    keep = bool(data) and (place in touched or bool(sentence))
                    is_touched = is_touched or keep
                    conflict = self._conflicts.get(name)
                    opened = data.get(f"o-{name}", "") if keep else encode(cell.figure)
                    box |= {
                        "name": name,
                        "label": f"{row.short_label}, {cell.column.label}",
                        "value": data.get(f"v-{name}", "") if keep else _typed(cell.figure),
                        "opened": encode(conflict.stored) if conflict else opened,
                        "error": sentence,
                    }
                drawn["boxes"].append(box)
            posted_reason, posted_opened = (
                data.get(f"r-{row.indicator_id}", ""),
                data.get(f"or-{row.indicator_id}", ""),
            )
            is_touched = is_touched or (bool(data) and posted_reason != posted_opened)
            drawn["reason"] = {
                "name": row.indicator_id,
                "value": posted_reason if is_touched else stored_reason,
                "opened": posted_opened if is_touched else stored_reason,
                "error": sentences.get(f"r-{row.indicator_id}", ""),
            }
            drawn["has_errors"] = bool(
                drawn["reason"]["error"] or any(box.get("error") for box in drawn["boxes"])
            )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _drawn_row(row: Row) -> dict[str, Any]:
    """A line of the page: boxes to fill, or printed cells for a row whose figures are typed elsewhere."""
    cells = row.cells if row.repeats else ()
    return {"row": row, "boxes": [], "cells": cells, "reason": None, "has_errors": False}


def _open_cells(row: Row) -> list[Cell]:
    return [cell for cell in row.cells if cell.state != CellState.NO_TARGET]


def _field(indicator_id: int | None, column: str) -> str:
    return f"{indicator_id}-{column}"


def _typed(figure: Figure) -> str:
    """What a box shows for a stored figure, so that typing it again changes nothing."""
    if isinstance(figure, Known):
        return format_number(figure.value)
    return TYPED_UNAVAILABLE if isinstance(figure, Unavailable) else ""


def _reason_of(row: Row) -> str:
    """The reason of the row's cells that are not available; several are shown one after the other."""
    reasons = [cell.figure.reason for cell in row.cells if isinstance(cell.figure, Unavailable)]
    return " ; ".join(dict.fromkeys(reasons))


def _told(figure: Figure) -> str:
    if isinstance(figure, Known):
        return format_number(figure.value)
    return f"non disponible ({figure.reason})" if isinstance(figure, Unavailable) else "vide"

"""The boxes of the tableau de bord: drawn by hand from plain dictionaries, read cell by cell.

A page shows one section or all of them. Every box posts what was typed and, hidden, what it held when the
page was opened: only the cells that the person changed are written, and a cell that somebody else changed
meanwhile is noticed (see `indicators.actions.values`). A box holds a number, nothing, or "nd" (not
available), whose reason is given once for the line. What was typed is shown again as it was typed.

Names of the fields, for the line 12 and the column reference-2030::

    v-12-reference-2030   what was typed         o-12-reference-2030   what the box held (`figures.encode`)
    r-12                  the reason of "nd"     or-12                 the reason as the page showed it

The half-years of the row 12 (rule I5) are a line of their own: v-12-half-1-2030, r-12h.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indicators.actions.values import CellChange, CellPlace, Conflict, Settled
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
    unit_sign,
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
        return f"{self.column} : {self.text}" if self.column else self.text


@dataclass(frozen=True)
class Line:
    """What is typed in one line of boxes, with one reason: a row, or its half-years."""

    key: str
    row: Row
    cells: tuple[Cell, ...]

    @property
    def open_cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.state != CellState.NO_TARGET)

    @property
    def reason(self) -> str:
        """The reason of the stored cells that are not available; several are shown one after the other."""
        reasons = [cell.figure.reason for cell in self.cells if isinstance(cell.figure, Unavailable)]
        return " ; ".join(dict.fromkeys(reasons))


class ValueGrid:
    """The form of some sections: `parts` for the template; `changes` and `problems` of what was posted.

    `data` is what was posted, or None for a page that is only opened; lines that it leaves out are unchanged.
    Fields of any other row are refused with a sentence: they belong to another contract, or to a row that was
    removed meanwhile.
    """

    def __init__(self, sections: Sequence[Section], data: Mapping[str, str] | None = None) -> None:
        self.sections = sections
        self.data = data
        self.problems: list[Problem] = []
        self.changes: list[CellChange] = []
        self.strangers: list[str] = []
        self.parts: list[dict[str, Any]] = []
        self._conflicts: dict[str, Conflict] = {}
        self._lines = [line for section in sections for line in _lines(section)]
        if data is None:
            self._draw({})
        else:
            self._read(data)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every drawn line of the page, in order; the half-years come last."""
        return [row for part in self.parts for row in (*part["rows"], *part["half_rows"])]

    @property
    def half_parts(self) -> list[dict[str, Any]]:
        """The parts that have half-years to fill (rule I5)."""
        return [part for part in self.parts if part["half_rows"]]

    @property
    def printed_texts(self) -> dict[str, str]:
        """{id of a printed cell: its text}, for the page to follow what it has just saved."""
        return {
            f"v-{drawn['row'].indicator_id}-{cell.column.key}": cell.text
            for drawn in self.rows
            for cell in drawn["cells"]
        }

    @property
    def is_valid(self) -> bool:
        return self.data is not None and not self.problems

    @property
    def sound_changes(self) -> list[CellChange]:
        """The changes that need not wait for the boxes that are wrong: all but those without their reason."""
        doubtful = {problem.field_id for problem in self.problems}
        held = {
            (line.row.indicator_id, cell.column.kind, cell.column.year)
            for line in self._lines
            if f"r-{line.key}" in doubtful
            for cell in line.cells
        }
        return [
            change
            for change in self.changes
            if not (isinstance(change.wanted, Unavailable) and change.place in held)
        ]

    def show_conflicts(self, conflicts: Sequence[Conflict]) -> None:
        """Show both values in the cells that somebody else changed; the next save keeps the person's own."""
        for conflict in conflicts:
            name = _field_of(conflict.change.place)
            self._conflicts[name] = conflict
            by = f" par {conflict.author}" if conflict.author else ""
            self.problems.append(
                Problem(
                    f"v-{name}",
                    f"modifiée entre-temps{by}. Valeur enregistrée : {_told(conflict.stored)} ; "
                    f"la vôtre : {_told(conflict.change.wanted)}.",
                    *self._place(conflict.change.place),
                )
            )
        self._draw(self.data or {})

    def autosave_answer(self, settled: Settled) -> dict[str, Any]:
        """What the page is told after it saved by itself.

        `fields`: the hidden fields of the cells that are now stored as the person typed them; `problems`: one
        sentence a box that is not; `conflicts`: for each cell that somebody else changed, what is stored, to
        choose between the two where they stand.
        """
        self.show_conflicts(settled.conflicts)
        sound = {change.place for change in self.sound_changes}
        forestalled = {conflict.change.place for conflict in settled.conflicts}
        fields: dict[str, str] = {}
        for change in self.changes:
            if change.place in sound - forestalled:
                fields[f"o-{_field_of(change.place)}"] = encode(change.wanted)
        marked = {problem.field_id for problem in self.problems}
        for line in self._lines:
            names = [f"v-{_field(line, cell)}" for cell in line.open_cells]
            # While a cell of the line waits, the reason stays a change: the next save sends it again.
            if f"r-{line.key}" in (self.data or {}) and not marked.intersection([f"r-{line.key}", *names]):
                fields[f"or-{line.key}"] = _one_line((self.data or {}).get(f"r-{line.key}", ""))
        problems = {problem.field_id: problem.short_sentence for problem in self.problems if problem.field_id}
        problems |= dict.fromkeys(
            self.strangers, "cette case n’est plus dans le tableau de bord : rechargez la page."
        )
        return {
            "fields": fields,
            "problems": problems,
            "conflicts": {
                f"v-{name}": {
                    "author": conflict.author,
                    "mine": _told(conflict.change.wanted),
                    "stored": _told(conflict.stored),
                    "typed": _typed(conflict.stored),
                    "opened": encode(conflict.stored),
                    "reason": conflict.stored.reason if isinstance(conflict.stored, Unavailable) else "",
                }
                for name, conflict in self._conflicts.items()
            },
        }

    def _place(self, place: CellPlace) -> tuple[str, str]:
        """The names of the row and of the column of a cell of this page."""
        return next(
            (line.row.label, cell.column.label)
            for line in self._lines
            for cell in line.cells
            if (line.row.indicator_id, cell.column.kind, cell.column.year) == place
        )

    def _read(self, data: Mapping[str, str]) -> None:
        known: set[str] = set()
        for line in self._lines:
            known.add(f"r-{line.key}")
            known.update(f"v-{_field(line, cell)}" for cell in line.open_cells)
            self._read_line(line, data)
        self.strangers = [name for name in data if name.startswith(_FIELD_PREFIXES) and name not in known]
        if self.strangers:
            self.problems.append(
                Problem(
                    "",
                    "Des cases envoyées ne font pas, ou ne font plus, partie de ce tableau : rien n’a été "
                    "enregistré. Le tableau ci-dessous est à jour : vérifiez votre saisie, puis enregistrez.",
                )
            )
        self._draw(data)

    def _read_line(self, line: Line, data: Mapping[str, str]) -> None:
        row = line.row
        reason = _one_line(data.get(f"r-{line.key}", ""))
        opened_reason = _one_line(data.get(f"or-{line.key}", ""))
        uses_reason = False
        for cell in line.open_cells:
            name = _field(line, cell)
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
                    number = read_number(typed, row.unit)
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
        self._check_reason(line, reason, is_used=uses_reason, is_new=reason != opened_reason)

    def _check_reason(self, line: Line, reason: str, *, is_used: bool, is_new: bool) -> None:
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
        self.problems.append(Problem(f"r-{line.key}", sentence, line.row.label, "Raison"))

    def _draw(self, data: Mapping[str, str]) -> None:
        """Fill `parts`: what was typed where the person changed something, what is stored elsewhere."""
        sentences = {problem.field_id: problem.short_sentence for problem in self.problems}
        touched = {change.place for change in self.changes}
        self.parts = []
        for section in self.sections:
            halves = [_halves(row) for row in section.half_yearly_rows if row.is_typed]
            self.parts.append(
                {
                    "section": section,
                    "rows": [
                        self._drawn(_whole(row), data, sentences, touched) if row.is_typed else _printed(row)
                        for row in section.rows
                        if row.is_typed or row.repeats or row.kind in _PRINTED_KINDS
                    ],
                    "half_rows": [self._drawn(line, data, sentences, touched) for line in halves],
                }
            )

    def _drawn(
        self,
        line: Line,
        data: Mapping[str, str],
        sentences: Mapping[str, str],
        touched: set[CellPlace],
    ) -> dict[str, Any]:
        """A line of boxes as the template shows it."""
        row = line.row
        is_touched = f"r-{line.key}" in sentences
        boxes: list[dict[str, Any]] = []
        for cell in line.cells:
            box: dict[str, Any] = {"cell": cell, "is_open": cell.state != CellState.NO_TARGET}
            if box["is_open"]:
                name = _field(line, cell)
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
            boxes.append(box)
        posted, opened_reason = data.get(f"r-{line.key}", ""), data.get(f"or-{line.key}", "")
        is_touched = is_touched or (bool(data) and posted != opened_reason)
        reason = {
            "name": line.key,
            "value": posted if is_touched else line.reason,
            "opened": opened_reason if is_touched else line.reason,
            "error": sentences.get(f"r-{line.key}", ""),
        }
        has_errors = bool(reason["error"] or any(box.get("error") for box in boxes))
        return {
            "key": line.key,
            "row": row,
            "sign": unit_sign(row.unit),
            "refusal": "",
            "boxes": boxes,
            "cells": (),
            "reason": reason,
            "has_errors": has_errors,
        }


_PRINTED_KINDS = (IndicatorKind.HEADING, IndicatorKind.SHARE)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(section: Section) -> list[Line]:
    """What is typed in a section: its rows, then the half-years of some of them."""
    typed = [row for row in section.rows if row.is_typed]
    return [*map(_whole, typed), *(_halves(row) for row in typed if row.halves)]


def _whole(row: Row) -> Line:
    return Line(str(row.indicator_id), row, row.cells)


def _halves(row: Row) -> Line:
    return Line(f"{row.indicator_id}h", row, row.halves)


def _printed(row: Row) -> dict[str, Any]:
    """A row that is not typed here: computed, a heading, or typed under another objective.

    It keeps its place among the boxes, so that a block copied from annexe 5.2 falls where it should.
    """
    cells = () if row.kind == IndicatorKind.HEADING else row.cells
    words = {IndicatorKind.HEADING: "intitulé sans valeur", IndicatorKind.SHARE: "ligne calculée"}
    refusal = row.repeats or words.get(IndicatorKind(row.kind), "")
    return {
        "key": str(row.indicator_id),
        "row": row,
        "sign": "",
        "refusal": refusal,
        "boxes": [],
        "cells": cells,
        "reason": None,
        "has_errors": False,
    }


def _field(line: Line, cell: Cell) -> str:
    return f"{line.row.indicator_id}-{cell.column.key}"


def _field_of(place: CellPlace) -> str:
    indicator_id, kind, year = place
    return f"{indicator_id}-{kind}-{year}"


def _typed(figure: Figure) -> str:
    """What a box shows for a stored figure, so that typing it again changes nothing."""
    if isinstance(figure, Known):
        return format_number(figure.value)
    return TYPED_UNAVAILABLE if isinstance(figure, Unavailable) else ""


def _told(figure: Figure) -> str:
    if isinstance(figure, Known):
        return format_number(figure.value)
    return f"non disponible ({figure.reason})" if isinstance(figure, Unavailable) else "vide"

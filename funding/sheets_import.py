"""From a table of action sheets, one a line, to sheets with their money, with every problem by cell.

Pure module: no Django, no database. The headings name the columns: those of annexe 5.4 in the words of our
own form, and one column an amount, who pays and the year. What cannot be read for sure is a problem, and an
import with one problem stores nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cdppe.lib.money import AmountError, read_amount
from cdppe.lib.table_export import original_text
from cdppe.lib.tables import CellKind, Row, Table

OBJECTIVE = "objectif"
TITLE = "intitulé de l’action"
HEADING_WITHIN = 10


@dataclass(frozen=True)
class AmountColumn:
    """A column of amounts: its heading, who pays, the envelope's primary key (or None), the year."""

    heading: str
    contributor: str
    envelope_id: int | None
    year: int


@dataclass(frozen=True)
class Columns:
    """What a contract's table may hold.

    `texts`: {heading: field of the sheet}; `amounts`: the columns of money; `objectives`: {number as text, or
    « propre »: primary key of the contract's objective}; `allowed`: {that primary key: envelopes that may
    finance it} (rule O3); `longest`: {field: most characters}.
    """

    texts: Mapping[str, str]
    amounts: Sequence[AmountColumn]
    objectives: Mapping[str, int]
    allowed: Mapping[int, frozenset[int]]
    longest: Mapping[str, int]

    @property
    def headings(self) -> list[str]:
        """The first line of an empty table."""
        return [OBJECTIVE.capitalize(), *self.texts, *(column.heading for column in self.amounts)]


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place of the file, what is written there, and what to do."""

    place: str
    value: str
    reason: str


@dataclass(frozen=True)
class ReadSheet:
    """One line that was read: {field: text}, the objective's primary key, [(column, euros)]."""

    line: int
    objective_id: int
    texts: Mapping[str, str]
    amounts: tuple[tuple[AmountColumn, Decimal], ...]

    @property
    def total(self) -> Decimal | None:
        """The sum of its amounts, in euros; None when it states none."""
        return sum((amount for _, amount in self.amounts), Decimal(0)) if self.amounts else None


@dataclass(frozen=True)
class SheetsPreview:
    """What storing the file would make, and everything that stands in the way."""

    sheets: tuple[ReadSheet, ...]
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...]
    """The headings that name nothing of ours: their cells are left out, and it is said."""


def read_sheets(table: Table, columns: Columns) -> SheetsPreview:
    """The sheets of `table`, a line each; empty lines are left out."""
    heading, found = _find_heading(table, columns)
    if heading is None:
        asked = f"« {OBJECTIVE.capitalize()} » et « {TITLE.capitalize()} »"
        reason = f"Aucune des {HEADING_WITHIN} premières lignes n’a les colonnes {asked} : partez du modèle."
        return SheetsPreview((), (Problem("fichier", "", reason),), ())
    known: dict[int, str | AmountColumn] = {}
    problems: list[Problem] = []
    ignored = []
    for column, cell in enumerate(heading.cells):
        name = plain(cell.text)
        if not name:
            continue
        if name not in found:
            ignored.append(cell.text.strip()[:80])
        elif found[name] in known.values():
            problems.append(
                Problem(table.address(heading.number, column), cell.text, "Cette colonne est là deux fois.")
            )
        else:
            known[column] = found[name]
    sheets = []
    for row in table.rows:
        if row.number > heading.number and any(cell.text.strip() for cell in row.cells):
            sheet, wrong = _read_row(table, row, known, columns)
            problems.extend(wrong)
            if sheet is not None:
                sheets.append(sheet)
    if not sheets and not problems:
        problems.append(Problem("fichier", "", "Le tableau n’a aucune ligne sous ses intitulés."))
    problems.extend(_doubles(sheets))
    return SheetsPreview(tuple(sheets), tuple(problems), tuple(ignored))


def plain(text: str) -> str:
    """A heading as it is compared: letters and figures, without accents or case.

    >>> plain("Intitulé de l’action ")
    'intitule de l action'
    """
    letters = unicodedata.normalize("NFKD", original_text(text))
    kept = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    return " ".join(kept.casefold().split())


def _find_heading(table: Table, columns: Columns) -> tuple[Row | None, dict[str, str | AmountColumn]]:
    """The line of the headings, and {plain heading: what it names}."""
    names: dict[str, str | AmountColumn] = {plain(OBJECTIVE): OBJECTIVE}
    names |= {plain(heading): name for heading, name in columns.texts.items()}
    names |= {plain(column.heading): column for column in columns.amounts}
    for row in table.rows[:HEADING_WITHIN]:
        written = {plain(cell.text) for cell in row.cells}
        if {plain(OBJECTIVE), plain(TITLE)} <= written:
            return row, names
    return None, names


def _read_row(
    table: Table, row: Row, known: Mapping[int, str | AmountColumn], columns: Columns
) -> tuple[ReadSheet | None, list[Problem]]:
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    amounts: list[tuple[AmountColumn, Decimal]] = []
    objective: int | None = None

    def refuse(column: int, reason: str) -> None:
        written = row.cell(column).text.strip()
        shown = written if len(written) <= 60 else f"{written[:60]}…"
        problems.append(Problem(table.address(row.number, column), shown, reason))

    for column, name in known.items():
        cell = row.cell(column)
        text = original_text(cell.text).replace("\x00", "").strip()
        if cell.kind in (CellKind.FORMULA, CellKind.ERROR):
            refuse(column, "Une formule ou une erreur d’Excel : collez sa valeur.")
        elif name == OBJECTIVE:
            objective = columns.objectives.get(_objective_key(text))
            if objective is None:
                refuse(column, "Écrivez le numéro d’un objectif du contrat, ou « propre ».")
        elif isinstance(name, AmountColumn):
            if text:
                try:
                    amounts.append((name, read_amount(text)))
                except AmountError as refusal:
                    refuse(column, str(refusal))
        else:
            texts[name] = text
            if len(text) > columns.longest.get(name, 20_000):
                refuse(column, f"Texte trop long : {columns.longest[name]} caractères au plus.")
            if name == "title" and not text:
                refuse(column, "Donnez un intitulé à l’action.")
    if objective is not None:
        for column, name in known.items():
            if isinstance(name, AmountColumn) and name.envelope_id is not None:
                is_stated = any(each is name for each, _ in amounts)
                if is_stated and name.envelope_id not in columns.allowed.get(objective, frozenset()):
                    refuse(column, "Cette enveloppe ne finance pas cet objectif (annexe 4).")
    if problems or objective is None:
        return None, problems
    return ReadSheet(row.number, objective, texts, tuple(amounts)), []


def _objective_key(text: str) -> str:
    words = plain(text).removeprefix("objectif ").split()
    first = words[0] if words else ""
    return first.lstrip("0") if first.isdigit() else first


def _doubles(sheets: Sequence[ReadSheet]) -> list[Problem]:
    seen: dict[tuple[int, str], int] = {}
    found = []
    for sheet in sheets:
        key = (sheet.objective_id, plain(sheet.texts.get("title", "")))
        if key in seen:
            reason = f"Même objectif et même intitulé qu’à la ligne {seen[key]} : gardez-en une."
            found.append(Problem(f"ligne {sheet.line}", sheet.texts.get("title", "")[:60], reason))
        seen.setdefault(key, sheet.line)
    return found

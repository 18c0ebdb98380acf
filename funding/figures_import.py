"""From the table that somebody sends to the figures of one edition, with every problem by cell (rule F7).

Pure module: no Django, no database. Nothing is guessed: what cannot be read for sure is a problem, and an
import with a single problem stores nothing. What is read otherwise than it is written (a code without its
zero, a thousands' space, a line of totals left out) is a remark.

Decimals: both "1234.5" and "1 234,5" are read. A text such as "1,234" or "1.234" is refused, because it
states a thousand in one country and a little more than one in the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from cdppe.lib.table_export import original_text
from cdppe.lib.tables import Cell, CellKind, Row, Table, column_letter
from funding.criteria_files import LONGEST_NOTE, ValueSpec

# The headings that name each column, most telling first, as `plain` writes them.
CODE_HEADINGS = (
    "code",
    "code departement",
    "code du departement",
    "code dep",
    "code insee",
    "code territoire",
    "code du territoire",
    "n departement",
    "departement",
    "dep",
    "territoire",
)
VALUE_HEADINGS = ("valeur", "value", "nombre", "effectif", "effectifs", "chiffre", "total")
STATUS_HEADINGS = ("statut", "status")
NOTE_HEADINGS = ("note", "notes", "remarque", "remarques", "commentaire", "commentaires")
NAME_HEADINGS = (
    "nom",
    "name",
    "libelle",
    "intitule",
    "nom du departement",
    "nom departement",
    "departement",
    "territoire",
    "nom du territoire",
)
STATUSES = {
    "official": "official",
    "officiel": "official",
    "estimate": "estimate",
    "estimation": "estimate",
    "stand in": "stand_in",
    "substitut": "stand_in",
}
NOT_AVAILABLE = "non disponible"
NOT_AVAILABLE_WORDS = {"non disponible", "nd", "n d", "indisponible"}
TOTAL_WORDS = ("total", "totaux", "ensemble", "somme", "france")
# The heading may come after a title and a few lines of explanation.
HEADING_WITHIN = 20

_SPACES = re.compile("[ \u00a0\u202f\u2009]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?", re.ASCII)
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})+|\d{1,3}(?:,\d{3})+\.\d+", re.ASCII)
_DATE = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{1,2}-\d{1,2}", re.ASCII)
_LARGEST_DIGITS = 14
_PLACES = 4


@dataclass(frozen=True)
class Places:
    """What a line may be about: {code: name} of departments and territories, {territory: its departments}."""

    departments: Mapping[str, str]
    territories: Mapping[str, str]
    spans: Mapping[str, frozenset[str]]

    def name(self, code: str) -> str:
        """The name of a known code."""
        return self.departments.get(code) or self.territories.get(code, "")

    def __contains__(self, code: object) -> bool:
        return code in self.departments or code in self.territories


@dataclass(frozen=True)
class Problem:
    """Something at a place of the file, as a French sentence; `value` is what stands there."""

    place: str
    value: str
    reason: str

    def __str__(self) -> str:
        shown = f" (« {self.value} »)" if self.value else ""
        return f"{self.place}{shown} : {self.reason}"


@dataclass(frozen=True)
class Columns:
    """Which columns are read, counted from 0, and the line of their headings."""

    heading: Row
    code: int
    value: int
    status: int | None
    note: int | None

    def described(self) -> tuple[tuple[str, str], ...]:
        """(what is read, "B, « Effectif »") for each column, for people."""
        read = [("Code", self.code), ("Valeur", self.value), ("Statut", self.status), ("Note", self.note)]
        return tuple(
            (what, f"colonne {column_letter(column)}, « {self.heading.cell(column).text.strip()} »")
            for what, column in read
            if column is not None
        )


@dataclass(frozen=True)
class Preview:
    """What an import would store: in the order of the file, with every problem and every remark."""

    values: tuple[ValueSpec, ...]
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]
    columns: Columns | None
    absent: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether nothing stands in the way of storing it."""
        return not self.problems

    @property
    def total(self) -> Decimal:
        """The sum of the figures that are there."""
        return sum((each.value for each in self.values if each.value is not None), Decimal(0))

    @property
    def not_available_count(self) -> int:
        return sum(each.value is None for each in self.values)


class _Unreadable(ValueError):
    """A cell says nothing that can be stored; the message is the reason, in French."""


@dataclass
class _Reading:
    """What is gathered while the lines are read."""

    table: Table
    columns: Columns
    places: Places
    default_status: str
    values: list[ValueSpec] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    totals: list[tuple[str, str, Decimal | None]] = field(default_factory=list)
    has_unread_place: bool = False

    def problem(self, row: Row, column: int, reason: str) -> None:
        self.problems.append(self._at(row, column, reason))

    def remark(self, row: Row, column: int, reason: str) -> None:
        self.remarks.append(self._at(row, column, reason))

    def _at(self, row: Row, column: int, reason: str) -> Problem:
        return Problem(
            self.table.address(row.number, column), _shortened(row.cell(column).text.strip()), reason
        )


def plain(text: str) -> str:
    """`text` as headings and names are compared: no accents, case or punctuation.

    >>> plain("Côte-d’Or")
    'cote d or'
    """
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(each if each.isalnum() else " " for each in letters if not unicodedata.combining(each))
    return " ".join(kept.casefold().split())


def preview_figures(
    table: Table,
    places: Places,
    *,
    default_status: str,
    code_column: str = "",
    value_column: str = "",
    may_be_partial: bool = False,
) -> Preview:
    """The figures that `table` states, with every problem and remark.

    `default_status` (one of the three statuses) is that of the lines that state none. `code_column` and
    `value_column` name a column by its heading or letter when the headings do not tell. Unless
    `may_be_partial`, a department that no line counts is a problem. Never raises.
    """
    remarks = [Problem("Fichier", "", remark) for remark in table.remarks]
    found = _find_columns(table, code_column, value_column)
    if isinstance(found, Problem):
        return Preview((), (found,), tuple(remarks), None, ())
    reading = _Reading(table, found, places, default_status, remarks=remarks)
    _remark_unread_columns(reading)
    for row in table.rows:
        if row.number > found.heading.number:
            _read_row(reading, row)
    _check_twice_counted(reading)
    _check_totals(reading)
    absent = _absent(reading)
    if not reading.values and not reading.problems:
        reading.problems.append(Problem("Fichier", "", "aucune ligne ne donne de chiffre."))
    elif absent and not may_be_partial and not reading.has_unread_place:
        reading.problems.append(Problem("Fichier", "", _absent_sentence(absent, places)))
    return Preview(tuple(reading.values), tuple(reading.problems), tuple(reading.remarks), found, absent)


# --- Columns -----------------------------------------------------------------------------------------------


def _find_columns(table: Table, code_column: str, value_column: str) -> Columns | Problem:
    rows = table.rows[:HEADING_WITHIN]
    for row in rows:
        headings = [plain(cell.text) for cell in row.cells]
        code = _asked(headings, code_column) if code_column else _first(headings, CODE_HEADINGS)
        if code is None:
            continue
        if value_column:
            value = _asked(headings, value_column)
            if value is not None and value != code and _is_heading(row, value):
                return _columns(row, headings, code, value)
            continue
        if (value := _first(headings, VALUE_HEADINGS)) is not None and value != code:
            return _columns(row, headings, code, value)
        others = [
            rank
            for rank, heading in enumerate(headings)
            if heading
            and rank != code
            and heading not in STATUS_HEADINGS + NOTE_HEADINGS + NAME_HEADINGS
            and _is_heading(row, rank)
        ]
        if len(others) == 1:
            return _columns(row, headings, code, others[0])
        if len(others) > 1:
            listed = ", ".join(
                f"{column_letter(rank)} (« {_shortened(row.cell(rank).text.strip())} »)" for rank in others
            )
            return Problem(
                f"Ligne {row.number}",
                "",
                f"plusieurs colonnes peuvent être celle de la valeur : {listed}. Écrivez laquelle dans "
                "« Colonne de la valeur ».",
            )
    if code_column or value_column:
        named = " et ".join(f"« {_shortened(each)} »" for each in (code_column, value_column) if each)
        return Problem(
            "Fichier",
            "",
            f"aucune ligne d’en-tête avec {named} dans les {HEADING_WITHIN} premières lignes : écrivez "
            "l’intitulé exact de la colonne, ou sa lettre.",
        )
    return Problem(
        "Fichier",
        "",
        f"aucune ligne d’en-tête dans les {HEADING_WITHIN} premières lignes. Le tableau attendu a une "
        "colonne « code » et une colonne « valeur » ; « statut » et « note » sont facultatives. Si vos "
        "colonnes s’appellent autrement, nommez-les dans la description.",
    )


def _columns(row: Row, headings: list[str], code: int, value: int) -> Columns:
    taken = {code, value}
    status = _first(headings, STATUS_HEADINGS)
    note = _first(headings, NOTE_HEADINGS)
    return Columns(
        heading=row,
        code=code,
        value=value,
        status=None if status in taken else status,
        note=None if note in taken else note,
    )


def _first(headings: list[str], known: tuple[str, ...]) -> int | None:
    return next((headings.index(each) for each in known if each in headings), None)


def _asked(headings: list[str], typed: str) -> int | None:
    """The column that somebody names by its heading, or by its letter."""
    if plain(typed) in headings:
        return headings.index(plain(typed))
    letter = typed.strip().upper()
    return next(
        (rank for rank, heading in enumerate(headings) if heading and column_letter(rank) == letter), None
    )


def _is_heading(row: Row, column: int) -> bool:
    """A heading is a text or a year, never a formula."""
    return row.cell(column).kind in (CellKind.TEXT, CellKind.NUMBER, CellKind.DATE)


def _remark_unread_columns(reading: _Reading) -> None:
    columns = reading.columns
    read = {columns.code, columns.value, columns.status, columns.note}
    unread = [
        f"{column_letter(rank)} (« {_shortened(cell.text.strip())} »)"
        for rank, cell in enumerate(columns.heading.cells)
        if rank not in read and cell.text.strip()
    ]
    if unread:
        reading.remarks.append(
            Problem(
                f"Ligne {columns.heading.number}", "", f"colonnes laissées de côté : {', '.join(unread)}."
            )
        )


# --- Lines -------------------------------------------------------------------------------------------------


def _read_row(reading: _Reading, row: Row) -> None:
    columns = reading.columns
    code_cell, value_cell = row.cell(columns.code), row.cell(columns.value)
    typed = code_cell.text.strip()
    if not typed:
        _read_row_without_code(reading, row)
        return
    code = _read_code(reading, row)
    if code is None:
        if _is_total(typed):
            _keep_total(reading, row, value_cell)
        else:
            reading.has_unread_place = True
            reading.problem(row, columns.code, _unknown_code(typed, code_cell, reading.places))
        return
    if code in reading.seen:
        reading.problem(
            row, columns.code, f"le code {code} figure déjà en {reading.seen[code]} : gardez une seule ligne."
        )
        return
    reading.seen[code] = reading.table.address(row.number, columns.code)
    value = None
    is_read = True
    try:
        value, remark = read_value(value_cell)
        if remark:
            reading.remark(row, columns.value, remark)
    except _Unreadable as refusal:
        reading.problem(row, columns.value, str(refusal))
        is_read = False
    status = _read_status(reading, row)
    note = _read_note(reading, row)
    if is_read and status is not None and note is not None:
        reading.values.append(ValueSpec(code, value, status, note))


def _read_row_without_code(reading: _Reading, row: Row) -> None:
    """A line of remarks under the table is left out; one with a figure is a problem."""
    columns = reading.columns
    value = row.cell(columns.value)
    first = next((rank for rank, cell in enumerate(row.cells) if cell.text.strip()), columns.code)
    if value.text.strip() and not _is_total(row.cell(first).text):
        reading.problem(row, columns.code, "le code manque : écrivez celui du département ou du territoire.")
        reading.has_unread_place = True
    elif value.text.strip():
        _keep_total(reading, row, value, at=first)
    else:
        reading.remark(row, first, "ligne sans code ni valeur, laissée de côté.")


def _read_code(reading: _Reading, row: Row) -> str | None:
    """The known code of a line, from its code or its official name; None when it says neither."""
    places, column = reading.places, reading.columns.code
    cell = row.cell(column)
    typed = cell.text.strip()
    if cell.kind not in (CellKind.TEXT, CellKind.NUMBER):
        return None
    if typed in places:
        return typed
    for code in (typed.upper(), typed.upper().lstrip("0").zfill(2)):
        if code in places:
            reading.remark(row, column, f"lu comme {code} ({places.name(code)}).")
            return code
    named = {
        code
        for known in (places.departments, places.territories)
        for code, name in known.items()
        if plain(name) == plain(typed)
    }
    if len(named) == 1:
        code = named.pop()
        reading.remark(row, column, f"lu comme {code}.")
        return code
    return None


def _unknown_code(typed: str, cell: Cell, places: Places) -> str:
    if cell.kind not in (CellKind.TEXT, CellKind.NUMBER):
        return f"{_KIND_REASONS[cell.kind]} Un code de département ou de territoire est attendu."
    upper = typed.upper()
    whole = next((upper[:cut] for cut in range(len(upper) - 1, 1, -1) if upper[:cut] in places), None)
    if whole is not None and upper[len(whole) :].isalpha():
        return (
            f"ce n’est qu’une partie de {places.name(whole)} : additionnez ses parties sur une seule ligne, "
            f"de code {whole}."
        )
    return (
        "ni un département ni un territoire connu : écrivez son code officiel (deux ou trois caractères), ou "
        "retirez cette ligne."
    )


def _is_total(text: str) -> bool:
    return plain(text).startswith(TOTAL_WORDS)


def _keep_total(reading: _Reading, row: Row, cell: Cell, *, at: int | None = None) -> None:
    column = reading.columns.code if at is None else at
    try:
        value, _ = read_value(cell)
    except _Unreadable:
        value = None
    place = reading.table.address(row.number, column)
    reading.totals.append((place, _shortened(row.cell(column).text.strip()), value))


_KIND_REASONS = {
    CellKind.FORMULA: "c’est une formule, dont le résultat n’est pas sûr : collez-la en valeur.",
    CellKind.DATE: "c’est une date : remettez la cellule au format nombre et vérifiez le chiffre.",
    CellKind.PERCENT: "c’est un pourcentage : écrivez le nombre lui-même, sans le signe %.",
    CellKind.BOOLEAN: "c’est VRAI ou FAUX : un nombre est attendu.",
    CellKind.ERROR: "c’est une erreur du tableur : corrigez le calcul, puis collez la valeur.",
}


def read_value(cell: Cell) -> tuple[Decimal | None, str]:
    """(figure, remark) of a cell; the figure is None when the cell says that it is not available.

    Raises a ValueError whose message is the reason in French.
    """
    typed = cell.text.strip()
    if cell.kind in _KIND_REASONS:
        raise _Unreadable(_KIND_REASONS[cell.kind])
    if not typed:
        raise _Unreadable(
            f"la valeur manque : écrivez-la, ou « {NOT_AVAILABLE} » si le producteur ne la publie pas."
        )
    if plain(typed) in NOT_AVAILABLE_WORDS:
        return None, "chiffre non disponible : il restera manquant, ce qui n’est pas zéro."
    spaced = " ".join(_SPACES.sub(" ", typed).split(" "))
    if spaced.startswith(("-", "\u2212")) and (_NUMBER.fullmatch(spaced[1:].strip().replace(" ", ""))):
        raise _Unreadable("le chiffre est négatif : zéro ou plus est attendu.")
    if "%" in spaced:
        raise _Unreadable(_KIND_REASONS[CellKind.PERCENT])
    if _DATE.fullmatch(spaced):
        raise _Unreadable(_KIND_REASONS[CellKind.DATE])
    is_typed = cell.kind == CellKind.TEXT
    if is_typed and (_AMBIGUOUS.fullmatch(spaced) or _THOUSANDS.fullmatch(spaced)):
        digits = spaced.replace(",", "").replace(".", "")
        raise _Unreadable(
            f"milliers ou décimales ? Écrivez {digits} sans séparateur, ou le nombre avec quatre décimales."
        )
    if not _NUMBER.fullmatch(spaced) and not _GROUPED.fullmatch(spaced):
        raise _Unreadable("ce n’est pas un nombre : écrivez par exemple 1234 ou 1 234,5.")
    return _number(spaced)


def _number(spaced: str) -> tuple[Decimal, str]:
    whole, _, decimals = spaced.replace(" ", "").replace(",", ".").partition(".")
    decimals = decimals.rstrip("0")
    if len(whole.lstrip("0")) > _LARGEST_DIGITS:
        raise _Unreadable(f"le nombre est trop grand : {_LARGEST_DIGITS} chiffres au plus avant la virgule.")
    if len(decimals) > _PLACES:
        raise _Unreadable(f"{_PLACES} décimales au plus : arrondissez-le vous-même.")
    value = Decimal(f"{whole}.{decimals}") if decimals else Decimal(whole)
    remark = f"lu comme {value:f}." if " " in spaced else ""
    return value, remark


def _read_status(reading: _Reading, row: Row) -> str | None:
    column = reading.columns.status
    typed = row.cell(column).text.strip() if column is not None else ""
    if column is None or not typed:
        return reading.default_status
    status = STATUSES.get(plain(typed)) if row.cell(column).kind == CellKind.TEXT else None
    if status is None:
        reading.problem(row, column, "le statut est « officiel », « estimation » ou « substitut ».")
    return status


def _read_note(reading: _Reading, row: Row) -> str | None:
    column = reading.columns.note
    if column is None:
        return ""
    cell = row.cell(column)
    if cell.kind in (CellKind.FORMULA, CellKind.ERROR):
        reading.problem(row, column, _KIND_REASONS[cell.kind])
        return None
    # Only a CSV protects its texts by an apostrophe.
    note = (cell.text if reading.table.sheet else original_text(cell.text)).strip()
    if len(note) > LONGEST_NOTE:
        reading.problem(row, column, f"la note dépasse {LONGEST_NOTE} caractères.")
        return None
    return note


# --- The whole ---------------------------------------------------------------------------------------------


def _check_twice_counted(reading: _Reading) -> None:
    """A territory that has its own line leaves its departments without one (rule P4)."""
    for territory, departments in sorted(reading.places.spans.items()):
        if territory not in reading.seen or departments == {territory}:
            continue
        twice = sorted((departments - {territory}) & set(reading.seen))
        listed = ", ".join(sorted(departments))
        name = reading.places.name(territory)
        if twice:
            reading.problems.append(
                Problem(
                    reading.seen[territory],
                    territory,
                    f"{name} est compté deux fois, par cette ligne et par {', '.join(twice)} : gardez la "
                    f"ligne {territory}, ou celles de {listed}.",
                )
            )
        elif departments:
            reading.remarks.append(
                Problem(
                    reading.seen[territory],
                    territory,
                    f"ce chiffre vaut pour {name} entier, sans détail de {listed}.",
                )
            )


def _check_totals(reading: _Reading) -> None:
    total = sum((each.value for each in reading.values if each.value is not None), Decimal(0))
    for place, label, stated in reading.totals:
        reason = "ligne de total, laissée de côté."
        if stated is not None and stated != total:
            reason = (
                f"ligne de total, laissée de côté : elle annonce {stated:f}, les lignes lues font {total:f}."
            )
        reading.remarks.append(Problem(place, label, reason))


def _absent(reading: _Reading) -> tuple[str, ...]:
    """The departments that no line counts, by themselves or in their territory."""
    counted = set(reading.seen)
    for territory in reading.seen:
        counted |= reading.places.spans.get(territory, frozenset())
    return tuple(sorted(set(reading.places.departments) - counted))


def _absent_sentence(absent: tuple[str, ...], places: Places) -> str:
    listed = ", ".join(f"{code} ({places.name(code)})" for code in absent[:12])
    more = f" et {len(absent) - 12} autres" if len(absent) > 12 else ""
    subject = "ce département n’a" if len(absent) == 1 else f"{len(absent)} départements n’ont"
    return (
        f"{subject} pas de ligne : {listed}{more}. Ajoutez-les, avec « {NOT_AVAILABLE} » s’il le faut, ou "
        "dites dans la description que le fichier ne couvre pas tout le pays."
    )


def _shortened(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"

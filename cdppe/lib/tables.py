"""Reads the table that somebody sends, a CSV file or an Excel workbook, into cells with their addresses.

The file is hostile until proven otherwise: it is bounded in size, rows, columns and cells before it is read,
every part of a workbook is searched for a DTD before openpyxl opens it, and macros, protected files and
damaged ones are refused. Whatever is wrong raises TableRefused, whose French sentence is shown as it is.

What a cell holds is told as it is, never interpreted: a formula is told as a formula, for the result that a
workbook keeps beside it may be stale or absent; so are dates, booleans, percentages and Excel's errors. The
reader of the figures decides what to refuse, since a formula in a column that nobody reads does no harm.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from cdppe.lib.errors import RuleViolation

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 5_000
MAX_COLUMNS = 60
MAX_CELLS = 100_000
LONGEST_CELL = 4_000
# Of all the cells together: a workbook may repeat one long text for the price of a number.
LONGEST_TEXT = 2 * MAX_BYTES
# What a workbook may weigh once unpacked: an ordinary sheet packs ten to thirty times.
MAX_PARTS = 300
MAX_UNPACKED = 24 * 1024 * 1024
MAX_RATIO = 150
# A part this small is harmless however well it packs.
SMALL_PART = 512 * 1024

CSV_SEPARATORS = ";,\t"
ZIP_SIGNATURE = b"PK\x03\x04"
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
NEVER_EXCEL = "Enregistrez le tableau au format .xlsx (sans macro ni mot de passe) ou .csv, puis renvoyez-le."


class TableRefused(RuleViolation):
    """The file cannot be read as a table; the message says why and what to do."""


class CellKind(StrEnum):
    """What a cell of a workbook is; every cell of a CSV is a text."""

    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"
    DATE = "date"
    BOOLEAN = "boolean"
    FORMULA = "formula"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text as typed (a number as plain digits with a point), and what it is."""

    text: str
    kind: CellKind = CellKind.TEXT


EMPTY = Cell("")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file, by its number from 1; the cells after the last full one are left out."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, column: int) -> Cell:
        """The cell of a column counted from 0; an empty one past the end of the line."""
        return self.cells[column] if column < len(self.cells) else EMPTY


@dataclass(frozen=True)
class Table:
    """The lines that hold something, in order; `sheet` is "" for a CSV. `remarks` are French sentences."""

    sheet: str
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()

    def address(self, row: int, column: int) -> str:
        """Where a cell is, as a spreadsheet says it: "feuille « Données », cellule B7"."""
        cell = f"cellule {column_letter(column)}{row}"
        return f"feuille « {self.sheet} », {cell}" if self.sheet else cell


def column_letter(column: int) -> str:
    """The letter of a column counted from 0.

    >>> column_letter(27)
    'AB'
    """
    return str(get_column_letter(column + 1))


def table_to_json(table: Table) -> dict[str, Any]:
    """`table` as a JSON column keeps it, cell by cell."""
    return {
        "sheet": table.sheet,
        "remarks": list(table.remarks),
        "rows": [[row.number, [[cell.text, cell.kind.value] for cell in row.cells]] for row in table.rows],
    }


def table_from_json(stored: Mapping[str, Any]) -> Table:
    """What `table_to_json` was given."""
    return Table(
        sheet=stored["sheet"],
        rows=tuple(
            Row(number, tuple(Cell(text, CellKind(kind)) for text, kind in cells))
            for number, cells in stored["rows"]
        ),
        remarks=tuple(stored["remarks"]),
    )


def read_table(content: bytes, *, name: str) -> Table:
    """The table that the bytes of a file hold; what they are is read from them, `name` is only shown.

    A workbook is read in its first visible sheet that holds something. Raises TableRefused.
    """
    if len(content) > MAX_BYTES:
        raise TableRefused(too_large())
    if not content.strip():
        raise TableRefused(f"Le fichier « {name} » est vide : choisissez celui qui contient le tableau.")
    if content.startswith(OLE_SIGNATURE):
        raise TableRefused(
            f"« {name} » est un classeur protégé par un mot de passe ou un ancien format (.xls) : "
            f"il ne peut pas être lu. {NEVER_EXCEL}"
        )
    if content.startswith(ZIP_SIGNATURE):
        return _read_workbook(content, name)
    return _read_csv(content, name)


def too_large() -> str:
    """The sentence that refuses a file for its weight."""
    return (
        f"Ce fichier est trop lourd : {MAX_BYTES // 1024 // 1024} Mo au plus. "
        "Ne gardez que la feuille et les colonnes utiles, puis renvoyez-le."
    )


# --- CSV ---------------------------------------------------------------------------------------------------


def _read_csv(content: bytes, name: str) -> Table:
    if content.startswith(UTF16_MARKS):
        raise TableRefused(
            f"« {name} » est un texte Unicode sur deux octets (UTF-16) : enregistrez-le en « CSV UTF-8 »."
        )
    if b"\x00" in content:
        raise TableRefused(f"« {name} » n’est ni un CSV ni un classeur Excel. {NEVER_EXCEL}")
    text, remarks = _decoded(content, name)
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[Row] = []
    count = _Count(name)
    start = 1
    try:
        for texts in reader:
            # A text between quotes may run over several lines: the row is where it starts.
            number, start = start, reader.line_num + 1
            count.add(len(texts))
            row = _row(number, [Cell(_shown(each)) for each in texts], name)
            if row is not None:
                rows.append(row)
    except csv.Error as error:
        raise TableRefused(
            f"« {name} », ligne {reader.line_num} : ce n’est pas un CSV bien formé "
            "(un guillemet n’est pas fermé, ou une cellule est démesurée)."
        ) from error
    return _checked("", rows, remarks, name)


def _decoded(content: bytes, name: str) -> tuple[str, list[str]]:
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise TableRefused(
            f"« {name} » n’est pas un texte en UTF-8 ni en Windows-1252 : enregistrez-le en « CSV UTF-8 »."
        ) from error
    return text, ["Le fichier n’est pas en UTF-8 : il est lu en Windows-1252. Vérifiez les accents."]


def _separator(text: str) -> str:
    """The separator that the first lines use most, outside quotes; the semicolon when there is none."""
    counts = dict.fromkeys(CSV_SEPARATORS, 0)
    is_quoted = False
    lines = 0
    for character in text[:20_000]:
        if character == '"':
            is_quoted = not is_quoted
        elif character == "\n" and not is_quoted:
            lines += 1
            if lines == 20:
                break
        elif character in counts and not is_quoted:
            counts[character] += 1
    # Decimal commas come as often as semicolons, never alone with them: the semicolon and the tab go first.
    for separator in (";", "\t"):
        if counts[separator] >= max(lines, 1) or counts[separator] > counts[","]:
            return separator
    return "," if counts[","] else ";"


# --- Excel -------------------------------------------------------------------------------------------------


def _read_workbook(content: bytes, name: str) -> Table:
    damaged = f"« {name} » est un classeur abîmé : enregistrez-le de nouveau en .xlsx, puis renvoyez-le."
    try:
        _check_parts(content, name)
        # Decorations that openpyxl does not know (validation, conditional formats) are no news.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read_sheets(content, name)
    except TableRefused:
        raise
    except DefusedXmlException as error:
        raise TableRefused(_declares_entities(name)) from error
    except Exception as error:
        # openpyxl answers a workbook made to harm by whatever comes first (KeyError, TypeError, ValueError…).
        raise TableRefused(damaged) from error


def _declares_entities(name: str) -> str:
    return (
        f"« {name} » contient une déclaration de type (DTD), ce qu’aucun tableur n’écrit : il est refusé. "
        "Recopiez les valeurs dans un nouveau classeur."
    )


def _check_parts(content: bytes, name: str) -> None:
    """Refuse before opening: protected parts, macros, what unpacks too large, what declares a DTD."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        names = [part.filename.lower() for part in parts]
        if "mimetype" in names and "content.xml" in names:
            raise TableRefused(f"« {name} » est un classeur LibreOffice (.ods). {NEVER_EXCEL}")
        if "[content_types].xml" not in names:
            raise TableRefused(f"« {name} » n’est pas un classeur Excel. {NEVER_EXCEL}")
        if any(each.endswith("vbaproject.bin") for each in names):
            raise TableRefused(f"« {name} » contient des macros. {NEVER_EXCEL}")
        if any(part.flag_bits & 0x1 for part in parts):
            raise TableRefused(f"« {name} » est protégé par un mot de passe. {NEVER_EXCEL}")
        heavy = any(
            part.file_size > SMALL_PART and part.file_size > MAX_RATIO * max(part.compress_size, 1)
            for part in parts
        )
        if heavy or len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise TableRefused(
                f"« {name} » est trop lourd une fois décompressé : ne gardez que la feuille utile, dans un "
                "nouveau classeur."
            )
        for part in parts:
            # The declared size bounds what is read: a part that holds more fails its checksum.
            _refuse_dtd(archive.read(part), part.filename, name)


def _refuse_dtd(part: bytes, part_name: str, name: str) -> None:
    """A DTD stands before the first element: parsing up to that element finds it, whatever the encoding."""
    try:
        next(iter(iterparse(io.BytesIO(part), events=("start",), forbid_dtd=True)), None)
    except DefusedXmlException as error:
        raise TableRefused(_declares_entities(name)) from error
    except ParseError:
        # An image is no XML; a sheet that is none is damaged.
        if part_name.lower().endswith((".xml", ".rels")):
            raise


def _read_sheets(content: bytes, name: str) -> Table:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    try:
        full: list[tuple[str, list[Row]]] = []
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                continue
            # What the file says of its own size is not to be believed.
            sheet.reset_dimensions()
            if not full:
                rows = list(_sheet_rows(sheet, name))
                if rows:
                    full.append((sheet.title, rows))
            elif any(_kept(cells) for cells in sheet.iter_rows(max_row=MAX_ROWS)):
                full.append((sheet.title, []))
    finally:
        book.close()
    if not full:
        raise TableRefused(f"Le classeur « {name} » ne contient aucune valeur dans ses feuilles visibles.")
    title, rows = full[0]
    others = ", ".join(f"« {other} »" for other, _ in full[1:])
    remarks = []
    if others:
        remarks.append(f"Seule la feuille « {title} » est lue ; le classeur contient aussi {others}.")
    return _checked(title, rows, remarks, name)


def _sheet_rows(sheet: Any, name: str) -> Iterator[Row]:
    count = _Count(name)
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        count.add(len(cells))
        read = [_cell(each) for each in _kept(cells)]
        count.add_text(read)
        row = _row(number, read, name)
        if row is not None:
            yield row


def _kept(cells: Sequence[Any]) -> Sequence[Any]:
    """The cells up to the last one that holds something."""
    last = len(cells)
    while last and (cells[last - 1].value is None or cells[last - 1].value == ""):
        last -= 1
    return cells[:last]


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return EMPTY
    if cell.data_type == "f":
        return Cell(_shown(str(value)), CellKind.FORMULA)
    if cell.data_type == "e":
        return Cell(_shown(str(value)), CellKind.ERROR)
    if isinstance(value, bool):
        return Cell("VRAI" if value else "FAUX", CellKind.BOOLEAN)
    if isinstance(value, int | float):
        text = _digits(value)
        return Cell(text, CellKind.PERCENT if "%" in (cell.number_format or "") else CellKind.NUMBER)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        text = f"{value:%d/%m/%Y}" if isinstance(value, dt.date) else str(value)
        return Cell(text, CellKind.DATE)
    return Cell(_shown(str(value)))


def _digits(value: float) -> str:
    """A number of Excel as text: fifteen significant digits, which is what Excel itself keeps and shows."""
    if isinstance(value, int):
        return str(value)
    text = format(value, ".15g")
    if "e" not in text:
        return text
    return format(value, "f").rstrip("0").removesuffix(".")


# --- Both --------------------------------------------------------------------------------------------------


class _Count:
    """Stops a file that is too long or too wide while it is read, before it fills the memory."""

    def __init__(self, name: str) -> None:
        self.name, self.rows, self.cells, self.text = name, 0, 0, 0

    def add(self, cells: int) -> None:
        self.rows += 1
        self.cells += cells
        if self.rows > MAX_ROWS or self.cells > MAX_CELLS:
            raise TableRefused(
                f"« {self.name} » est trop long : {MAX_ROWS} lignes et {MAX_CELLS} cellules au plus, lignes "
                "et cellules vides comprises. Copiez les seules lignes utiles dans un nouveau fichier."
            )

    def add_text(self, cells: Sequence[Cell]) -> None:
        self.text += sum(len(cell.text) for cell in cells)
        if self.text > LONGEST_TEXT:
            raise TableRefused(f"« {self.name} » contient trop de texte : ne gardez que les colonnes utiles.")


def _row(number: int, cells: list[Cell], name: str) -> Row | None:
    """The row without the empty cells at its end; None when it holds nothing."""
    while cells and not cells[-1].text.strip():
        cells.pop()
    if len(cells) > MAX_COLUMNS:
        raise TableRefused(
            f"« {name} », ligne {number} : {len(cells)} colonnes, alors que {MAX_COLUMNS} au plus sont lues. "
            "Ne gardez que les colonnes utiles."
        )
    too_long = next((rank for rank, cell in enumerate(cells) if len(cell.text) > LONGEST_CELL), None)
    if too_long is not None:
        raise TableRefused(
            f"« {name} », cellule {column_letter(too_long)}{number} : le texte dépasse {LONGEST_CELL} "
            "caractères."
        )
    return Row(number, tuple(cells)) if cells else None


def _shown(text: str) -> str:
    """`text` on one line: control characters, line breaks among them, become spaces."""
    return "".join(character if character >= " " and character != "\x7f" else " " for character in text)


def _checked(sheet: str, rows: Sequence[Row], remarks: Sequence[str], name: str) -> Table:
    if not rows:
        raise TableRefused(f"Le fichier « {name} » ne contient aucune valeur.")
    return Table(_shown(sheet), tuple(rows), tuple(remarks))

"""An edition as a file: what the import reads back to equal values, with what it was loaded from."""

from __future__ import annotations

from collections.abc import Sequence

from cdppe.lib.table_export import Value, write_csv, write_xlsx
from funding.figures import EditionDetail
from funding.figures_import import NOT_AVAILABLE

HEADINGS: Sequence[Value] = ("code", "nom", "valeur", "statut", "note")
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export_edition(detail: EditionDetail, kind: str) -> bytes:
    """The bytes of the file: `kind` is a key of CONTENT_TYPES. What is missing says so, and is never zero.

    The workbook says on a second sheet where the figures come from; a CSV holds its table alone.
    """
    rows: list[Sequence[Value]] = [HEADINGS]
    rows += [
        (row.code, row.name, NOT_AVAILABLE if row.value is None else row.value, row.status_label, row.note)
        for row in detail.values
    ]
    if kind == "csv":
        return write_csv(rows)
    edition = detail.edition
    origin: list[Sequence[Value]] = [
        ("Rubrique", "Contenu"),
        ("Série", edition.series.name),
        ("Unité", edition.series.unit),
        ("Édition", edition.code),
        ("Producteur", edition.producer),
        ("Date de référence", edition.reference_date),
        ("Source", edition.source),
        ("Licence", edition.licence),
        ("Note", edition.note),
    ]
    return write_xlsx([("Chiffres", rows), ("Origine", origin)])

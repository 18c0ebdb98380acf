"""Figures as files: an edition, which the import reads back to equal values, and the matrix of a campaign.

Both say where each figure comes from and how sure it is; what is missing says so and is never zero.
"""

from __future__ import annotations

from collections.abc import Sequence

from cdppe.lib.table_export import CSV_TYPE, XLSX_TYPE, Value, write_csv, write_xlsx
from funding.figures import EditionDetail
from funding.figures_import import NOT_AVAILABLE
from funding.steering import CriteriaColumn, CriteriaMatrix

HEADINGS: Sequence[Value] = ("code", "nom", "valeur", "statut", "note")
CONTENT_TYPES = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE}


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


def export_matrix(matrix: CriteriaMatrix, kind: str) -> bytes:
    """The matrix territories × criteria as a file: `kind` is a key of CONTENT_TYPES.

    Four columns a criterion: its value (« non disponible » where it is missing), its status, its note and
    the edition it comes from. The workbook describes the editions on a second sheet; a CSV holds its table
    alone, whose column of the origin names producer, date and source.
    """
    heads: list[Value] = ["code", "territoire"]
    for column in matrix.columns:
        heads += [
            column.label,
            f"{column.label} – statut",
            f"{column.label} – note",
            f"{column.label} – origine",
        ]
    rows: list[Sequence[Value]] = [heads]
    for row in matrix.rows:
        cells: list[Value] = [row.territory.code, row.territory.name]
        for column, figure in zip(matrix.columns, row.figures, strict=True):
            cells += [
                NOT_AVAILABLE if figure.value is None else figure.value,
                "Manquant" if figure.value is None else figure.status_label,
                figure.note,
                _origin(column),
            ]
        rows.append(cells)
    if kind == "csv":
        return write_csv(rows)
    heading: Sequence[Value] = (
        *("Critère", "Série", "Édition", "Unité", "Producteur", "Date de référence", "Source", "Licence"),
        *("Note", "Statuts", "Manquants"),
    )
    return write_xlsx([("Chiffres", rows), ("Origine", [heading, *map(_origin_row, matrix.columns)])])


def _origin(column: CriteriaColumn) -> str:
    """Where the figures of a criterion come from, in one cell."""
    edition = column.edition
    if edition is None:
        return "Aucune édition chargée"
    return f"{edition.producer}, {edition.reference_date}. {edition.source}"


def _origin_row(column: CriteriaColumn) -> Sequence[Value]:
    edition = column.edition
    statuses = ", ".join(f"{each.label} : {each.count}" for each in column.statuses)
    if edition is None:
        return (column.label, column.series, _origin(column), *[None] * 6, statuses, column.missing_count)
    return (
        *(column.label, edition.series.name, edition.code, edition.series.unit),
        *(edition.producer, edition.reference_date, edition.source, edition.licence, edition.note),
        *(statuses, column.missing_count),
    )

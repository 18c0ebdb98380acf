"""From a table to the figures of an edition: every problem by cell, nothing guessed (rule F7, P4)."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from cdppe.lib.table_export import plain_number
from cdppe.lib.tables import Cell, CellKind, read_table
from funding.figures_import import Places, Preview, preview_figures, read_value

PLACES = Places(
    departments={"01": "Ain", "2A": "Corse-du-Sud", "2B": "Haute-Corse", "69": "Rhône", "971": "Guadeloupe"},
    territories={"01": "Ain", "20": "Corse", "69": "Rhône", "978": "Saint-Martin"},
    spans={
        "01": frozenset({"01"}),
        "20": frozenset({"2A", "2B"}),
        "69": frozenset({"69"}),
        "978": frozenset(),
    },
)
WHOLE = "code;valeur\n01;1\n2A;2\n2B;3\n69;4\n971;5\n"


def preview(text: str, **options: object) -> Preview:
    options = {"default_status": "official", "may_be_partial": True} | options
    return preview_figures(read_table(text.encode(), name="f.csv"), PLACES, **options)


def problems(text: str, **options: object) -> list[str]:
    return [str(problem) for problem in preview(text, **options).problems]


def remarks(text: str) -> list[str]:
    return [str(remark) for remark in preview(text).remarks]


def figures(text: str, **options: object) -> dict[str, Decimal | None]:
    return {each.place_code: each.value for each in preview(text, **options).values}


def test_a_right_table_is_read_whole() -> None:
    read = preview(WHOLE, may_be_partial=False)
    assert read.is_right
    assert read.remarks == ()
    assert read.total == 15
    assert [each.status for each in read.values] == ["official"] * 5


def test_status_and_note_are_read_where_there_are_some() -> None:
    read = preview("code;valeur;statut;note\n01;1;Estimation;lu\n2A;2;stand_in;'=non lu\n2B;3;;\n")
    assert [(each.status, each.note) for each in read.values] == [
        ("estimate", "lu"),
        ("stand_in", "=non lu"),
        ("official", ""),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("XX;1", "cellule A2 (« XX ») : ni un département ni un territoire connu"),
        ("99999;1", "cellule A2 (« 99999 ») : ni un département"),
        ("69M;1", "cellule A2 (« 69M ») : ce n’est qu’une partie de Rhône"),
        (";1", "cellule A2 : le code manque"),
        ("01;", "cellule B2 : la valeur manque"),
        ("01;douze", "cellule B2 (« douze ») : ce n’est pas un nombre"),
        ("01;-3", "cellule B2 (« -3 ») : le chiffre est négatif"),
        ("01;−1 200,5", "le chiffre est négatif"),
        ("01;12 %", "c’est un pourcentage"),
        ("01;12%", "c’est un pourcentage"),
        ("01;01/02/2019", "c’est une date"),
        ("01;2019-02-01", "c’est une date"),
        ("01;NaN", "ce n’est pas un nombre"),
        ("01;inf", "ce n’est pas un nombre"),
        ("01;1e5", "ce n’est pas un nombre"),
        ("01;=1+1", "ce n’est pas un nombre"),
        ("01;12 34", "ce n’est pas un nombre"),
        ("01;１２", "ce n’est pas un nombre"),
        ("01;1,234", "milliers ou décimales ? Écrivez 1234"),
        ("01;12.345", "milliers ou décimales ? Écrivez 12345"),
        ("01;1.234.567", "milliers ou décimales ? Écrivez 1234567"),
        ("01;1,23456", "4 décimales au plus"),
        ("01;123456789012345", "trop grand"),
    ],
)
def test_each_problem_says_its_cell(line: str, said: str) -> None:
    found = problems(f"code;valeur\n{line}\n")
    assert len(found) == 1
    assert said in found[0]


def test_every_problem_is_told_at_once() -> None:
    found = problems("code;valeur;statut;note\n01;x;sûr;\n01;3;;\nXX;-1;;\n2A;1;;" + "n" * 401 + "\n")
    assert [each.split(" :")[0].split(" (")[0] for each in found] == [
        "cellule B2",
        "cellule C2",
        "cellule A3",
        "cellule A4",
        "cellule D5",
    ]
    assert "figure déjà en cellule A2" in found[2]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", "0"),
        ("1234", "1234"),
        ("1 234", "1234"),
        ("1\u00a0234", "1234"),
        ("1\u202f234\u202f567,5", "1234567.5"),
        ("1234,5", "1234.5"),
        ("1234.5", "1234.5"),
        ("1,2340", "1.234"),
        ("0,125", "0.125"),
        (" 12 ", "12"),
        ("12,00000", "12"),
    ],
)
def test_numbers_are_read_as_people_write_them(written: str, value: str) -> None:
    assert figures(f"code;valeur\n01;{written}\n") == {"01": Decimal(value)}


@pytest.mark.parametrize(
    ("written", "code"),
    [("1", "01"), ("2a", "2A"), ("0971", "971"), ("069", "69"), ("corse du sud", "2A"), ("RHÔNE", "69")],
)
def test_a_code_written_otherwise_is_read_with_a_remark(written: str, code: str) -> None:
    text = f"code;valeur\n{written};7\n"
    assert figures(text) == {code: 7}
    assert f"lu comme {code}" in remarks(text)[0]


def test_not_available_is_not_zero() -> None:
    read = preview("code;valeur\n01;non disponible\n2A;nd\n2B;0\n")
    assert [each.value for each in read.values] == [None, None, 0]
    assert read.is_right
    assert read.not_available_count == 2


@pytest.mark.parametrize("label", ["Total", "TOTAL GÉNÉRAL", "Ensemble", "France entière", "France"])
def test_a_line_of_totals_is_left_out_and_compared(label: str) -> None:
    assert figures(f"code;valeur\n01;3\n{label};3\n") == {"01": 3}
    assert "laissée de côté." in remarks(f"code;valeur\n01;3\n{label};3\n")[0]
    assert "elle annonce 4, les lignes lues font 3" in remarks(f"code;valeur\n01;3\n{label};4\n")[0]
    assert "laissée de côté" in remarks(f"code;nom;valeur\n01;Ain;3\n;{label};3\n")[1]


def test_a_territory_and_its_departments_are_not_counted_twice() -> None:
    found = problems("code;valeur\n20;5\n2A;2\n2B;3\n")
    assert found == [
        "cellule A2 (« 20 ») : Corse est compté deux fois, par cette ligne et par 2A, 2B : gardez la ligne "
        "20, ou celles de 2A, 2B."
    ]
    whole = "code;valeur\n20;5\n"
    assert figures(whole) == {"20": 5}
    assert "vaut pour Corse entier" in remarks(whole)[0]
    assert figures("code;valeur\n978;5\n") == {"978": 5}
    assert preview(whole).absent == ("01", "69", "971")


def test_a_department_without_a_line_is_a_problem_unless_it_is_said() -> None:
    text = "code;valeur\n01;1\n20;2\n69;1\n"
    assert "ce département n’a pas de ligne : 971 (Guadeloupe)" in problems(text, may_be_partial=False)[0]
    assert preview(text, may_be_partial=True).is_right


def test_the_columns_are_found_by_their_headings_below_a_title() -> None:
    text = "Publication\n\nNom;Effectif;Code département\nAin;3;01\n"
    assert figures(text) == {"01": 3}
    assert preview(text).columns.described() == (
        ("Code", "colonne C, « Code département »"),
        ("Valeur", "colonne B, « Effectif »"),
    )


def test_the_only_other_column_is_the_value_and_several_are_asked_about() -> None:
    assert figures("Département;Enfants de 0 à 6 ans\n01;3\n") == {"01": 3}
    several = "code;Garçons;Filles\n01;3;4\n"
    assert "B (« Garçons »), C (« Filles »)" in problems(several)[0]
    assert figures(several, value_column="filles") == {"01": 4}
    assert figures(several, value_column="C") == {"01": 4}
    assert figures("zone;x\n01;3\n", code_column="zone", value_column="x") == {"01": 3}
    assert "aucune ligne d’en-tête avec « autre »" in problems(several, value_column="autre")[0]
    assert "aucune ligne d’en-tête" in problems("a;b\n01;3\n")[0]


def test_a_table_without_a_figure_is_refused() -> None:
    assert problems("code;valeur\nTotal;3\n") == ["Fichier : aucune ligne ne donne de chiffre."]


def test_what_a_workbook_holds_besides_numbers_is_refused_by_cell() -> None:
    book = Workbook()
    for row in (
        ["code", "valeur"],
        [1, "=1+1"],
        ["2A", True],
        ["2B", "#N/A"],
        [69, 0.5],
        ["Total", "=SUM(B2)"],
    ):
        book.active.append(row)
    book.active["B5"].number_format = "0%"
    stream = io.BytesIO()
    book.save(stream)
    read = preview_figures(
        read_table(stream.getvalue(), name="f.xlsx"), PLACES, default_status="official", may_be_partial=True
    )
    assert [(each.place, each.reason.split(" :")[0]) for each in read.problems] == [
        ("feuille « Sheet », cellule B2", "c’est une formule, dont le résultat n’est pas sûr"),
        ("feuille « Sheet », cellule B3", "c’est VRAI ou FAUX"),
        ("feuille « Sheet », cellule B4", "c’est une erreur du tableur"),
        ("feuille « Sheet », cellule B5", "c’est un pourcentage"),
    ]


def test_a_number_of_a_workbook_is_not_ambiguous() -> None:
    assert read_value(Cell("1.234", CellKind.NUMBER)) == (Decimal("1.234"), "")


@given(st.decimals(min_value=0, max_value=10**13, places=4))
def test_what_the_export_writes_reads_back_equal(value: Decimal) -> None:
    for text in (plain_number(value), plain_number(value).replace(".", ",")):
        assert read_value(Cell(text)) == (value, "")


@given(st.text(), st.sampled_from(CellKind))
def test_any_cell_is_a_figure_or_a_sentence(text: str, kind: CellKind) -> None:
    said = ""
    value = None
    try:
        value, _ = read_value(Cell(text, kind))
    except ValueError as refusal:
        said = str(refusal)
    assert said.endswith(".") or value is None or value >= 0

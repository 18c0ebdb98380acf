"""Importing action sheets with their money: every problem by cell, all of it or nothing."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.errors import RuleViolation, WrongState
from cdppe.lib.tables import Cell, CellKind, Row, Table, read_table
from contracts.models import ActionSheet, FieldChange
from funding.actions.sheets_import import (
    begin_sheets_import,
    columns_of,
    preview_sheets_import,
    store_sheets_import,
)
from funding.models import ActionFinancing, Envelope
from funding.sheets_import import AmountColumn, Columns, read_sheets
from tests.cast import Cast, make_cast
from tests.factories import ActionSheetFactory, EnvelopeFactory

FIR = AmountColumn("État – FIR 2030", "state", 7, 2030)
COUNCIL = AmountColumn("Département 2030", "department", None, 2030)
COLUMNS = Columns(
    texts={"Intitulé de l’action": "title", "Public cible": "public"},
    amounts=[FIR, COUNCIL],
    objectives={"1": 11, "12": 12, "propre": 99},
    allowed={11: frozenset({7}), 12: frozenset()},
    longest={"title": 300, "public": 50},
)
HEAD = "Objectif;Intitulé de l'action;Public cible;Etat - FIR 2030;DÉPARTEMENT 2030"


def table(*lines: str) -> Table:
    return read_table("\n".join([HEAD, *lines]).encode(), name="fiches.csv")


class TestReading:
    def test_a_line_is_a_sheet_with_its_texts_and_amounts(self) -> None:
        (sheet,) = read_sheets(table("Objectif 01;Ouvrir;Parents;1 234,50;2000 €"), COLUMNS).sheets
        assert sheet.objective_id == 11
        assert sheet.texts == {"title": "Ouvrir", "public": "Parents"}
        assert sheet.amounts == ((FIR, Decimal("1234.50")), (COUNCIL, Decimal("2000")))
        assert sheet.total == Decimal("3234.50")

    def test_an_empty_amount_is_not_stated_which_is_not_zero(self) -> None:
        sheets = read_sheets(table("1;Ouvrir;;;", "1;Fermer;;0;"), COLUMNS).sheets
        assert sheets[0].amounts == ()
        assert sheets[0].total is None
        assert sheets[1].amounts == ((FIR, Decimal(0)),)

    @pytest.mark.parametrize(
        ("line", "place", "reason"),
        [
            ("3;Ouvrir;;;", "cellule A2", "numéro d’un objectif du contrat"),
            (";Ouvrir;;;", "cellule A2", "numéro d’un objectif du contrat"),
            ("1;;;;", "cellule B2", "Donnez un intitulé"),
            ("1;Ouvrir;" + "x" * 51 + ";;", "cellule C2", "50 caractères au plus"),
            ("1;Ouvrir;;douze;", "cellule D2", "n’est pas un montant"),
            ("1;Ouvrir;;-12;", "cellule D2", "est négatif"),
            ("1;Ouvrir;;12,345;", "cellule D2", "n’est pas un montant"),
            ("12;Ouvrir;;100;", "cellule D2", "ne finance pas cet objectif"),
        ],
    )
    def test_what_is_wrong_is_told_at_its_cell(self, line: str, place: str, reason: str) -> None:
        preview = read_sheets(table(line), COLUMNS)
        assert preview.sheets == ()
        assert [problem.place for problem in preview.problems] == [place]
        assert reason in preview.problems[0].reason

    def test_a_formula_is_never_read(self) -> None:
        rows = (
            Row(1, tuple(Cell(text) for text in HEAD.split(";"))),
            Row(2, (Cell("1"), Cell("Ouvrir"), Cell(""), Cell("=1+1", CellKind.FORMULA))),
        )
        (problem,) = read_sheets(Table("Feuille", rows), COLUMNS).problems
        assert "formule" in problem.reason

    def test_the_same_action_twice_is_told(self) -> None:
        preview = read_sheets(table("1;Ouvrir;;;", "1;OUVRIR;;;"), COLUMNS)
        assert "ligne 2" in preview.problems[0].reason

    def test_unknown_columns_are_left_out_and_named(self) -> None:
        text = "Budget 2029;Objectif;Intitulé de l’action\n9;1;Ouvrir\n"
        preview = read_sheets(read_table(text.encode(), name="f.csv"), COLUMNS)
        assert preview.ignored == ("Budget 2029",)
        assert len(preview.sheets) == 1

    @pytest.mark.parametrize("text", ["a;b\n1;2\n", HEAD + "\n", "Objectif\n1\n"])
    def test_a_table_without_our_columns_or_lines_is_refused_with_a_way_out(self, text: str) -> None:
        preview = read_sheets(read_table(text.encode(), name="f.csv"), COLUMNS)
        assert preview.sheets == ()
        assert len(preview.problems) == 1

    @given(st.lists(st.lists(st.text("1 é;=-,\x00\u202f€", max_size=8), max_size=6), max_size=6))
    def test_any_cells_give_sheets_or_problems(self, lines: list[list[str]]) -> None:
        head = Row(1, tuple(Cell(text) for text in HEAD.split(";")))
        typed = [Row(rank, tuple(Cell(text) for text in cells)) for rank, cells in enumerate(lines, start=2)]
        rows = (head, *typed)
        preview = read_sheets(Table("", rows), COLUMNS)
        assert preview.problems or preview.sheets


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def envelope(cast: Cast) -> Envelope:
    envelope: Envelope = EnvelopeFactory(campaign=cast.campaign, label="FIR")
    return envelope


def csv_of(cast: Cast, *lines: str) -> bytes:
    heading = ";".join(["Objectif", "Intitulé de l’action", f"État – FIR {cast.contract.years[0]}"])
    return "\n".join([heading, *lines]).encode()


@pytest.mark.django_db
class TestStoring:
    def test_all_the_sheets_are_made_with_their_money_and_their_history(
        self, cast: Cast, envelope: Envelope
    ) -> None:
        content = csv_of(cast, "1;Ouvrir;1 000", "1;Fermer;")
        draft = begin_sheets_import(
            cast.contract, read_table(content, name="f.csv"), file_name="f.csv", by=cast.council_editor
        )
        assert store_sheets_import(draft, by=cast.council_editor) == 2
        assert list(ActionSheet.objects.values_list("number", "title")) == [(1, "Ouvrir"), (2, "Fermer")]
        assert ActionFinancing.objects.get().amount == Decimal(1000)
        assert FieldChange.objects.filter(by=cast.council_editor).count() == 5
        with pytest.raises(WrongState, match="déjà importées"):
            store_sheets_import(draft, by=cast.council_editor)

    def test_a_sheet_that_is_already_there_stops_the_whole_import(
        self, cast: Cast, envelope: Envelope
    ) -> None:
        objective = cast.contract.objectives.get(objective__number=1)
        ActionSheetFactory(
            contract=cast.contract,
            contract_objective=objective,
            **dict.fromkeys(
                (
                    "referent",
                    "diagnosis",
                    "operational_objective",
                    "description",
                    "public",
                    "actors",
                    "calendar",
                    "implementation_indicators",
                    "vigilance_points",
                ),
                "",
            ),
            title="Fermer",
        )
        table_ = read_table(csv_of(cast, "1;Ouvrir;", "1;Fermer;"), name="f.csv")
        draft = begin_sheets_import(cast.contract, table_, file_name="f.csv", by=cast.council_editor)
        with pytest.raises(RuleViolation, match="dit déjà exactement cela"):
            store_sheets_import(draft, by=cast.council_editor)
        assert ActionSheet.objects.count() == 1

    def test_an_objective_that_left_the_contract_meanwhile_is_a_problem(
        self, cast: Cast, envelope: Envelope
    ) -> None:
        table_ = read_table(csv_of(cast, "1;Ouvrir;"), name="f.csv")
        draft = begin_sheets_import(cast.contract, table_, file_name="f.csv", by=cast.council_editor)
        cast.contract.objectives.all().delete()
        assert preview_sheets_import(draft).problems
        with pytest.raises(RuleViolation, match="cellules à corriger"):
            store_sheets_import(draft, by=cast.council_editor)

    def test_the_model_of_the_contract_is_read_back_by_the_import(
        self, client: Client, cast: Cast, envelope: Envelope
    ) -> None:
        client.force_login(cast.council_editor)
        content = client.get(reverse("funding:sheets-import-template", args=["38-2030"])).content
        read = read_table(content, name="modele.xlsx")
        assert [cell.text for cell in read.rows[0].cells] == columns_of(cast.contract).headings
        assert read_sheets(read, columns_of(cast.contract)).ignored == ()

    def test_from_the_file_to_the_list(self, client: Client, cast: Cast, envelope: Envelope) -> None:
        client.force_login(cast.council_editor)
        file = SimpleUploadedFile("f.csv", csv_of(cast, "1;Ouvrir;1 000"))
        answer = client.post(reverse("funding:sheets-import", args=["38-2030"]), {"file": file})
        preview = client.get(answer["Location"]).content.decode()
        assert "1 fiche lue" in preview
        assert ActionSheet.objects.count() == 0
        listed = client.post(answer["Location"], follow=True).content.decode()
        assert "1 fiche est importée." in listed
        assert "Ouvrir" in listed

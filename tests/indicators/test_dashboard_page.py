"""The page of the tableau de bord and the boxes of a section, as people use and misuse them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cdppe.accounts.models import User
from cdppe.lib.french_numbers import NARROW_SPACE, NO_BREAK_SPACE
from contracts.models import Contract
from contracts.workflow import ContractState
from indicators.models import Indicator, IndicatorValue, ValueKind
from tests.answers import client_of
from tests.factories import IndicatorFactory, IndicatorValueFactory
from tests.indicators.conftest import Board

HOSTILE = '<script>alert(1)</script>{{7*7}}"onfocus=x file:///etc/passwd'


def page(board: Board) -> str:
    return reverse("indicators:dashboard", args=[board.contract.reference])


def boxes(board: Board, key: str = "") -> str:
    return reverse("indicators:dashboard-edit", args=[board.contract.reference, key or board.key])


def name(indicator: Indicator, kind: str, year: int) -> str:
    return f"{indicator.pk}-{kind}-{year}"


def reference(board: Board, indicator: Indicator) -> str:
    return name(indicator, ValueKind.REFERENCE, board.contract.campaign.reference_year)


def value_of(board: Board, indicator: Indicator) -> IndicatorValue | None:
    return IndicatorValue.objects.filter(contract=board.contract, indicator=indicator).first()


def post(board: Board, fields: dict[str, Any], user: User | None = None) -> Any:
    return client_of(user or board.cast.council_editor).post(boxes(board), fields)


def test_the_page_shows_figures_shares_and_what_is_missing(board: Board) -> None:
    IndicatorValueFactory(contract=board.contract, indicator=board.interviews, value=Decimal(1500))
    IndicatorValueFactory(contract=board.contract, indicator=board.births, value=Decimal(6000))
    IndicatorValueFactory(
        contract=board.contract,
        indicator=board.examinations,
        value=None,
        unavailable_reason="enquête non menée",
    )

    text = client_of(board.cast.council_reader).get(page(board)).content.decode()

    assert f"1{NARROW_SPACE}500" in text
    assert f"25{NO_BREAK_SPACE}%" in text
    assert "non disponible" in text
    assert "enquête non menée" in text
    assert "sans cible" in text
    assert "2 cases renseignées" in text


def test_gestures_are_offered_to_editors_and_not_to_readers(board: Board) -> None:
    for user, offered in ((board.cast.council_editor, True), (board.cast.council_reader, False)):
        text = client_of(user).get(page(board)).content.decode()
        assert ("Saisir les valeurs" in text) is offered
        assert ("Ajouter un indicateur local" in text) is offered


def test_no_gesture_is_offered_in_a_finalised_contract(board: Board) -> None:
    Contract.objects.filter(pk=board.contract.pk).update(state=ContractState.DRAFT)

    text = client_of(board.cast.council_editor).get(page(board)).content.decode()

    assert "Saisir les valeurs" not in text
    assert client_of(board.cast.council_editor).get(boxes(board)).status_code == 409


def test_a_contract_without_objective_says_what_to_do(board: Board) -> None:
    board.contract.objectives.all().delete()

    text = client_of(board.cast.council_editor).get(page(board)).content.decode()

    assert "n’a pas encore d’objectif" in text


def test_fifty_rows_take_as_many_queries_as_five(board: Board) -> None:
    client = client_of(board.cast.council_editor)

    def queries(url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    few = [queries(page(board)), queries(boxes(board))]
    for n in range(50):
        local = IndicatorFactory(
            objective=None,
            campaign=board.contract.campaign,
            contract=board.contract,
            contract_objective=board.objective,
            label=f"Indicateur local {n}",
        )
        IndicatorValueFactory(contract=board.contract, indicator=local, value=Decimal(n))

    assert [queries(page(board)), queries(boxes(board))] == few
    assert "Indicateur local 49" in client.get(boxes(board)).content.decode()


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1 234,56", "1234.56"),
        (f"1{NO_BREAK_SPACE}234,56", "1234.56"),
        (f"1{NARROW_SPACE}234,56", "1234.56"),
        ("0", "0"),
        ("12", "12"),
    ],
)
def test_a_typed_figure_is_saved_and_the_person_is_told(board: Board, typed: str, value: str) -> None:
    answer = client_of(board.cast.council_editor).post(
        boxes(board), {f"v-{reference(board, board.births)}": typed}, follow=True
    )

    stored = value_of(board, board.births)
    assert stored is not None
    assert stored.value == Decimal(value)
    assert stored.updated_by == board.cast.council_editor
    assert "1 valeur enregistrée." in answer.content.decode()
    assert answer.redirect_chain[0][0] == f"{page(board)}#{board.key}"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("douze", "n’est pas un nombre"),
        ("NaN", "n’est pas un nombre"),
        ("1e400", "n’est pas un nombre"),
        ("-3", "est négatif"),
        ("1234567890123", "est trop grand"),
        ("1,234", "est trop précis"),
        ("9" * 500, "est trop long"),
        ("5\x00", "n’est pas un nombre"),
        (HOSTILE, "est trop long"),
        ("<b>5</b>", "n’est pas un nombre"),
    ],
)
def test_a_wrong_figure_is_refused_with_its_row_and_column_and_nothing_is_written(
    board: Board, typed: str, words: str
) -> None:
    answer = post(
        board,
        {f"v-{reference(board, board.births)}": typed, f"v-{reference(board, board.interviews)}": "15"},
    )

    text = answer.content.decode()
    assert answer.status_code == 422
    assert f"Ligne « {board.births.label} », colonne « Référence" in text
    assert words in text
    assert not IndicatorValue.objects.exists()
    # What was typed is kept, in the wrong box and in the right one, and is never markup.
    row = next(line for line in answer.context["grid"].rows if line["row"].indicator_id == board.births.pk)
    assert row["boxes"][0]["value"] == typed
    assert 'value="15"' in text
    assert "<b>5" not in text
    assert "<script>alert" not in text


def test_not_available_needs_its_reason(board: Board) -> None:
    cell = reference(board, board.births)

    refused = post(board, {f"v-{cell}": "nd", f"r-{board.births.pk}": " "})
    assert refused.status_code == 422
    assert "dites pourquoi la valeur n’est pas disponible" in refused.content.decode()
    assert not IndicatorValue.objects.exists()

    accepted = post(board, {f"v-{cell}": "ND", f"r-{board.births.pk}": "état civil  en retard"})
    stored = value_of(board, board.births)
    assert accepted.status_code == 302
    assert stored is not None
    assert (stored.value, stored.unavailable_reason) == (None, "état civil en retard")


@pytest.mark.parametrize(
    ("reason", "words"),
    [("x" * 301, "trop long"), ("a\x00b", "caractère invisible")],
)
def test_a_reason_that_cannot_be_kept_is_refused(board: Board, reason: str, words: str) -> None:
    answer = post(board, {f"v-{reference(board, board.births)}": "nd", f"r-{board.births.pk}": reason})

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not IndicatorValue.objects.exists()


def test_a_reason_without_any_cell_that_lacks_is_not_lost_silently(board: Board) -> None:
    answer = post(board, {f"v-{reference(board, board.births)}": "5", f"r-{board.births.pk}": "oubli"})

    assert answer.status_code == 422
    assert "aucune case de la ligne n’est à « nd »" in answer.content.decode()
    assert 'value="oubli"' in answer.content.decode()


def test_a_hostile_reason_is_shown_as_text(board: Board) -> None:
    post(board, {f"v-{reference(board, board.births)}": "nd", f"r-{board.births.pk}": HOSTILE})

    for url in (page(board), boxes(board)):
        text = client_of(board.cast.council_editor).get(url).content.decode()
        assert "<script>alert" not in text
        assert "{{7*7}}" in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_saving_the_page_as_it_was_opened_changes_nothing(board: Board) -> None:
    IndicatorValueFactory(contract=board.contract, indicator=board.interviews, value=Decimal("1234.50"))
    IndicatorValueFactory(
        contract=board.contract,
        indicator=board.births,
        value=None,
        unavailable_reason="état  civil en retard",
    )
    client = client_of(board.cast.council_editor)
    grid = client.get(boxes(board)).context["grid"]
    fields: dict[str, Any] = {}
    for line in grid.rows:
        if not line["reason"]:
            continue
        fields |= {f"v-{box['name']}": box["value"] for box in line["boxes"] if box["is_open"]}
        fields |= {f"o-{box['name']}": box["opened"] for box in line["boxes"] if box["is_open"]}
        fields |= {f"r-{line['reason']['name']}": line["reason"]["value"]}
        fields |= {f"or-{line['reason']['name']}": line["reason"]["opened"]}

    answer = client.post(boxes(board), fields, follow=True)

    assert "rien n’a changé depuis" in answer.content.decode()
    assert not board.contract.events.exists()
    stored = value_of(board, board.births)
    assert stored is not None
    assert stored.unavailable_reason == "état  civil en retard"


def test_a_cell_changed_by_somebody_else_is_told_with_both_values_then_saved_knowingly(board: Board) -> None:
    cell = reference(board, board.births)
    IndicatorValueFactory(
        contract=board.contract,
        indicator=board.births,
        value=Decimal(900),
        updated_by=board.cast.prefect_editor,
    )
    mine = {f"v-{cell}": "800", f"o-{cell}": "=700.00", f"v-{reference(board, board.interviews)}": "15"}

    answer = post(board, mine)

    text = answer.content.decode()
    assert answer.status_code == 409
    assert f"modifiée entre-temps par {board.cast.prefect_editor}" in text
    assert "Valeur enregistrée : 900 ; la vôtre : 800." in text
    assert 'value="800"' in text
    assert 'value="15"' in text
    assert value_of(board, board.interviews) is None

    again = {**mine, f"o-{cell}": "=900.00"}
    assert f'name="o-{cell}" value="{again[f"o-{cell}"]}"' in text
    assert post(board, again).status_code == 302
    stored = value_of(board, board.births)
    assert stored is not None
    assert stored.value == Decimal(800)


def test_a_cell_changed_by_somebody_else_and_not_by_me_keeps_their_value(board: Board) -> None:
    cell = reference(board, board.births)
    IndicatorValueFactory(contract=board.contract, indicator=board.births, value=Decimal(900))

    answer = post(
        board,
        {f"v-{cell}": "700", f"o-{cell}": "=700.00", f"v-{reference(board, board.interviews)}": "15"},
    )

    stored = value_of(board, board.births)
    assert answer.status_code == 302
    assert stored is not None
    assert stored.value == Decimal(900)
    assert value_of(board, board.interviews) is not None


def test_a_save_over_a_finalised_contract_keeps_what_was_typed(board: Board) -> None:
    Contract.objects.filter(pk=board.contract.pk).update(state=ContractState.DRAFT)

    answer = post(board, {f"v-{reference(board, board.births)}": "812"})

    assert answer.status_code == 409
    assert "Rouvrez d’abord la négociation" in answer.content.decode()
    assert 'value="812"' in answer.content.decode()
    assert not IndicatorValue.objects.exists()


def test_cells_of_other_rows_are_refused_with_a_sentence(board: Board) -> None:
    foreign = IndicatorFactory(
        objective=None,
        campaign=board.contract.campaign,
        contract=board.cast.foreign_contract,
        contract_objective=board.cast.foreign_contract.objectives.first(),
    )
    year = board.contract.campaign.years[0]

    for stranger in (
        f"v-{reference(board, foreign)}",
        f"v-{reference(board, board.share)}",
        f"v-{name(board.examinations, ValueKind.TARGET, year)}",
        f"v-{name(board.births, ValueKind.LEVEL, year + 10)}",
        f"r-{foreign.pk}",
    ):
        answer = post(board, {stranger: "5", f"v-{reference(board, board.births)}": "6"})
        assert answer.status_code == 422, stranger
        assert "ne font pas, ou ne font plus, partie de ce tableau" in answer.content.decode()
    assert not IndicatorValue.objects.exists()


def test_extra_fields_of_other_kinds_change_nothing(board: Board) -> None:
    answer = post(
        board,
        {
            f"v-{reference(board, board.births)}": "6",
            "contract": board.cast.foreign_contract.pk,
            "state": ContractState.DRAFT,
            f"o-{reference(board, board.births)}": "=not-a-number",
        },
    )

    board.contract.refresh_from_db()
    assert answer.status_code == 302
    assert board.contract.state == ContractState.DIAGNOSIS
    assert not IndicatorValue.objects.filter(contract=board.cast.foreign_contract).exists()


@pytest.mark.parametrize("key", ["objectif-999999", "engagement-999999", "autre", "objectif-"])
def test_an_unknown_section_does_not_exist(board: Board, key: str) -> None:
    assert client_of(board.cast.council_editor).get(boxes(board, key)).status_code == 404


def test_a_section_of_another_contract_does_not_exist_in_this_one(board: Board) -> None:
    foreign = board.cast.foreign_contract.objectives.first()

    answer = client_of(board.cast.council_editor).get(boxes(board, f"objectif-{foreign.pk}"))

    assert answer.status_code == 404


def test_people_of_elsewhere_and_readers_change_nothing(board: Board) -> None:
    fields = {f"v-{reference(board, board.births)}": "5"}

    assert post(board, fields, board.cast.foreign_editor).status_code == 404
    assert post(board, fields, board.cast.outsider).status_code == 404
    assert post(board, fields, board.cast.council_reader).status_code == 403
    assert post(board, fields, board.cast.dgcs_editor).status_code == 403
    assert not IndicatorValue.objects.exists()


def test_a_save_without_token_is_refused(board: Board) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(board.cast.council_editor)

    assert client.post(boxes(board), {f"v-{reference(board, board.births)}": "5"}).status_code == 403
    assert not IndicatorValue.objects.exists()


def test_each_box_carries_what_it_held_when_the_page_was_opened(board: Board) -> None:
    IndicatorValueFactory(contract=board.contract, indicator=board.births, value=Decimal("12.5"))

    text = client_of(board.cast.council_editor).get(boxes(board)).content.decode()

    assert f'name="o-{reference(board, board.births)}" value="=12.50"' in text
    assert f'name="o-{reference(board, board.interviews)}" value=""' in text

"""The tableau de bord saves by itself: what is sound is written, the rest is told box by box (rule I2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cdppe.accounts.models import User
from contracts.models import Contract
from contracts.workflow import ContractState
from indicators.models import Indicator, IndicatorValue, ValueKind
from tests.factories import IndicatorFactory, IndicatorValueFactory
from tests.indicators.conftest import Board
from tests.queries import count_queries


def address(board: Board) -> str:
    return reverse("indicators:dashboard-fill", args=[board.contract.reference])


def autosave(board: Board, fields: dict[str, Any], user: User | None = None) -> Any:
    client = Client()
    client.force_login(user or board.cast.council_editor)
    return client.post(address(board), fields, headers={"X-Autosave": "1"})


def cell(board: Board, indicator: Indicator, kind: str = ValueKind.REFERENCE, year: int = 0) -> str:
    return f"{indicator.pk}-{kind}-{year or board.contract.campaign.reference_year}"


def stored(board: Board) -> dict[str, Decimal | str]:
    return {
        value.indicator.label: value.unavailable_reason if value.value is None else value.value
        for value in IndicatorValue.objects.filter(contract=board.contract).select_related("indicator")
    }


def test_a_changed_cell_is_saved_and_the_page_learns_what_it_now_holds(board: Board) -> None:
    name = cell(board, board.births)

    answer = autosave(board, {f"v-{name}": "1 234,50 ", f"o-{name}": ""})

    assert answer.status_code == 200
    assert answer["content-type"] == "application/json"
    told = answer.json()
    assert told["fields"][f"o-{name}"] == "=1234.50"
    assert len(told["saved_at"]) == len("14:32")
    assert stored(board) == {"Nombre de naissances": Decimal("1234.50")}
    # What it sends back as opened is what is compared next: the same cell can be saved again.
    again = autosave(board, {f"v-{name}": "7", f"o-{name}": told["fields"][f"o-{name}"]})
    assert again.status_code == 200
    assert stored(board) == {"Nombre de naissances": Decimal(7)}


def test_the_computed_cells_come_back_with_their_new_text(board: Board) -> None:
    fields = {f"v-{cell(board, board.births)}": "6000", f"v-{cell(board, board.interviews)}": "1500"}

    told = autosave(board, fields).json()

    assert told["computed"][f"v-{cell(board, board.share)}"].startswith("25")


def test_sound_cells_are_written_while_the_others_are_told(board: Board) -> None:
    good, bad = cell(board, board.births), cell(board, board.interviews)

    answer = autosave(board, {f"v-{good}": "5", f"v-{bad}": "=1+1"})

    assert answer.status_code == 422
    told = answer.json()
    assert list(told["problems"]) == [f"v-{bad}"]
    assert "est une formule" in told["problems"][f"v-{bad}"]
    assert told["fields"][f"o-{good}"] == "=5"
    assert f"o-{bad}" not in told["fields"]
    assert told["saved_at"]
    assert stored(board) == {"Nombre de naissances": Decimal(5)}


def test_a_cell_not_available_waits_for_its_reason_without_holding_up_its_row(board: Board) -> None:
    reference, level = cell(board, board.births), cell(board, board.births, ValueKind.LEVEL, 2030)
    fields = {f"v-{reference}": "nd", f"v-{level}": "4", f"r-{board.births.pk}": ""}

    told = autosave(board, fields).json()

    assert list(told["problems"]) == [f"r-{board.births.pk}"]
    assert told["fields"] == {f"o-{level}": "=4"}
    assert stored(board) == {"Nombre de naissances": Decimal(4)}
    answer = autosave(board, {f"v-{reference}": "nd", f"r-{board.births.pk}": "enquête à venir"})
    assert answer.status_code == 200
    assert answer.json()["fields"] == {
        f"o-{reference}": "nd:enquête à venir",
        f"or-{board.births.pk}": "enquête à venir",
    }


def test_a_cell_that_somebody_else_changed_shows_both_values_and_its_neighbours_are_saved(
    board: Board,
) -> None:
    theirs, mine = cell(board, board.births), cell(board, board.interviews)
    IndicatorValueFactory(
        contract=board.contract,
        indicator=board.births,
        value=Decimal(900),
        updated_by=board.cast.prefect_editor,
    )

    answer = autosave(board, {f"v-{theirs}": "800", f"o-{theirs}": "=700.00", f"v-{mine}": "15"})

    assert answer.status_code == 422
    told = answer.json()
    assert told["conflicts"] == {
        f"v-{theirs}": {
            "author": str(board.cast.prefect_editor),
            "mine": "800",
            "stored": "900",
            "typed": "900",
            "opened": "=900.00",
            "reason": "",
        }
    }
    assert "modifiée entre-temps par" in told["problems"][f"v-{theirs}"]
    assert f"o-{theirs}" not in told["fields"]
    assert stored(board) == {"Nombre de naissances": Decimal(900), "Nombre d’entretiens": Decimal(15)}
    # « Garder la mienne » sends the same value, knowing what it replaces.
    kept = autosave(board, {f"v-{theirs}": "800", f"o-{theirs}": "=900.00"})
    assert kept.status_code == 200
    assert stored(board)["Nombre de naissances"] == Decimal(800)


def test_saving_what_is_stored_already_is_no_conflict(board: Board) -> None:
    name = cell(board, board.births)
    IndicatorValueFactory(contract=board.contract, indicator=board.births, value=Decimal(8))

    answer = autosave(board, {f"v-{name}": "8", f"o-{name}": ""})

    assert answer.status_code == 200
    assert answer.json()["fields"][f"o-{name}"] == "=8"


def test_nothing_to_save_is_an_answer_too(board: Board) -> None:
    assert autosave(board, {}).status_code == 200
    assert not board.contract.events.exists()


def test_a_burst_of_saves_leaves_one_event_a_person(board: Board) -> None:
    name = cell(board, board.births)
    autosave(board, {f"v-{name}": "1"})
    autosave(board, {f"v-{name}": "2", f"o-{name}": "=1"})
    assert board.contract.events.count() == 1

    autosave(board, {f"v-{name}": "3", f"o-{name}": "=2"}, board.cast.prefect_editor)

    assert [event.by for event in board.contract.events.all()] == [
        board.cast.prefect_editor,
        board.cast.council_editor,
    ]


def test_a_finalised_contract_says_why_nothing_is_saved_any_more(board: Board) -> None:
    Contract.objects.filter(pk=board.contract.pk).update(state=ContractState.DRAFT)

    answer = autosave(board, {f"v-{cell(board, board.births)}": "1"})

    assert answer.status_code == 409
    assert "Rouvrez d’abord la négociation" in answer.json()["sentence"]
    assert stored(board) == {}


def test_cells_that_left_the_tableau_de_bord_are_told_by_name_and_the_others_saved(board: Board) -> None:
    foreign = IndicatorFactory(
        objective=None,
        campaign=board.contract.campaign,
        contract=board.cast.foreign_contract,
        contract_objective=board.cast.foreign_contract.objectives.first(),
    )
    strangers = [
        f"v-{cell(board, foreign)}",
        f"v-{cell(board, board.share)}",
        f"v-{cell(board, board.examinations, ValueKind.TARGET, 2030)}",
        f"r-{foreign.pk}",
        "v-",
        "v-999999999999999999999999-reference-2030",
    ]

    answer = autosave(board, {**dict.fromkeys(strangers, "5"), f"v-{cell(board, board.births)}": "6"})

    assert answer.status_code == 422
    assert set(answer.json()["problems"]) == set(strangers)
    assert stored(board) == {"Nombre de naissances": Decimal(6)}
    assert not IndicatorValue.objects.filter(contract=board.cast.foreign_contract).exists()


@pytest.mark.parametrize(
    "typed",
    [
        "beaucoup",
        "=1+1",
        "@SUM(A1:A2)",
        "-3",
        "1e309",
        "NaN",
        "Infinity",
        "\u200f12",
        "12\x00",
        "\x07",
        "5\ufffd",
        "9" * 1000,
        "x" * 1_000_000,
        "1\t2",
    ],
)
def test_what_is_no_number_is_told_at_its_cell_and_nothing_of_it_is_written(board: Board, typed: str) -> None:
    name = cell(board, board.births)

    answer = autosave(board, {f"v-{name}": typed})

    assert answer.status_code == 422
    assert list(answer.json()["problems"]) == [f"v-{name}"]
    assert len(answer.json()["problems"][f"v-{name}"]) < 300
    assert stored(board) == {}


def test_half_a_character_in_a_body_is_told_at_its_cell(board: Board) -> None:
    client = Client()
    client.force_login(board.cast.council_editor)
    name = cell(board, board.births)

    answer = client.post(
        address(board),
        f"v-{name}=5%ED%A0%80",
        content_type="application/x-www-form-urlencoded",
        headers={"X-Autosave": "1"},
    )

    assert answer.status_code == 422
    assert list(answer.json()["problems"]) == [f"v-{name}"]
    assert stored(board) == {}


def test_ten_thousand_cells_are_refused_without_a_word_written(board: Board) -> None:
    fields = {f"v-{board.births.pk}-reference-{n}": "1" for n in range(10_000)}

    assert autosave(board, fields).status_code == 400
    assert stored(board) == {}


def test_people_of_elsewhere_and_readers_save_nothing(board: Board) -> None:
    fields = {f"v-{cell(board, board.births)}": "5"}

    assert autosave(board, fields, board.cast.foreign_editor).status_code == 404
    assert autosave(board, fields, board.cast.outsider).status_code == 404
    assert autosave(board, fields, board.cast.council_reader).status_code == 403
    assert autosave(board, fields, board.cast.dgcs_editor).status_code == 403
    assert stored(board) == {}


def test_fifty_cells_are_saved_in_as_many_queries_as_five(board: Board) -> None:
    client = Client()
    client.force_login(board.cast.council_editor)
    locals_ = [
        IndicatorFactory(
            objective=None,
            campaign=board.contract.campaign,
            contract=board.contract,
            contract_objective=board.objective,
            label=f"Indicateur local {n}",
        )
        for n in range(50)
    ]
    autosave(board, {f"v-{cell(board, each)}": "0" for each in locals_})
    held = dict.fromkeys(locals_, "0")

    def save(count: int) -> int:
        def gesture() -> None:
            fields = {}
            for each in locals_[:count]:
                wanted = str(int(held[each]) + 1)
                fields |= {f"v-{cell(board, each)}": wanted, f"o-{cell(board, each)}": f"={held[each]}"}
                held[each] = wanted
            assert client.post(address(board), fields, headers={"X-Autosave": "1"}).status_code == 200

        return count_queries(gesture)

    assert save(50) == save(5)

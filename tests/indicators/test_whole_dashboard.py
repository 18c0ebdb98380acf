"""The whole tableau de bord on one page, what it lacks, where cells are, its half-years (rules I2, I5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from cdppe.lib.errors import RuleViolation
from contracts.compliance import known_report, remember_facts
from contracts.models import Contract
from contracts.overview import with_facts
from contracts.places import Place, locate, read_place
from contracts.workspace import Stage
from indicators.actions.values import CellChange, save_values
from indicators.dashboard import build_dashboard
from indicators.document import build_dashboard_annex
from indicators.figures import NOT_STATED, Known
from indicators.models import Indicator, IndicatorValue, Periodicity, ValueKind
from indicators.parts import measure_dashboard
from tests.answers import client_of
from tests.factories import IndicatorFactory, IndicatorValueFactory
from tests.indicators.conftest import Board
from tests.queries import count_queries


def whole(board: Board) -> str:
    return reverse("indicators:dashboard-fill", args=[board.contract.reference])


def of_another_section(board: Board) -> Indicator:
    """A row under the second objective of the contract."""
    second = board.contract.objectives.in_order()[1]
    return IndicatorFactory(objective=second.objective, label="Nombre de visites")


def local(board: Board, n: int) -> Indicator:
    return IndicatorFactory(
        objective=None,
        campaign=board.contract.campaign,
        contract=board.contract,
        contract_objective=board.objective,
        label=f"Indicateur local {n}",
    )


# --- The page of every box -------------------------------------------------------------------------


def test_every_section_is_filled_on_one_page_and_saved_at_once(board: Board) -> None:
    visits = of_another_section(board)
    year = board.contract.campaign.reference_year
    client = client_of(board.cast.council_editor)

    text = client.get(whole(board)).content.decode()
    answer = client.post(
        whole(board),
        {f"v-{board.births.pk}-reference-{year}": "7", f"v-{visits.pk}-reference-{year}": "8"},
        follow=True,
    )

    assert f'id="v-{board.births.pk}-reference-{year}"' in text
    assert f'id="v-{visits.pk}-reference-{year}"' in text
    assert "2 valeurs enregistrées." in answer.content.decode()
    assert IndicatorValue.objects.filter(contract=board.contract).count() == 2


def test_a_refused_save_of_the_whole_page_writes_nothing_and_keeps_what_was_typed(board: Board) -> None:
    year = board.contract.campaign.reference_year
    fields = {
        f"v-{board.births.pk}-reference-{year}": "7",
        f"v-{board.interviews.pk}-reference-{year}": "=A1",
    }

    answer = client_of(board.cast.council_editor).post(whole(board), fields)

    assert answer.status_code == 422
    assert 'value="=A1"' in answer.content.decode()
    assert 'value="7"' in answer.content.decode()
    assert not IndicatorValue.objects.exists()


def test_rows_that_are_not_typed_keep_their_place_and_say_why(board: Board) -> None:
    text = client_of(board.cast.council_editor).get(whole(board)).content.decode()

    share = text[text.index(f'id="row-{board.share.pk}"') :]
    assert 'data-refuses="ligne calculée"' in share[:400]
    assert 'data-refuses="sans cible"' in text
    assert text.count("data-grid-row") == 4


def test_who_only_reads_is_sent_to_the_cell_of_the_page_that_is_read(board: Board) -> None:
    answer = client_of(board.cast.council_reader).get(whole(board), follow=True)

    assert answer.redirect_chain == [(reverse("indicators:dashboard", args=[board.contract.reference]), 302)]
    year = board.contract.campaign.reference_year
    assert f'id="v-{board.births.pk}-reference-{year}"' in answer.content.decode()


def test_fifty_rows_take_as_many_queries_as_five(board: Board) -> None:
    client = client_of(board.cast.council_editor)
    few = count_queries(lambda: client.get(whole(board)))
    for n in range(50):
        IndicatorValueFactory(contract=board.contract, indicator=local(board, n), value=Decimal(n))

    assert count_queries(lambda: client.get(whole(board))) == few
    assert "Indicateur local 49" in client.get(whole(board)).content.decode()


# --- What is missing -------------------------------------------------------------------------------


def measured(board: Board) -> Any:
    contract = with_facts(Contract.objects.filter(pk=board.contract.pk)).get()
    return measure_dashboard(contract, board.cast.council_editor)


def test_the_menu_counts_reference_values_and_targets_of_the_rows_that_expect_them(board: Board) -> None:
    years = list(board.contract.campaign.years)
    expected = 2 * (1 + len(years)) + 1
    assert (measured(board).stage, measured(board).text) == (Stage.EMPTY, f"0/{expected}")

    IndicatorValueFactory(contract=board.contract, indicator=board.births, value=Decimal(1))
    IndicatorValueFactory(
        contract=board.contract, indicator=board.examinations, value=None, unavailable_reason="non suivi"
    )
    IndicatorValueFactory(
        contract=board.contract,
        indicator=board.births,
        kind=ValueKind.TARGET,
        year=years[0],
        value=Decimal(2),
    )
    # A level reached is not expected yet, nor is the value of another contract counted.
    IndicatorValueFactory(
        contract=board.contract, indicator=board.births, kind=ValueKind.LEVEL, year=years[0], value=Decimal(3)
    )
    IndicatorValueFactory(contract=board.cast.foreign_contract, indicator=board.interviews, value=Decimal(4))

    assert (measured(board).stage, measured(board).text) == (Stage.STARTED, f"3/{expected}")
    assert measured(board).words == f"3 valeurs de référence et cibles renseignées sur {expected}"
    assert build_dashboard(board.contract).missing_count == expected - 3


def test_a_contract_without_rows_counts_nothing(board: Board) -> None:
    board.contract.objectives.all().delete()
    assert measured(board) is None


def test_the_menu_counts_with_what_the_compliance_reads_whatever_the_rows(board: Board) -> None:
    alone = count_queries(lambda: measured(board))
    for n in range(30):
        local(board, n)
    assert count_queries(lambda: measured(board)) == alone

    contract = with_facts(Contract.objects.filter(pk=board.contract.pk)).get()
    remember_facts(contract)
    known_report(contract)
    assert count_queries(lambda: measure_dashboard(contract, board.cast.council_editor)) == 0


def test_the_page_links_to_each_cell_that_is_missing(board: Board) -> None:
    year = board.contract.campaign.reference_year
    IndicatorValueFactory(contract=board.contract, indicator=board.births, value=Decimal(1))
    url = reverse("indicators:dashboard", args=[board.contract.reference])

    text = client_of(board.cast.council_editor).get(url).content.decode()

    assert "valeurs de référence et cibles manquent" in text
    assert f'href="{whole(board)}#v-{board.interviews.pk}-reference-{year}"' in text
    assert f"#v-{board.births.pk}-reference-{year}" not in text
    read = client_of(board.cast.council_reader).get(url).content.decode()
    assert f'href="#v-{board.interviews.pk}-reference-{year}"' in read


# --- Places ----------------------------------------------------------------------------------------


def test_a_cell_is_told_in_words_with_the_address_of_its_box(board: Board) -> None:
    year = board.contract.campaign.years[0]
    place = read_place(f"dashboard/{board.births.pk}/target-{year}")
    row = Place("dashboard", board.births.pk)

    reason = Place("dashboard", board.births.pk, "unavailable_reason")
    found = locate(board.contract, [place, row, reason])

    assert found[place].label == f"{board.births.short_label or board.births.label} – Cible {year}"
    assert found[place].url == f"{whole(board)}#v-{board.births.pk}-target-{year}"
    assert found[reason].label.endswith(" – Raison de l’indisponibilité")
    assert found[reason].url == found[row].url
    assert found[row].url == f"{whole(board)}#row-{board.births.pk}"


def test_cells_that_do_not_exist_in_the_contract_are_left_out(board: Board) -> None:
    year = board.contract.campaign.years[0]
    foreign = IndicatorFactory(
        objective=None,
        campaign=board.contract.campaign,
        contract=board.cast.foreign_contract,
        contract_objective=board.cast.foreign_contract.objectives.first(),
    )
    places = [
        Place("dashboard", board.births.pk, "target-1999"),
        Place("dashboard", board.births.pk, f"half-1-{year}"),
        Place("dashboard", board.births.pk, "periodicity"),
        Place("dashboard", board.examinations.pk, f"target-{year}"),
        Place("dashboard", foreign.pk, f"target-{year}"),
        Place("dashboard", 999_999_999_999, f"target-{year}"),
    ]

    assert locate(board.contract, places) == {}


def test_fifty_places_take_one_query(board: Board) -> None:
    places = [Place("dashboard", local(board, n).pk) for n in range(50)]

    assert count_queries(lambda: locate(board.contract, places)) == 1
    assert len(locate(board.contract, places)) == 50


# --- Half-years (rule I5) --------------------------------------------------------------------------


@pytest.fixture
def visits(board: Board) -> Indicator:
    return IndicatorFactory(
        objective=board.objective.objective,
        label="Nombre d’enfants visités",
        periodicity=Periodicity.HALF_YEARLY,
        position=9,
    )


def change(board: Board, row: Indicator, kind: str) -> CellChange:
    return CellChange(row.pk, kind, board.contract.campaign.years[0], NOT_STATED, Known(Decimal(12)))


def test_half_years_are_typed_and_shown_beside_the_annexe(board: Board, visits: Indicator) -> None:
    year = board.contract.campaign.years[0]
    client = client_of(board.cast.council_editor)
    text = client.get(whole(board)).content.decode()
    assert f'id="v-{visits.pk}-half-1-{year}"' in text
    assert f'id="v-{board.births.pk}-half-1-{year}"' not in text

    answer = client.post(
        whole(board),
        {
            f"v-{visits.pk}-half-1-{year}": "41",
            f"v-{visits.pk}-half-2-{year}": "nd",
            f"r-{visits.pk}h": "logiciel changé",
        },
    )

    assert answer.status_code == 302
    stored = IndicatorValue.objects.filter(contract=board.contract, indicator=visits)
    assert set(stored.values_list("kind", "value", "unavailable_reason")) == {
        (ValueKind.FIRST_HALF, Decimal(41), ""),
        (ValueKind.SECOND_HALF, None, "logiciel changé"),
    }
    read = client.get(reverse("indicators:dashboard", args=[board.contract.reference])).content.decode()
    assert "Remontées semestrielles" in read
    assert "2e semestre" in read
    assert "logiciel changé" in read


def test_half_years_change_nothing_of_the_annexe_nor_of_what_is_expected(
    board: Board, visits: Indicator
) -> None:
    before = build_dashboard(board.contract)
    save_values(
        board.contract,
        changes=[change(board, visits, ValueKind.FIRST_HALF)],
        by=board.cast.council_editor,
    )
    after = build_dashboard(board.contract)

    assert (after.expected, after.filled, after.missing_count) == (
        before.expected,
        before.filled,
        before.missing_count,
    )
    annex = build_dashboard_annex(board.contract)
    assert annex["column_count"] == len(after.columns) + 1
    rows = [row for part in annex["commitments"] for section in part.sections for row in section.rows]
    assert all(len(row.cells) == len(after.columns) for row in rows if row.cells)


def test_a_row_that_is_not_returned_by_half_year_takes_none(board: Board) -> None:
    with pytest.raises(RuleViolation, match="n’est pas une colonne"):
        save_values(
            board.contract,
            changes=[change(board, board.births, ValueKind.FIRST_HALF)],
            by=board.cast.council_editor,
        )
    assert not IndicatorValue.objects.exists()

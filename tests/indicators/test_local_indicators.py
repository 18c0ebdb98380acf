"""A contract's own indicators (rule I1): add one to an objective, change it, remove it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from cdppe.lib.errors import RuleViolation, WrongState
from contracts.models import Contract
from contracts.workflow import ContractState
from indicators.actions.local_indicators import (
    create_local_indicator,
    delete_local_indicator,
    save_local_indicator,
)
from indicators.dashboard import build_dashboard
from indicators.models import Indicator, IndicatorKind, IndicatorValue, ValueKind
from tests.answers import client_of
from tests.factories import IndicatorFactory, IndicatorValueFactory
from tests.indicators.conftest import Board

FIELDS: dict[str, Any] = {
    "label": "Nombre de familles accompagnées",
    "unit": "familles",
    "source": "Département",
    "kind": IndicatorKind.COUNT,
    "has_target": True,
    "note": "",
}
POSTED = {**FIELDS, "has_target": "on"}


def local(board: Board, **fields: Any) -> Indicator:
    return create_local_indicator(board.objective, fields={**FIELDS, **fields}, by=board.cast.council_editor)


def create_url(board: Board, key: str = "") -> str:
    return reverse("indicators:local-indicator-create", args=[board.contract.reference, key or board.key])


def edit_url(board: Board, indicator: Indicator) -> str:
    return reverse("indicators:local-indicator-edit", args=[board.contract.reference, indicator.pk])


def delete_url(board: Board, indicator: Indicator) -> str:
    return reverse("indicators:local-indicator-delete", args=[board.contract.reference, indicator.pk])


def test_a_local_indicator_is_added_to_its_objective_and_can_be_filled(board: Board) -> None:
    answer = client_of(board.cast.council_editor).post(create_url(board), POSTED, follow=True)

    indicator = Indicator.objects.get(contract=board.contract)
    assert (indicator.label, indicator.unit, indicator.has_target) == (FIELDS["label"], "familles", True)
    assert indicator.contract_objective == board.objective
    assert answer.redirect_chain[0][0].endswith(f"/{board.key}/modifier/")
    assert f"v-{indicator.pk}-reference-" in answer.content.decode()
    assert board.contract.events.get().code == "local_indicator.created"
    rows = build_dashboard(board.contract).section(board.key).rows
    assert (rows[-1].label, rows[-1].is_local) == (FIELDS["label"], True)


def test_two_local_indicators_stand_in_the_order_in_which_they_came(board: Board) -> None:
    first, second = local(board, label="Premier"), local(board, label="Second")

    assert first.code != second.code
    assert first.position < second.position


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"label": ""}, "Donnez un intitulé"),
        ({"label": "x" * 501}, "500 caractères au plus"),
        ({"label": "a\x00b"}, "caractère"),
        ({"unit": ""}, "Donnez l’unité"),
        ({"unit": "x" * 41}, "40 caractères au plus"),
        ({"source": "x" * 121}, "120 caractères au plus"),
        ({"kind": "share"}, "une part se calcule"),
        ({"kind": "heading"}, "une part se calcule"),
        ({"note": "x" * 2001}, "2000 caractères au plus"),
        ({"label": "Nombre de NAISSANCES"}, "a déjà un indicateur « Nombre de naissances »"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_local_indicator_is_refused_with_a_sentence_and_nothing_is_written(
    board: Board, change: dict[str, str], words: str
) -> None:
    answer = client_of(board.cast.council_editor).post(create_url(board), {**POSTED, **change})

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Indicator.objects.filter(contract=board.contract).exists()


def test_markup_in_a_local_indicator_is_shown_as_text(board: Board) -> None:
    hostile = "<script>alert(1)</script>{{7*7}} file:///etc/passwd"
    indicator = local(board, label=hostile, unit="<b>u</b>", source="<i>s</i>", note=hostile)
    client = client_of(board.cast.council_editor)

    for url in (
        reverse("indicators:dashboard", args=[board.contract.reference]),
        reverse("indicators:dashboard-edit", args=[board.contract.reference, board.key]),
        edit_url(board, indicator),
        delete_url(board, indicator),
    ):
        text = client.get(url).content.decode()
        assert "<script>alert" not in text, url
        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in text, url


def test_a_posted_contract_or_formula_is_not_a_field_of_the_form(board: Board) -> None:
    client_of(board.cast.council_editor).post(
        create_url(board),
        {
            **POSTED,
            "contract": board.cast.foreign_contract.pk,
            "contract_objective": board.cast.foreign_contract.objectives.first().pk,
            "numerator": board.interviews.pk,
            "code": "autre",
        },
    )

    indicator = Indicator.objects.get(label=FIELDS["label"])
    assert indicator.contract == board.contract
    assert indicator.contract_objective == board.objective
    assert indicator.numerator is None
    assert indicator.code == "local-1"


def test_a_local_indicator_is_changed(board: Board) -> None:
    indicator = local(board)

    answer = client_of(board.cast.council_editor).post(
        edit_url(board, indicator),
        {**POSTED, "label": "Nombre de foyers", "kind": "duration", "unit": "jours"},
    )

    indicator.refresh_from_db()
    assert answer.status_code == 302
    assert (indicator.label, indicator.kind, indicator.unit) == ("Nombre de foyers", "duration", "jours")


def test_targets_that_are_filled_keep_their_row_with_target(board: Board) -> None:
    indicator = local(board)
    IndicatorValueFactory(
        contract=board.contract,
        indicator=indicator,
        kind=ValueKind.TARGET,
        year=board.contract.campaign.years[0],
    )
    posted = {key: value for key, value in POSTED.items() if key != "has_target"}

    answer = client_of(board.cast.council_editor).post(edit_url(board, indicator), posted)

    indicator.refresh_from_db()
    assert answer.status_code == 422
    assert "Des cibles sont déjà saisies" in answer.content.decode()
    assert indicator.has_target


def test_removal_says_what_goes_with_it_then_removes_it(board: Board) -> None:
    indicator = local(board)
    for kind, year in ((ValueKind.REFERENCE, 0), (ValueKind.LEVEL, 1)):
        IndicatorValueFactory(
            contract=board.contract,
            indicator=indicator,
            kind=kind,
            year=board.contract.campaign.reference_year + year,
            value=Decimal(3),
        )
    client = client_of(board.cast.council_editor)

    asked = client.get(delete_url(board, indicator)).content.decode()
    assert "2 valeurs saisies pour cet indicateur" in " ".join(asked.split())
    assert Indicator.objects.filter(pk=indicator.pk).exists()

    client.post(delete_url(board, indicator))
    assert not Indicator.objects.filter(pk=indicator.pk).exists()
    assert not IndicatorValue.objects.exists()
    assert "avec ses 2 valeurs" in board.contract.events.first().sentence


def test_harmonised_rows_and_rows_of_others_are_neither_changed_nor_removed(board: Board) -> None:
    foreign = IndicatorFactory(
        objective=None,
        campaign=board.contract.campaign,
        contract=board.cast.foreign_contract,
        contract_objective=board.cast.foreign_contract.objectives.first(),
    )
    client = client_of(board.cast.council_editor)

    for row in (board.births, foreign):
        assert client.get(edit_url(board, row)).status_code == 404
        assert client.post(edit_url(board, row), POSTED).status_code == 404
        assert client.post(delete_url(board, row)).status_code == 404
    assert Indicator.objects.filter(pk__in=[board.births.pk, foreign.pk]).count() == 2


def test_an_indicator_is_added_to_objectives_of_the_contract_only(board: Board) -> None:
    client = client_of(board.cast.council_editor)
    foreign = board.cast.foreign_contract.objectives.first()
    commitment = board.objective.objective.measure.commitment
    IndicatorFactory(objective=None, campaign=board.contract.campaign, commitment=commitment)

    for key in (f"objectif-{foreign.pk}", f"engagement-{commitment.pk}"):
        assert client.post(create_url(board, key), POSTED).status_code == 404
    assert not Indicator.objects.filter(contract__isnull=False).exists()


@pytest.mark.parametrize(
    ("person", "status"),
    [("foreign_editor", 404), ("outsider", 404), ("council_reader", 403), ("dgcs_editor", 403)],
)
def test_people_who_may_not_write_get_no_gesture(board: Board, person: str, status: int) -> None:
    indicator = local(board)
    client = client_of(getattr(board.cast, person))

    for url in (create_url(board), edit_url(board, indicator), delete_url(board, indicator)):
        assert client.get(url).status_code == status
        assert client.post(url, POSTED).status_code == status
    assert Indicator.objects.filter(contract=board.contract).count() == 1


def test_a_finalised_contract_refuses_every_gesture_on_its_rows(board: Board) -> None:
    indicator = local(board)
    Contract.objects.filter(pk=board.contract.pk).update(state=ContractState.DRAFT)
    client = client_of(board.cast.council_editor)

    for url in (create_url(board), edit_url(board, indicator), delete_url(board, indicator)):
        assert client.post(url, POSTED).status_code == 409
    with pytest.raises(WrongState):
        delete_local_indicator(indicator, by=board.cast.council_editor)
    with pytest.raises(WrongState):
        save_local_indicator(indicator, fields=FIELDS, by=board.cast.council_editor)
    assert Indicator.objects.filter(contract=board.contract).count() == 1


def test_a_row_that_was_removed_meanwhile_is_neither_saved_nor_removed_twice(board: Board) -> None:
    indicator = local(board)
    delete_local_indicator(indicator, by=board.cast.prefect_editor)

    with pytest.raises(WrongState, match="a été retiré entre-temps"):
        save_local_indicator(indicator, fields=FIELDS, by=board.cast.council_editor)
    with pytest.raises(WrongState, match="a été retiré entre-temps"):
        delete_local_indicator(indicator, by=board.cast.council_editor)


def test_an_objective_that_left_the_contract_takes_no_row(board: Board) -> None:
    objective = board.objective
    objective.__class__.objects.filter(pk=objective.pk).delete()

    with pytest.raises(WrongState, match="a été retiré du contrat"):
        local(board)


def test_a_share_cannot_be_a_local_indicator_even_without_the_form(board: Board) -> None:
    with pytest.raises(RuleViolation, match="une part se calcule"):
        local(board, kind=IndicatorKind.SHARE)

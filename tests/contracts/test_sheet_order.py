"""The order of the sheets and their numbers (annexes 5.3, 5.4; rules A1, A3)."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.action_sheets import archive_action_sheet, copy_action_sheet, create_action_sheet
from contracts.actions.sheet_order import (
    move_action_sheet,
    place_action_sheet,
    renumber_action_sheets,
    renumbering,
)
from contracts.models import ActionSheet, Contract, ContractObjective
from contracts.workflow import ContractState
from funding.plan import build_plan
from tests.cast import Cast
from tests.factories import ActionSheetFactory, ContractFactory, UserFactory
from tests.queries import count_queries


def two_objectives(contract: Contract) -> list[ContractObjective]:
    return list(contract.objectives.in_order()[:2])


def five(contract: Contract) -> list[ActionSheet]:
    """Sheets 1, 3 and 5 serve the first objective, 2 and 4 the second."""
    first, second = two_objectives(contract)
    return [
        ActionSheetFactory(contract=contract, contract_objective=objective)
        for objective in (first, second, first, second, first)
    ]


def order(contract: Contract) -> list[int]:
    return list(contract.action_sheets.in_plan().in_order().values_list("number", flat=True))


def move_url(sheet: ActionSheet) -> str:
    return reverse("contracts:sheet-move", args=[sheet.contract.reference, sheet.pk])


# --- One order, the plan's -----------------------------------------------------------------------


def test_sheets_stand_by_objective_then_in_their_rank(cast: Cast) -> None:
    five(cast.contract)
    assert order(cast.contract) == [1, 3, 5, 2, 4]


def test_one_up_changes_places_within_the_objective_and_keeps_every_number(cast: Cast) -> None:
    sheets = five(cast.contract)
    rank = move_action_sheet(sheets[4], is_up=True, by=cast.council_editor)
    assert (rank.place, rank.count, rank.has_moved) == (2, 3, True)
    assert order(cast.contract) == [1, 5, 3, 2, 4]
    event = cast.contract.events.get()
    assert event.sentence == "Fiche action n° 5 rangée à la 2e place sur 3 de l’objectif."
    assert event.by == cast.council_editor


def test_the_first_one_up_and_the_last_one_down_stay(cast: Cast) -> None:
    sheets = five(cast.contract)
    assert not move_action_sheet(sheets[0], is_up=True, by=cast.council_editor).has_moved
    assert not move_action_sheet(sheets[4], is_up=False, by=cast.council_editor).has_moved
    assert order(cast.contract) == [1, 3, 5, 2, 4]
    assert not cast.contract.events.exists()


def test_a_sheet_is_placed_before_another_or_last(cast: Cast) -> None:
    sheets = five(cast.contract)
    place_action_sheet(sheets[4], before=sheets[0].pk, by=cast.council_editor)
    assert order(cast.contract) == [5, 1, 3, 2, 4]
    place_action_sheet(sheets[4], before=None, by=cast.council_editor)
    assert order(cast.contract) == [1, 3, 5, 2, 4]
    assert not place_action_sheet(sheets[4], before=None, by=cast.council_editor).has_moved


def test_a_sheet_is_not_placed_among_those_of_another_objective(cast: Cast) -> None:
    sheets = five(cast.contract)
    for before in (sheets[1].pk, 10**9, ActionSheetFactory(contract=cast.foreign_contract).pk):
        with pytest.raises(RuleViolation, match="se range parmi celles de son objectif"):
            place_action_sheet(sheets[0], before=before, by=cast.council_editor)
    assert order(cast.contract) == [1, 3, 5, 2, 4]


def test_the_plan_and_the_list_follow_the_order(client: Client, cast: Cast) -> None:
    sheets = five(cast.contract)
    place_action_sheet(sheets[4], before=sheets[0].pk, by=cast.council_editor)
    plan = build_plan(cast.contract)
    assert [[each.number for each in objective.actions] for objective in plan.objectives] == [
        [5, 1, 3],
        [2, 4],
    ]
    client.force_login(cast.council_reader)
    page = client.get(reverse("contracts:sheets", args=[cast.contract.reference])).content.decode()
    places = [page.index(f'id="sheet-{sheets[number - 1].pk}"') for number in (5, 1, 3, 2, 4)]
    assert places == sorted(places)


def test_two_sheets_cannot_hold_one_rank(cast: Cast) -> None:
    ActionSheetFactory(contract=cast.contract, position=1)
    with pytest.raises(IntegrityError, match="position"), transaction.atomic():
        ActionSheetFactory(contract=cast.contract, position=1)


def test_nothing_is_ranked_in_a_finalised_draft(cast: Cast) -> None:
    sheets = five(cast.contract)
    Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.DRAFT)
    for gesture in (
        lambda: move_action_sheet(sheets[2], is_up=True, by=cast.council_editor),
        lambda: place_action_sheet(sheets[2], before=None, by=cast.council_editor),
        lambda: renumber_action_sheets(
            cast.contract, token=renumbering(cast.contract).token, by=cast.council_editor
        ),
    ):
        with pytest.raises(WrongState, match="Rouvrez d’abord la négociation"):
            gesture()
    assert order(cast.contract) == [1, 3, 5, 2, 4]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_people_do_the_ranks_stay_whole(cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    by = cast.council_editor
    five(cast.contract)
    for _ in range(25):
        sheets = list(cast.contract.action_sheets.in_plan())
        sheet = chance.choice(sheets)
        gesture = chance.randrange(5)
        if gesture == 0:
            move_action_sheet(sheet, is_up=chance.random() < 0.5, by=by)
        elif gesture == 1:
            same = [each.pk for each in sheets if each.contract_objective_id == sheet.contract_objective_id]
            place_action_sheet(sheet, before=chance.choice([None, *same]), by=by)
        elif gesture == 2:
            copy = copy_action_sheet(sheet, by=by)
            ActionSheet.objects.filter(pk=copy.pk).update(title=f"Copie {chance.random()}")
            ranked = list(cast.contract.action_sheets.order_by("position").values_list("pk", flat=True))
            assert ranked.index(copy.pk) == ranked.index(sheet.pk) + 1
        elif gesture == 3 and len(sheets) > 2:
            archive_action_sheet(sheet, by=by)
        else:
            proposed = renumbering(cast.contract)
            if proposed.changes:
                renumber_action_sheets(cast.contract, token=proposed.token, by=by)
        positions = list(cast.contract.action_sheets.values_list("position", flat=True))
        numbers = list(cast.contract.action_sheets.values_list("number", flat=True))
        assert len(set(positions)) == len(positions)
        assert len(set(numbers)) == len(numbers)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_people_who_rank_write_and_renumber_at_once_lose_nothing() -> None:
    contract = ContractFactory()
    objective = contract.objectives.order_by("pk").first()
    sheets = [ActionSheetFactory(contract=contract, contract_objective=objective) for _ in range(6)]
    people: list[User] = [UserFactory() for _ in range(4)]
    errors: list[Exception] = []

    def work(person: User, seed: int) -> None:
        chance = random.Random(seed)
        try:
            for turn in range(8):
                sheet = chance.choice(sheets)
                if turn % 4 == 3:
                    fields: dict[str, Any] = {"contract_objective": objective, "title": f"{seed}-{turn}"}
                    create_action_sheet(contract, fields=fields, by=person)
                elif turn % 2:
                    place_action_sheet(sheet, before=chance.choice(sheets).pk, by=person)
                else:
                    move_action_sheet(sheet, is_up=chance.random() < 0.5, by=person)
        except Exception as error:  # a thread's exception would be lost otherwise
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(each, seed)) for seed, each in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    positions = list(contract.action_sheets.values_list("position", flat=True))
    assert len(positions) == len(set(positions)) == 6 + 4 * 2


# --- The gesture ---------------------------------------------------------------------------------


def test_without_script_the_gesture_comes_back_to_the_sheet_in_the_list(client: Client, cast: Cast) -> None:
    sheets = five(cast.contract)
    client.force_login(cast.council_editor)
    answer = client.post(f"{move_url(sheets[2])}?objectif=", {"sens": "haut"}, follow=True)
    address, _ = answer.redirect_chain[0]
    assert address.endswith(f"/fiches/?objectif=#sheet-{sheets[2].pk}")
    assert "Fiche n° 3 : rangée, 1 sur 3 dans son objectif." in answer.content.decode()


def test_htmx_gets_the_list_alone_and_what_is_announced(client: Client, cast: Cast) -> None:
    sheets = five(cast.contract)
    client.force_login(cast.council_editor)
    headers = {"HX-Request": "true"}
    page = client.post(move_url(sheets[4]), {"avant": str(sheets[0].pk)}, headers=headers).content.decode()
    assert "<html" not in page
    assert "Fiche n° 5 : rangée, 1 sur 3 dans son objectif." in page
    refused = client.post(move_url(sheets[4]), {"avant": str(sheets[1].pk)}, headers=headers)
    assert "se range parmi celles de son objectif" in refused.content.decode()
    assert order(cast.contract) == [5, 1, 3, 2, 4]


@pytest.mark.parametrize(
    "typed", [{}, {"sens": "gauche"}, {"avant": "²"}, {"avant": "9" * 30}, {"sens": "haut", "avant": "fin"}]
)
def test_a_gesture_that_says_no_place_is_refused_with_a_sentence(
    client: Client, cast: Cast, typed: dict[str, str]
) -> None:
    sheets = five(cast.contract)
    client.force_login(cast.council_editor)
    answer = client.post(move_url(sheets[2]), typed)
    assert answer.status_code == 409
    assert "« Monter », « Descendre »" in answer.content.decode()
    assert order(cast.contract) == [1, 3, 5, 2, 4]


def test_a_sheet_of_another_contract_is_not_ranked_through_mine(client: Client, cast: Cast) -> None:
    foreign = ActionSheetFactory(contract=cast.foreign_contract)
    client.force_login(cast.council_editor)
    for name in ("sheet-move", "sheet-archive", "sheet-restore"):
        url = reverse(f"contracts:{name}", args=[cast.contract.reference, foreign.pk])
        assert client.post(url, {"sens": "haut"}).status_code == 404


# --- Numbers -------------------------------------------------------------------------------------


def test_renumbering_says_what_changes_then_does_exactly_that(client: Client, cast: Cast) -> None:
    sheets = five(cast.contract)
    client.force_login(cast.council_editor)
    url = reverse("contracts:sheets-renumber", args=[cast.contract.reference])
    page = client.get(url).content.decode()
    assert "4 fiches changent de numéro" in page
    assert ">Action 1<" not in page
    token = renumbering(cast.contract).token
    assert token in page
    done = client.post(url, {"token": token}, follow=True).content.decode()
    assert "4 fiches ont changé de numéro." in done
    assert [ActionSheet.objects.get(pk=sheet.pk).number for sheet in sheets] == [1, 4, 2, 5, 3]
    assert order(cast.contract) == [1, 2, 3, 4, 5]
    assert cast.contract.events.get().sentence == "Fiches action renumérotées : 3 → 2, 5 → 3, 2 → 4, 4 → 5."
    assert "Les numéros suivent déjà l’ordre" in client.get(url).content.decode()


def test_what_changed_since_the_confirmation_is_not_renumbered(client: Client, cast: Cast) -> None:
    sheets = five(cast.contract)
    token = renumbering(cast.contract).token
    move_action_sheet(sheets[2], is_up=True, by=cast.ars_editor)
    client.force_login(cast.council_editor)
    url = reverse("contracts:sheets-renumber", args=[cast.contract.reference])
    for typed in ({"token": token}, {}):
        answer = client.post(url, typed)
        assert answer.status_code == 409
        assert "ont changé depuis" in answer.content.decode()
    assert sorted(cast.contract.action_sheets.values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert ActionSheet.objects.get(pk=sheets[2].pk).number == 3


def test_the_number_of_an_archived_sheet_is_not_given_again(client: Client, cast: Cast) -> None:
    sheets = five(cast.contract)
    archive_action_sheet(sheets[2], by=cast.council_editor)
    client.force_login(cast.council_editor)
    url = reverse("contracts:sheets-renumber", args=[cast.contract.reference])
    assert "Le numéro d’une fiche archivée n’est pas redonné" in client.get(url).content.decode()
    renumber_action_sheets(cast.contract, token=renumbering(cast.contract).token, by=cast.council_editor)
    assert order(cast.contract) == [1, 2, 4, 5]
    fields = {"contract_objective": two_objectives(cast.contract)[0], "title": "Nouvelle"}
    assert create_action_sheet(cast.contract, fields=fields, by=cast.council_editor).number == 6


def test_a_form_opened_before_the_numbers_changed_writes_its_own_sheet(client: Client, cast: Cast) -> None:
    sheets = five(cast.contract)
    mine = sheets[2]
    renumber_action_sheets(cast.contract, token=renumbering(cast.contract).token, by=cast.ars_editor)
    client.force_login(cast.council_editor)
    typed = {
        "sheet": mine.pk,
        "version": 1,
        "contract_objective": mine.contract_objective_id,
        "title": "Mon texte",
    }
    # Number 3 is now another sheet's.
    answer = client.post(reverse("funding:sheet-edit", args=[cast.contract.reference, 3]), typed)
    assert answer.status_code == 302
    assert answer.url.endswith("/fiches/2/")
    assert ActionSheet.objects.get(pk=mine.pk).title == "Mon texte"
    assert ActionSheet.objects.get(contract=cast.contract, number=3).title == "Action 5"


def test_a_confirmed_deletion_deletes_the_sheet_that_was_shown(client: Client, cast: Cast) -> None:
    sheets = five(cast.contract)
    renumber_action_sheets(cast.contract, token=renumbering(cast.contract).token, by=cast.ars_editor)
    client.force_login(cast.council_editor)
    url = reverse("contracts:sheet-delete", args=[cast.contract.reference, 3])
    answer = client.post(url, {"sheet": sheets[2].pk})
    assert answer.status_code == 409
    assert "ont été renumérotées" in answer.content.decode()
    assert cast.contract.action_sheets.count() == 5


def test_ranking_asks_as_many_queries_for_fifty_sheets_as_for_five(client: Client, cast: Cast) -> None:
    objective = two_objectives(cast.contract)[0]
    sheets = [ActionSheetFactory(contract=cast.contract, contract_objective=objective) for _ in range(5)]
    client.force_login(cast.council_editor)

    def there_and_back() -> None:
        for way in ("bas", "haut"):
            client.post(move_url(sheets[1]), {"sens": way}, headers={"HX-Request": "true"})

    with_five = count_queries(there_and_back)
    for _ in range(45):
        ActionSheetFactory(contract=cast.contract, contract_objective=objective)
    assert count_queries(there_and_back) == with_five

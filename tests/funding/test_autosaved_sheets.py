"""The page of a sheet saves by itself, its money included (annexe 5.4; A1, M1, O3)."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from cdppe.accounts.models import User
from contracts.models import ActionSheet
from tests.factories import ActionFinancingFactory, ActionSheetFactory
from tests.funding.test_action_sheets import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def send(
    world: World, sheet: ActionSheet | None, data: dict[str, Any], opened: Any, by: User | None = None
) -> Any:
    """What the page of `sheet`, or of a new one, sends by itself."""
    url = reverse("funding:sheet-create", args=["38-2030"])
    if sheet is not None:
        url = reverse("funding:sheet-edit", args=["38-2030", sheet.number])
        data = {"version": "1"} | data
    client = Client()
    client.force_login(by or world.cast.council_editor)
    answer: HttpResponse = client.post(
        url, data | {"opened": json.dumps(opened)}, headers={"X-Autosave": "1"}
    )
    return answer


def written(world: World, **fields: Any) -> ActionSheet:
    return ActionSheetFactory(
        contract=world.contract, contract_objective=world.first, title="Aller vers", **fields
    )


def money(sheet: ActionSheet) -> dict[tuple[str, int], Decimal]:
    return {(row.contributor, row.year): row.amount for row in sheet.financings.all()}


def test_text_and_money_are_stored_together(world: World) -> None:
    sheet = written(world)
    answer = send(
        world,
        sheet,
        world.data(version="1", public="Familles") | {world.box(world.pre): "1 234,5"},
        {"public": [""], world.box(world.pre): [""]},
    )
    assert answer.status_code == 200
    assert answer.json()["taken_over"] == []
    sheet.refresh_from_db()
    assert (sheet.public, sheet.version, money(sheet)) == (
        "Familles",
        2,
        {("state", 2030): Decimal("1234.50")},
    )


def test_amounts_that_two_people_changed_apart_are_merged(world: World) -> None:
    sheet = written(world)
    ActionFinancingFactory(action_sheet=sheet, year=2030, amount=Decimal(10))
    send(world, sheet, world.data(**{"amount-department-2031": "20"}), {"amount-department-2031": [""]})
    answer = send(
        world,
        sheet,
        world.data(version="1", **{"amount-department-2030": ""}),
        {"amount-department-2030": ["10"]},
        by=world.cast.ars_editor,
    )
    assert answer.status_code == 200
    assert answer.json()["fields"]["amount-department-2031"] == "20"
    assert money(sheet) == {("department", 2031): Decimal(20)}


def test_an_amount_that_both_changed_is_asked_with_its_row_and_year(world: World) -> None:
    sheet = written(world)
    send(world, sheet, world.data(**{"amount-department-2030": "10"}), {"amount-department-2030": [""]})
    answer = send(
        world,
        sheet,
        world.data(**{"amount-department-2030": "20"}),
        {"amount-department-2030": [""]},
        by=world.cast.ars_editor,
    )
    assert answer.status_code == 409
    html = answer.json()["html"]
    assert 'data-conflict-field="amount-department-2030"' in html
    assert 'data-conflict-theirs="10"' in html
    assert "Département, 2030" in html
    assert money(sheet) == {("department", 2030): Decimal(10)}


def test_two_texts_are_shown_formatted_with_what_differs_marked(world: World) -> None:
    sheet = written(world)
    send(world, sheet, world.data(description="- **trois** places\n- un lieu"), {"description": [""]})
    answer = send(
        world,
        sheet,
        world.data(description="- **dix** places\n- un lieu <b>"),
        {"description": [""]},
        by=world.cast.ars_editor,
    )
    assert answer.status_code == 409
    html = answer.json()["html"]
    choices, _, _ = html.partition("cdppe-conflict__choices")
    assert "**" not in choices.replace('data-conflict-theirs="- **trois** places', "")
    marked = "<li><strong><mark>{}</mark></strong> places</li>"
    assert marked.format("dix") in html
    assert marked.format("trois") in html
    assert "<li>un lieu</li>" in html
    assert "un lieu<mark> &lt;b&gt;</mark></li>" in html


def test_a_wrong_amount_is_named_and_nothing_is_written(world: World) -> None:
    sheet = written(world)
    answer = send(
        world,
        sheet,
        world.data(public="Familles") | {world.box(world.pre): "douze"},
        {"public": [""], world.box(world.pre): [""]},
    )
    assert answer.status_code == 422
    assert "n’est pas un montant" in answer.json()["problems"][world.box(world.pre)]
    sheet.refresh_from_db()
    assert (sheet.public, sheet.version) == ("", 1)


def test_an_envelope_that_does_not_finance_the_objective_is_told(world: World) -> None:
    sheet = written(world)
    answer = send(world, sheet, world.data() | {world.box(world.lat): "5"}, {world.box(world.lat): [""]})
    assert answer.status_code == 422
    assert "ne finance pas" in answer.json()["problems"][""]
    assert money(sheet) == {}


def test_an_objective_changed_by_one_and_money_by_the_other_is_refused_whole(world: World) -> None:
    """The State's amount that somebody added may not stay under the other objective (rule O3)."""
    sheet = written(world)
    send(world, sheet, world.data() | {world.box(world.pre): "5"}, {world.box(world.pre): [""]})
    answer = send(
        world,
        sheet,
        world.data() | {"contract_objective": world.second.pk},
        {"contract_objective": [str(world.first.pk)]},
        by=world.cast.ars_editor,
    )
    assert answer.status_code == 422
    assert "ne finance pas" in answer.json()["problems"][""]
    sheet.refresh_from_db()
    assert sheet.contract_objective == world.first


def test_a_new_sheet_is_created_by_its_first_save_and_once(world: World) -> None:
    token = str(uuid.uuid4())
    data = world.data(creation_token=token, title="A")
    opened = {"title": [""], "contract_objective": [""]}
    first = send(world, None, data, opened)
    sheet = ActionSheet.objects.get()
    assert first.json()["url"] == reverse("funding:sheet-edit", args=["38-2030", sheet.number])
    assert first.json()["heading"] == f"Fiche action n° {sheet.number}"
    assert first.json()["fields"]["place"] == f"sheets/{sheet.pk}"
    # The answer was lost, more was typed, the page sends again.
    again = send(world, None, data | {"title": "Aller vers"}, opened | {"title": ["", "A"]})
    assert again.status_code == 200
    sheet = ActionSheet.objects.get()
    assert sheet.title == "Aller vers"
    assert [event.code for event in world.contract.events.order_by("pk")] == [
        "action_sheet.created",
        "action_sheet.saved",
    ]


def test_a_creation_sent_again_by_the_button_makes_one_sheet(world: World) -> None:
    data = world.data(creation_token=str(uuid.uuid4()))
    url = reverse("funding:sheet-create", args=["38-2030"])
    assert world.client().post(url, data).status_code == 302
    assert world.client().post(url, data).status_code == 302
    other = world.client().post(url, data | {"public": "Familles"})
    assert other.status_code == 409
    assert ActionSheet.objects.count() == 1


def test_a_new_sheet_without_title_waits_for_it(world: World) -> None:
    answer = send(world, None, world.data(title=""), {"description": [""]})
    assert answer.status_code == 422
    assert answer.json()["problems"] == {"title": "Donnez un intitulé à l’action."}
    assert not ActionSheet.objects.exists()


@pytest.mark.parametrize("token", ["x", "1" * 5000, "a\x00b", "²"])
def test_a_token_that_is_none_is_refused(world: World, token: str) -> None:
    answer = send(world, None, world.data(creation_token=token), {"title": [""]})
    assert answer.status_code == 422
    assert not ActionSheet.objects.exists()


def test_a_sheet_that_took_the_number_of_a_deleted_one_is_not_written_over(world: World) -> None:
    old = written(world)
    number, place = old.number, f"sheets/{old.pk}"
    old.delete()
    new = written(world, number=number, description="Une autre action")
    answer = send(
        world,
        new,
        world.data(version="1", place=place, description="L’ancienne"),
        {"description": [""]},
    )
    assert answer.status_code == 422
    assert "supprimée entre-temps" in answer.json()["problems"][""]
    new.refresh_from_db()
    assert new.description == "Une autre action"


def test_a_sheet_deleted_meanwhile_is_told(world: World) -> None:
    sheet = written(world)
    number = sheet.number
    sheet.delete()
    sheet.number = number
    answer = send(world, sheet, world.data(), {"public": [""]})
    assert answer.status_code == 404
    assert "n’existe plus" in answer.json()["sentence"]


@pytest.mark.parametrize(
    "name", ["amount-e999999999999999999-2030", "amount-other-9999", "kept-other-2030", "nowhere"]
)
def test_an_opened_box_that_does_not_exist_changes_nothing(world: World, name: str) -> None:
    sheet = written(world)
    answer = send(world, sheet, world.data(), {name: ["5"]})
    assert answer.status_code == 200
    assert money(sheet) == {}

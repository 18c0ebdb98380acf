"""Action sheets: writing, saving, deleting, their list (annexe 5.4; rules A1, A2)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, StaleVersion, WrongState
from contracts.actions.action_sheets import (
    create_action_sheet,
    delete_action_sheet,
    save_action_sheet,
)
from contracts.forms import ActionSheetForm
from contracts.models import ActionSheet, Contract
from contracts.workflow import ContractState
from funding.models import ActionFinancing
from tests.cast import Cast
from tests.factories import ActionFinancingFactory, ActionSheetFactory, ContractFactory, UserFactory
from tests.queries import count_queries

HOSTILE = "<script>alert(1)</script> {{7*7}} file:///etc/passwd"


def fields(contract: Contract, **others: Any) -> dict[str, Any]:
    return {"contract_objective": contract.objectives.order_by("pk").first(), "title": "Relais"} | others


def finalise(contract: Contract) -> None:
    Contract.objects.filter(pk=contract.pk).update(state=ContractState.DRAFT)


# --- Actions -----------------------------------------------------------------------------------------------


def test_a_new_sheet_takes_the_number_after_the_last(cast: Cast) -> None:
    ActionSheetFactory(contract=cast.contract, number=4)
    sheet = create_action_sheet(cast.contract, fields=fields(cast.contract), by=cast.council_editor)
    assert (sheet.number, sheet.version, sheet.updated_by) == (5, 1, cast.council_editor)
    event = cast.contract.events.get()
    assert event.by == cast.council_editor
    assert event.sentence == "Fiche action n° 5 « Relais » créée."


def test_a_sheet_sent_twice_is_created_once(cast: Cast) -> None:
    same = fields(cast.contract)
    create_action_sheet(cast.contract, fields=same, by=cast.council_editor)
    with pytest.raises(RuleViolation, match="La fiche action n° 1 dit déjà exactement cela"):
        create_action_sheet(cast.contract, fields=same, by=cast.prefect_editor)
    assert cast.contract.action_sheets.count() == 1
    assert cast.contract.events.count() == 1
    for other in ({"title": "Une autre"}, {"description": "Autre chose"}):
        create_action_sheet(cast.contract, fields=same | other, by=cast.council_editor)


def test_a_sheet_for_an_objective_that_the_contract_lacks_is_refused(cast: Cast) -> None:
    foreign = cast.foreign_contract.objectives.order_by("pk").first()
    with pytest.raises(RuleViolation, match="n’est pas dans le contrat"):
        create_action_sheet(
            cast.contract,
            fields=fields(cast.contract, contract_objective=foreign),
            by=cast.council_editor,
        )
    assert not cast.contract.action_sheets.exists()
    assert not cast.contract.events.exists()


def test_a_field_that_is_not_of_the_sheet_is_a_programming_error(cast: Cast) -> None:
    with pytest.raises(TypeError, match="number"):
        create_action_sheet(cast.contract, fields=fields(cast.contract, number=1), by=cast.council_editor)


def test_saving_writes_the_texts_and_counts_the_version(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract)
    saved = save_action_sheet(sheet, fields={"public": "Familles"}, version=1, by=cast.ars_editor)
    stored = ActionSheet.objects.get()
    assert (stored.public, stored.version, stored.updated_by) == ("Familles", 2, cast.ars_editor)
    assert saved == stored


def test_a_stale_save_changes_nothing_and_carries_the_stored_sheet(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract)
    save_action_sheet(sheet, fields={"public": "Texte de l’ARS"}, version=1, by=cast.ars_editor)
    with pytest.raises(StaleVersion, match="pendant que vous") as refusal:
        save_action_sheet(sheet, fields={"public": "Texte du département"}, version=1, by=cast.council_editor)
    assert refusal.value.stored.public == "Texte de l’ARS"
    assert refusal.value.stored.version == 2
    assert str(cast.ars_editor) in str(refusal.value)
    assert ActionSheet.objects.get().public == "Texte de l’ARS"


def test_saving_a_sheet_that_was_deleted_says_so(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract)
    ActionSheet.objects.all().delete()
    with pytest.raises(WrongState, match="supprimée entre-temps"):
        save_action_sheet(sheet, fields={"public": "x"}, version=1, by=cast.council_editor)
    assert not ActionSheet.objects.exists()


def test_nothing_is_written_in_a_finalised_draft(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract)
    finalise(cast.contract)
    gestures = [
        lambda: create_action_sheet(cast.contract, fields=fields(cast.contract), by=cast.council_editor),
        lambda: save_action_sheet(sheet, fields={"title": "Autre"}, version=1, by=cast.council_editor),
        lambda: delete_action_sheet(sheet, by=cast.council_editor),
    ]
    for gesture in gestures:
        with pytest.raises(WrongState, match="Rouvrez d’abord la négociation"):
            gesture()
    assert [each.title for each in ActionSheet.objects.all()] == [sheet.title]


def test_deleting_a_sheet_takes_its_financing_along_and_leaves_a_trace(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract)
    ActionFinancingFactory(action_sheet=sheet)
    delete_action_sheet(sheet, by=cast.council_editor)
    assert not ActionSheet.objects.exists()
    assert not ActionFinancing.objects.exists()
    assert cast.contract.events.get().sentence.endswith("supprimée.")


def test_a_very_long_title_does_not_overflow_the_journal(cast: Cast) -> None:
    create_action_sheet(cast.contract, fields=fields(cast.contract, title="x" * 300), by=cast.council_editor)
    assert len(cast.contract.events.get().sentence) < 300


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ten_sheets_created_at_once_have_ten_numbers() -> None:
    contract = ContractFactory()
    user: User = UserFactory()
    errors: list[Exception] = []

    def create(title: str) -> None:
        try:
            create_action_sheet(contract, fields=fields(contract, title=title), by=user)
        except Exception as error:  # a thread's exception would be lost otherwise
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=create, args=(f"Action {each}",)) for each in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(contract.action_sheets.values_list("number", flat=True)) == list(range(1, 11))


# --- Form --------------------------------------------------------------------------------------------------


def test_the_form_offers_the_objectives_of_its_contract_only(cast: Cast) -> None:
    form = ActionSheetForm(contract=cast.contract)
    offered = {objective.pk for objective in form.fields["contract_objective"].queryset}
    assert offered == set(cast.contract.objectives.values_list("pk", flat=True))


def test_the_form_refuses_another_contract_s_objective_with_a_sentence(cast: Cast) -> None:
    foreign = cast.foreign_contract.objectives.order_by("pk").first()
    assert foreign is not None
    form = ActionSheetForm({"contract_objective": foreign.pk, "title": "x"}, contract=cast.contract)
    assert not form.is_valid()
    assert "n’est pas dans le contrat" in str(form.errors["contract_objective"])


def test_the_form_takes_only_its_own_fields(cast: Cast) -> None:
    objective = cast.contract.objectives.order_by("pk").first()
    assert objective is not None
    typed = {
        "contract_objective": objective.pk,
        "title": HOSTILE,
        "number": 99,
        "contract": cast.foreign_contract.pk,
        "has_invented_text": "on",
    }
    form = ActionSheetForm(typed, contract=cast.contract)
    assert form.is_valid(), form.errors
    assert not {"number", "contract", "has_invented_text", "version"} & set(form.fields_to_save)
    sheet = create_action_sheet(cast.contract, fields=form.fields_to_save, by=cast.council_editor)
    assert (sheet.number, sheet.title, sheet.contract) == (1, HOSTILE, cast.contract)


def test_the_form_of_a_stored_sheet_demands_its_version(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract, version=7)
    assert ActionSheetForm(instance=sheet, contract=cast.contract)["version"].value() == 7
    typed = {"contract_objective": sheet.contract_objective_id, "title": "x"}
    form = ActionSheetForm(typed, instance=sheet, contract=cast.contract)
    assert not form.is_valid()
    assert "numéro de version" in str(form.errors["version"])


def test_a_text_longer_than_any_sheet_needs_is_refused(cast: Cast) -> None:
    objective = cast.contract.objectives.order_by("pk").first()
    assert objective is not None
    typed = {"contract_objective": objective.pk, "title": "x", "description": "a" * 20_001}
    form = ActionSheetForm(typed, contract=cast.contract)
    assert not form.is_valid()
    assert list(form.errors) == ["description"]


# --- Pages -------------------------------------------------------------------------------------------------


def list_url(contract: Contract) -> str:
    return reverse("contracts:sheets", args=[contract.reference])


def delete_url(contract: Contract, number: int = 1) -> str:
    return reverse("contracts:sheet-delete", args=[contract.reference, number])


def test_the_list_says_what_each_sheet_still_lacks(client: Client, cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract, title=HOSTILE, public="Familles")
    ActionFinancingFactory(action_sheet=sheet)
    client.force_login(cast.council_reader)
    page = client.get(list_url(cast.contract)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}} file:///etc/passwd" in page
    assert "<script>alert" not in page
    assert "les acteurs" in page
    assert "le public cible" not in page
    assert "le financement," not in page
    assert delete_url(cast.contract) not in page


def test_a_sheet_with_everything_is_complete(client: Client, cast: Cast) -> None:
    sheet = ActionSheetFactory(
        contract=cast.contract,
        operational_objective="o",
        public="p",
        actors="a",
        calendar="c",
        implementation_indicators="i",
    )
    ActionFinancingFactory(action_sheet=sheet)
    client.force_login(cast.council_editor)
    assert "Complète" in client.get(list_url(cast.contract)).content.decode()


def test_an_empty_list_says_so(client: Client, cast: Cast) -> None:
    client.force_login(cast.council_editor)
    assert "Aucune fiche n’est écrite" in client.get(list_url(cast.contract)).content.decode()


def test_the_list_asks_as_many_queries_for_fifty_sheets_as_for_five(client: Client, cast: Cast) -> None:
    def add(count: int) -> None:
        for _ in range(count):
            ActionFinancingFactory(action_sheet=ActionSheetFactory(contract=cast.contract))

    client.force_login(cast.council_editor)
    add(5)
    with_five = count_queries(lambda: client.get(list_url(cast.contract)))
    add(45)
    assert count_queries(lambda: client.get(list_url(cast.contract))) == with_five


def test_deleting_asks_first_then_deletes(client: Client, cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract)
    ActionFinancingFactory(action_sheet=sheet)
    client.force_login(cast.council_editor)
    asked = client.get(delete_url(cast.contract))
    assert "1 montant de financement" in asked.content.decode()
    assert ActionSheet.objects.exists()
    assert client.post(delete_url(cast.contract)).status_code == 302
    assert not ActionSheet.objects.exists()


def test_deleting_answers_404_to_an_outsider_and_403_to_a_reader(client: Client, cast: Cast) -> None:
    ActionSheetFactory(contract=cast.contract)
    for person, status in ((cast.foreign_editor, 404), (cast.outsider, 404), (cast.council_reader, 403)):
        client.force_login(person)
        assert client.post(delete_url(cast.contract)).status_code == status
    assert ActionSheet.objects.exists()


def test_another_contract_s_sheet_cannot_be_deleted_through_mine(client: Client, cast: Cast) -> None:
    ActionSheetFactory(contract=cast.foreign_contract)
    client.force_login(cast.council_editor)
    assert client.post(delete_url(cast.contract)).status_code == 404
    assert ActionSheet.objects.exists()


def test_a_finalised_draft_refuses_the_deletion_with_a_sentence(client: Client, cast: Cast) -> None:
    ActionSheetFactory(contract=cast.contract)
    finalise(cast.contract)
    client.force_login(cast.council_editor)
    for answer in (client.get(delete_url(cast.contract)), client.post(delete_url(cast.contract))):
        assert answer.status_code == 409
        assert "Rouvrez d’abord la négociation" in answer.content.decode()
    assert ActionSheet.objects.exists()


@pytest.mark.parametrize(
    ("before", "is_led_back"),
    [
        ("http://testserver/contrats/38-2030/fiches/?page=2", True),
        ("http://ailleurs.example/contrats/38-2030/fiches/?page=2", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_a_refusal_leads_back_to_the_page_of_this_site_where_one_was(
    client: Client, cast: Cast, before: str, is_led_back: bool
) -> None:
    ActionSheetFactory(contract=cast.contract)
    finalise(cast.contract)
    client.force_login(cast.council_editor)
    answer = client.post(delete_url(cast.contract), headers={"Referer": before})
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert ('href="/contrats/38-2030/fiches/?page=2">Revenir à la page précédente' in shown) == is_led_back
    assert ("Revenir à la page précédente" in shown) == is_led_back

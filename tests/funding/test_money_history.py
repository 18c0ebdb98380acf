"""The history of the money: amounts, what the State's money pays (M4), own means; and how each comes back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from cdppe.lib.errors import RuleViolation
from contracts.actions.history import restore_text
from contracts.history import snapshot
from contracts.models import FieldChange
from contracts.reading_history import between
from funding.actions.own_means import MeansChange, save_own_means
from funding.models import ActionFinancing, OwnMeans, Service, StateExpense
from tests.funding.test_state_expenses import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def send(world: World, **boxes: str) -> None:
    assert world.client.post(world.address, world.data(**boxes)).status_code == 302


def change_of(field: str) -> FieldChange:
    return FieldChange.objects.filter(place__endswith=f"/{field}").latest("pk")


def kept(world: World) -> list[tuple[str, str | None, str | None]]:
    """(field, before, after) of what was said of the expense, in the order of the changes."""
    found = FieldChange.objects.filter(place__regex=r"/(nature|replaces)-e").order_by("pk")
    return list(found.values_list("field_label", "before", "after"))


def test_what_the_state_s_money_pays_is_kept_field_by_field_with_its_author(world: World) -> None:
    send(world, nature="staff", replaces="no")
    assert kept(world) == [
        ("Nature de la dépense, Prévention", None, "ETP"),
        ("Remplace un financement existant, Prévention", None, "non"),
    ]
    change = change_of(f"nature-e{world.pre.pk}")
    assert (change.by, change.place) == (
        world.cast.council_editor,
        f"sheets/{world.sheet.pk}/nature-e{world.pre.pk}",
    )
    world.client.force_login(world.cast.prefect_editor)
    send(world, nature="training", replaces="no")
    assert kept(world)[2:] == [("Nature de la dépense, Prévention", "ETP", "Formation")]


def test_two_moments_show_what_was_said_of_the_money(world: World) -> None:
    send(world, nature="staff", replaces="yes")
    latest = FieldChange.objects.latest("until").until
    first = FieldChange.objects.earliest("at").at
    (sitting,) = between(world.contract, first.replace(year=first.year - 1), latest)
    lines = {line.field_label: line.after for line in sitting.lines}
    assert lines["Nature de la dépense, Prévention"] == "ETP"
    assert lines["Remplace un financement existant, Prévention"] == "oui"


def test_a_nature_that_the_campaign_forgot_is_still_readable(world: World) -> None:
    StateExpense.objects.create(action_sheet=world.sheet, envelope=world.pre, nature="forgotten")
    found = {str(place): each.value for place, each in snapshot(world.contract, "sheets").items()}
    assert found[f"sheets/{world.sheet.pk}/nature-e{world.pre.pk}"] == "forgotten"
    assert f"sheets/{world.sheet.pk}/replaces-e{world.pre.pk}" not in found


def test_a_former_nature_and_a_former_answer_are_brought_back_and_nothing_else_changes(world: World) -> None:
    send(world, nature="training", replaces="no")
    world.client.force_login(world.cast.prefect_editor)
    send(world, nature="staff", replaces="yes")
    by = world.cast.council_editor
    restore_text(change_of(f"nature-e{world.pre.pk}"), former=True, by=by)
    assert world.stored() == [("training", True)]
    restore_text(change_of(f"replaces-e{world.pre.pk}"), former=True, by=by)
    assert world.stored() == [("training", False)]
    assert ActionFinancing.objects.get().amount == Decimal(1000)
    newest = change_of(f"replaces-e{world.pre.pk}")
    assert (newest.before, newest.after, newest.by) == ("oui", "non", by)


def test_what_was_never_said_is_brought_back_as_unsaid(world: World) -> None:
    send(world, nature="training")
    restore_text(change_of(f"nature-e{world.pre.pk}"), former=True, by=world.cast.council_editor)
    assert world.stored() == []


def test_a_nature_that_left_the_campaign_is_refused_with_a_sentence(world: World) -> None:
    send(world, nature="staff")
    change = change_of(f"nature-e{world.pre.pk}")
    change.after = "Ancienne nature"
    with pytest.raises(RuleViolation, match="« Ancienne nature » n’est plus une nature de dépense"):
        restore_text(change, former=False, by=world.cast.council_editor)
    assert world.stored() == [("staff", None)]


def test_a_former_amount_is_brought_back_at_its_box(world: World) -> None:
    field = f"amount-e{world.pre.pk}-2030"
    send(world)
    world.client.force_login(world.cast.prefect_editor)
    world.client.post(world.address, world.data() | {field: "2 500,50", "amount-department-2030": "7"})
    change = change_of(field)
    assert (change.before, change.after) == ("1\u202f000\u00a0€", "2\u202f500,50\u00a0€")
    page = world.client.get(reverse("contracts:history-change", args=["38-2030", change.pk])).content.decode()
    assert f'href="{world.address}#{field}"' in page
    assert f'id="{field}"' in world.client.get(world.address).content.decode()
    answer = world.client.post(
        reverse("contracts:history-restore", args=["38-2030", change.pk]), {"texte": "avant"}
    )
    assert answer.status_code == 302
    amounts = ActionFinancing.objects.values_list("contributor", "amount")
    assert set(amounts) == {("state", Decimal(1000)), ("department", Decimal(7))}


def test_an_amount_that_was_not_there_is_taken_away_again(world: World) -> None:
    send(world)
    restore_text(change_of(f"amount-e{world.pre.pk}-2030"), former=True, by=world.cast.council_editor)
    assert not ActionFinancing.objects.exists()


def test_money_of_an_envelope_that_does_not_finance_the_objective_is_not_brought_back(
    world: World,
) -> None:
    send(world)
    change = change_of(f"amount-e{world.pre.pk}-2030")
    ActionFinancing.objects.all().delete()
    world.sheet.refresh_from_db()
    world.sheet.contract_objective = world.second
    world.sheet.save()
    with pytest.raises(RuleViolation, match="ne finance pas"):
        restore_text(change, former=False, by=world.cast.council_editor)
    assert not ActionFinancing.objects.exists()


@pytest.mark.parametrize("field", ["amount-state-1-2030", "amount-e9-20", "nature-eX", "replaces-e0"])
def test_a_box_that_is_none_is_refused_with_a_sentence(world: World, field: str) -> None:
    send(world)
    change = change_of(f"amount-e{world.pre.pk}-2030")
    change.place = f"sheets/{world.sheet.pk}/{field.lower()}"
    with pytest.raises(RuleViolation, match="n’a plus de case|n’est plus dans la campagne"):
        restore_text(change, former=True, by=world.cast.council_editor)


def test_the_department_s_own_means_are_brought_back(world: World) -> None:
    for before, wanted in ((None, Decimal(100)), (Decimal(100), Decimal("90.50"))):
        save_own_means(
            world.contract,
            changes=[MeansChange(Service.ASE, 2030, before, wanted)],
            by=world.cast.council_editor if before is None else world.cast.prefect_editor,
        )
    change = change_of("ase-2030")
    assert (change.before, change.after) == ("100\u00a0€", "90,50\u00a0€")
    restore_text(change, former=True, by=world.cast.council_editor)
    assert OwnMeans.objects.get().amount == Decimal(100)
    restore_text(
        FieldChange.objects.filter(place="financing//ase-2030").earliest("pk"),
        former=True,
        by=world.cast.council_editor,
    )
    assert not OwnMeans.objects.exists()

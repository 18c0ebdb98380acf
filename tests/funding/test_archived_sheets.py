"""Copies and archived sheets: what counts in the plan, totals, completeness, document (A2, M1, M2)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.action_sheets import (
    archive_action_sheet,
    copy_action_sheet,
    create_action_sheet,
    restore_action_sheet,
    save_action_sheet,
)
from contracts.actions.objectives import what_depends_on
from contracts.models import ActionSheet, Contract
from contracts.overview import facts_of, with_facts
from contracts.parts import measure_sheets
from funding.actions.sheet_copies import copy_sheet
from funding.document import build_plan_annex, build_sheets_annex
from funding.models import ActionFinancing, Contributor
from funding.plan import build_plan, envelope_balances, objective_money
from tests.cast import Cast, make_cast
from tests.factories import ActionFinancingFactory, ActionSheetFactory, EnvelopeFactory, NotifiedAmountFactory


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def pair(cast: Cast) -> tuple[ActionSheet, ActionSheet]:
    """Two complete sheets of one objective: 300 and 1 000 € of the State, 400 and 2 000 € of the council."""
    envelope = EnvelopeFactory(campaign=cast.campaign, code="PRE")
    NotifiedAmountFactory(envelope=envelope, territory=cast.isere, year=2030, amount=Decimal(500))
    texts = dict.fromkeys(
        ("operational_objective", "public", "actors", "calendar", "implementation_indicators"), "Écrit"
    )
    made = []
    for state, department in ((300, 400), (1000, 2000)):
        sheet = ActionSheetFactory(contract=cast.contract, **texts)
        ActionFinancingFactory(
            action_sheet=sheet, contributor=Contributor.STATE, envelope=envelope, amount=Decimal(state)
        )
        ActionFinancingFactory(
            action_sheet=sheet, contributor=Contributor.DEPARTMENT, amount=Decimal(department)
        )
        made.append(sheet)
    return made[0], made[1]


def figures(cast: Cast) -> dict[str, Any]:
    """Every total and count that rests on the sheets."""
    contract = cast.contract
    plan = build_plan(contract)
    objective = contract.objectives.in_order()[0]
    (balance,) = envelope_balances(contract)
    found = with_facts(Contract.objects.filter(pk=contract.pk)).get()
    facts = facts_of(found)
    annex = build_sheets_annex(contract)
    printed = build_plan_annex(contract)
    return {
        "plan total": plan.money.total,
        "plan by year": plan.amounts[0],
        "plan by source": [line.total for line in plan.sources],
        "actions": plan.action_count,
        "share (M2)": (plan.objectives[0].share.department, plan.objectives[0].share.state),
        "exceeded (M1)": bool(plan.exceeded_envelopes),
        "planned (M1)": balance.years[0].planned,
        "objective": objective_money(objective).total,
        "completeness": len(facts.sheets),
        "sheets of the objective": facts.objectives[0].sheet_count,
        "menu": measure_sheets(found, cast.council_editor).text,
        "annex of sheets": [sheet.number for sheet in annex["sheets"]],
        "annex contents": len(annex["contents"]),
        "annex of the plan": printed["plan"].action_count,
    }


def test_an_archived_sheet_leaves_every_total_and_comes_back_when_restored(
    cast: Cast, pair: tuple[ActionSheet, ActionSheet]
) -> None:
    before = figures(cast)
    archived = archive_action_sheet(pair[1], by=cast.council_editor)
    assert (archived.archived_by, archived.number) == (cast.council_editor, 2)
    assert figures(cast) == {
        "plan total": Decimal(700),
        "plan by year": Decimal(700),
        "plan by source": [Decimal(300), Decimal(400), None],
        "actions": 1,
        "share (M2)": (Decimal(400), Decimal(300)),
        "exceeded (M1)": False,
        "planned (M1)": Decimal(300),
        "objective": Decimal(700),
        "completeness": 1,
        "sheets of the objective": 1,
        "menu": "1/1",
        "annex of sheets": [1],
        "annex contents": 1,
        "annex of the plan": 1,
    }
    assert before["plan total"] == Decimal(3700)
    assert before["exceeded (M1)"]
    restore_action_sheet(pair[1], by=cast.ars_editor)
    assert figures(cast) == before
    sentences = [event.sentence.split(" ")[-1] for event in cast.contract.events.order_by("pk")]
    assert sentences == ["archivée.", "restaurée."]


def test_lists_of_contracts_and_of_objectives_do_not_count_archived_sheets(
    client: Client, cast: Cast, pair: tuple[ActionSheet, ActionSheet]
) -> None:
    archive_action_sheet(pair[1], by=cast.council_editor)
    client.force_login(cast.council_editor)
    contract = client.get(reverse("contracts:list")).context["page"].object_list[0]
    assert contract.sheet_count == 1
    groups = client.get(reverse("contracts:objectives", args=[cast.contract.reference])).context[
        "commitments"
    ]
    rows = [row for group in groups for part in group["measures"] for row in part["rows"]]
    assert rows[0]["contract_objective"].sheet_count == 1


def test_an_archived_sheet_still_holds_its_objective(
    cast: Cast, pair: tuple[ActionSheet, ActionSheet]
) -> None:
    optional = cast.contract.objectives.create(objective=cast.campaign.objectives.get(number=12))
    sheet = ActionSheetFactory(contract=cast.contract, contract_objective=optional)
    archive_action_sheet(sheet, by=cast.council_editor)
    (reason,) = what_depends_on(optional)
    assert "n° 3 (archivée)" in reason


def test_the_list_shows_archived_sheets_apart_with_the_gesture_that_restores_them(
    client: Client, cast: Cast, pair: tuple[ActionSheet, ActionSheet]
) -> None:
    client.force_login(cast.council_editor)
    url = reverse("contracts:sheet-archive", args=[cast.contract.reference, pair[1].pk])
    page = client.post(url, follow=True).content.decode()
    assert "ni elle ni ses montants ne comptent plus" in page
    assert "1 fiche, dont 1 complète" in page
    restore = reverse("contracts:sheet-restore", args=[cast.contract.reference, pair[1].pk])
    assert page.index("Fiches archivées") < page.index(restore)
    client.force_login(cast.council_reader)
    assert (
        restore
        not in client.get(reverse("contracts:sheets", args=[cast.contract.reference])).content.decode()
    )
    client.force_login(cast.council_editor)
    assert "2 fiches, dont 2 complètes" in client.post(restore, follow=True).content.decode()


def test_an_archived_sheet_is_read_and_not_written(
    client: Client, cast: Cast, pair: tuple[ActionSheet, ActionSheet]
) -> None:
    sheet = archive_action_sheet(pair[1], by=cast.council_editor)
    with pytest.raises(WrongState, match="Restaurez-la depuis la liste"):
        save_action_sheet(sheet, fields={"public": "x"}, version=1, by=cast.council_editor)
    client.force_login(cast.council_editor)
    url = reverse("funding:sheet-edit", args=[cast.contract.reference, 2])
    page = client.get(url).content.decode()
    assert "Cette fiche est archivée" in page
    assert "Restaurer la fiche" in page
    assert "<textarea" not in page
    typed = {
        "sheet": sheet.pk,
        "version": 1,
        "contract_objective": sheet.contract_objective_id,
        "title": "Ce que j’écrivais",
    }
    answer = client.post(url, typed)
    assert answer.status_code == 409
    assert "Ce que j’écrivais" in answer.content.decode()
    assert ActionSheet.objects.get(pk=sheet.pk).title == "Action 2"


def test_archiving_twice_and_restoring_what_is_not_archived_are_refused(
    cast: Cast, pair: tuple[ActionSheet, ActionSheet]
) -> None:
    with pytest.raises(WrongState, match="n’est pas archivée"):
        restore_action_sheet(pair[0], by=cast.council_editor)
    archive_action_sheet(pair[0], by=cast.council_editor)
    with pytest.raises(WrongState, match="déjà archivée"):
        archive_action_sheet(pair[0], by=cast.council_editor)


def test_nobody_archived_what_is_not_archived(cast: Cast, pair: tuple[ActionSheet, ActionSheet]) -> None:
    with pytest.raises(IntegrityError, match="archived"), transaction.atomic():
        ActionSheet.objects.filter(pk=pair[0].pk).update(archived_by=cast.council_editor)
    ActionSheet.objects.filter(pk=pair[0].pk).update(archived_at=dt.datetime(2030, 1, 1, tzinfo=dt.UTC))


def test_the_number_of_an_archived_sheet_is_not_reused(
    cast: Cast, pair: tuple[ActionSheet, ActionSheet]
) -> None:
    archive_action_sheet(pair[1], by=cast.council_editor)
    fields = {"contract_objective": pair[0].contract_objective, "title": "Nouvelle"}
    assert create_action_sheet(cast.contract, fields=fields, by=cast.council_editor).number == 3


# --- Copies --------------------------------------------------------------------------------------


def test_a_copy_has_the_texts_a_number_of_its_own_and_no_money(
    cast: Cast, pair: tuple[ActionSheet, ActionSheet]
) -> None:
    before = figures(cast)["plan total"]
    copy = copy_sheet(pair[0], with_amounts=False, by=cast.council_editor)
    assert (copy.number, copy.title, copy.public, copy.version) == (3, "Action 1 (copie)", "Écrit", 1)
    assert not copy.financings.exists()
    assert figures(cast)["plan total"] == before
    order = list(cast.contract.action_sheets.in_plan().in_order().values_list("number", flat=True))
    assert order == [1, 3, 2]


def test_a_copy_with_its_amounts_doubles_them_and_the_page_says_so(
    client: Client, cast: Cast, pair: tuple[ActionSheet, ActionSheet]
) -> None:
    client.force_login(cast.council_editor)
    url = reverse("funding:sheet-copy", args=[cast.contract.reference, pair[0].pk])
    asked = client.get(url).content.decode()
    assert "700 €" in asked.replace("\u202f", " ").replace("\u00a0", " ")
    assert "seraient comptés deux fois" in asked
    assert "checked" not in asked
    page = client.post(url, {"with_amounts": "on"}, follow=True).content.decode()
    assert "avec ses montants" in page
    assert "le plan dépasse de" in page
    copy = ActionSheet.objects.get(contract=cast.contract, number=3)
    assert sorted(copy.financings.values_list("contributor", "amount")) == [
        ("department", Decimal(400)),
        ("state", Decimal(300)),
    ]
    assert ActionFinancing.objects.filter(action_sheet=pair[0]).count() == 2


def test_a_copy_sent_twice_is_made_once(cast: Cast, pair: tuple[ActionSheet, ActionSheet]) -> None:
    copy_action_sheet(pair[0], by=cast.council_editor)
    with pytest.raises(RuleViolation, match="dit déjà exactement cela"):
        copy_action_sheet(pair[0], by=cast.council_editor)


def test_the_copy_of_a_very_long_title_keeps_its_mark(cast: Cast) -> None:
    copy = copy_action_sheet(
        ActionSheetFactory(contract=cast.contract, title="x" * 300), by=cast.council_editor
    )
    assert len(copy.title) == 300
    assert copy.title.endswith("x (copie)")


def test_an_archived_sheet_is_not_copied(
    client: Client, cast: Cast, pair: tuple[ActionSheet, ActionSheet]
) -> None:
    archive_action_sheet(pair[0], by=cast.council_editor)
    with pytest.raises(WrongState, match="restaurez-la avant de la copier"):
        copy_action_sheet(pair[0], by=cast.council_editor)
    client.force_login(cast.council_editor)
    url = reverse("funding:sheet-copy", args=[cast.contract.reference, pair[0].pk])
    assert client.get(url).status_code == 404

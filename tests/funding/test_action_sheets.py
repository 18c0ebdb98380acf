"""The page of a sheet with its money: writing, refusing, live totals (annexe 5.4; A1, M1, M2, O3)."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cdppe.lib.errors import RuleViolation
from contracts.models import ActionSheet, ContractObjective
from contracts.workflow import ContractState
from funding.actions.financing import StatedAmount, save_sheet_with_financing
from funding.models import ActionFinancing, Contributor, Envelope, OwnObjectiveEnvelope
from tests.cast import Cast, make_cast
from tests.factories import (
    ActionFinancingFactory,
    ActionSheetFactory,
    EnvelopeFactory,
    NotifiedAmountFactory,
)

pytestmark = pytest.mark.django_db

YEAR = 2030


class World:
    """Isère's contract: the State's envelope PRE may finance its first objective, LAT its second."""

    def __init__(self) -> None:
        self.cast: Cast = make_cast()
        self.contract = self.cast.contract
        self.first, self.second = self.contract.objectives.in_order()
        self.pre: Envelope = EnvelopeFactory(
            campaign=self.cast.campaign, code="PRE", label="Prévention", objectives=[self.first.objective]
        )
        self.lat: Envelope = EnvelopeFactory(
            campaign=self.cast.campaign, code="LAT", label="Protection", objectives=[self.second.objective]
        )

    def client(self) -> Client:
        client = Client()
        client.force_login(self.cast.council_editor)
        return client

    def data(self, **amounts: str) -> dict[str, Any]:
        return {"contract_objective": self.first.pk, "title": "Aller vers", **amounts}

    def box(self, envelope: Envelope, year: int = YEAR) -> str:
        return f"amount-e{envelope.pk}-{year}"


@pytest.fixture
def world() -> World:
    return World()


def _create(world: World, data: dict[str, Any]) -> Any:
    return world.client().post(reverse("funding:sheet-create", args=["38-2030"]), data)


def _stored(sheet: ActionSheet) -> set[tuple[str, str | None, int, Decimal]]:
    return set(sheet.financings.values_list("contributor", "envelope__code", "year", "amount"))


@pytest.mark.parametrize(
    "typed",
    [
        "1234,56",
        "1 234,56",
        "1\u00a0234,56",
        "1\u202f234,56",
        "1234.56",
        " 1 234,56 € ",
    ],
)
def test_a_sheet_is_written_with_its_money_as_people_type_amounts(world: World, typed: str) -> None:
    data = world.data() | {
        world.box(world.pre): typed,
        "amount-department-2031": "2000",
        "amount-other-2030": "",
    }
    answer = _create(world, data)
    sheet = ActionSheet.objects.get(contract=world.contract)
    assert answer.status_code == 302
    assert answer.url == reverse("funding:sheet-edit", args=["38-2030", sheet.number])
    assert _stored(sheet) == {
        ("state", "PRE", 2030, Decimal("1234.56")),
        ("department", None, 2031, Decimal(2000)),
    }


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("douze", "n’est pas un montant"),
        ("NaN", "n’est pas un montant"),
        ("1e400", "n’est pas un montant"),
        ("-5", "négatif"),
        ("1234567890123", "trop grand"),
        ("1,234", "n’est pas un montant"),
        ("<script>alert(1)</script>", "n’est pas un montant"),
        ("{{7*7}}", "n’est pas un montant"),
        ("1\x00", "n’est pas un montant"),
    ],
)
def test_a_wrong_amount_names_its_row_and_year_and_nothing_is_written(
    world: World, typed: str, said: str
) -> None:
    data = world.data() | {world.box(world.pre, 2031): typed, "amount-department-2030": "77"}
    answer = _create(world, data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "État – Prévention, 2031" in page
    assert said in page
    assert 'value="77"' in page
    assert "<script>alert" not in page
    assert not ActionSheet.objects.exists()


def test_what_was_typed_is_kept_when_an_amount_is_refused(world: World) -> None:
    data = world.data(description="Ma longue description") | {world.box(world.pre): "12 000x"}
    page = _create(world, data).content.decode()
    assert 'value="12 000x"' in page
    assert "Ma longue description" in page


def test_a_form_sent_twice_makes_one_sheet_and_keeps_what_was_typed(world: World) -> None:
    data = world.data(**{world.box(world.pre): "1 000"})
    assert _create(world, data).status_code == 302
    again = _create(world, data)
    assert again.status_code == 409
    text = again.content.decode()
    assert "La fiche action n° 1 dit déjà exactement cela" in text
    assert 'value="1 000"' in text
    assert world.contract.action_sheets.count() == 1
    assert ActionFinancing.objects.count() == 1


def test_an_empty_box_is_not_a_zero(world: World) -> None:
    _create(world, world.data() | {world.box(world.pre): "  ", "amount-department-2030": "0"})
    sheet = ActionSheet.objects.get()
    assert _stored(sheet) == {("department", None, 2030, Decimal(0))}


def test_money_of_an_envelope_that_may_not_finance_the_objective_is_refused_and_told(world: World) -> None:
    answer = _create(world, world.data() | {world.box(world.lat): "500"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "« 500 » pour État – Protection en 2030 n’est pas repris" in page
    assert not ActionSheet.objects.exists()
    # The amount is put aside: saving again does not take it, choosing the other objective brings it back.
    kept = {f"kept-e{world.lat.pk}-2030": "500"}
    assert f'name="kept-e{world.lat.pk}-2030"' in page
    assert _create(world, world.data() | kept).status_code == 302
    assert not ActionFinancing.objects.exists()
    _create(world, world.data() | kept | {"contract_objective": world.second.pk})
    assert ActionFinancing.objects.get().envelope == world.lat


def test_money_of_another_campaigns_envelope_or_of_a_foreign_year_is_refused(world: World) -> None:
    other = EnvelopeFactory()
    for box in (world.box(other), world.box(world.pre, 2055), "amount-department-1999"):
        answer = _create(world, world.data() | {box: "500"})
        assert answer.status_code == 422
        assert "n’est pas repris" in answer.content.decode()
    assert not ActionSheet.objects.exists()


def test_the_action_refuses_what_the_page_would(world: World) -> None:
    fields = {"contract_objective": world.first, "title": "A"}
    for amount in (
        StatedAmount("state", world.lat.pk, YEAR, Decimal(1)),
        StatedAmount("department", None, 2055, Decimal(1)),
    ):
        with pytest.raises(RuleViolation):
            save_sheet_with_financing(
                world.contract,
                None,
                fields=fields,
                version=None,
                amounts=[amount],
                by=world.cast.council_editor,
            )
    twice = [StatedAmount("department", None, YEAR, Decimal(1))] * 2
    with pytest.raises(RuleViolation, match="deux fois"):
        save_sheet_with_financing(
            world.contract, None, fields=fields, version=None, amounts=twice, by=world.cast.council_editor
        )
    assert not ActionSheet.objects.exists()


def test_the_own_objective_is_financed_by_the_envelope_named_for_it(world: World) -> None:
    OwnObjectiveEnvelope.objects.create(campaign=world.cast.campaign, envelope=world.lat)
    own = ContractObjective.objects.create(contract=world.contract, own_title="Mieux manger")
    _create(world, world.data() | {"contract_objective": own.pk, world.box(world.lat): "9"})
    assert ActionFinancing.objects.get().envelope == world.lat


def test_an_objective_of_another_contract_is_refused(world: World) -> None:
    foreign = world.cast.foreign_contract.objectives.first()
    answer = _create(world, world.data() | {"contract_objective": foreign.pk})
    assert answer.status_code == 422
    assert "pas dans le contrat" in answer.content.decode()


def _edit(world: World, sheet: ActionSheet, data: dict[str, Any]) -> Any:
    return world.client().post(reverse("funding:sheet-edit", args=["38-2030", sheet.number]), data)


def test_saving_again_makes_the_money_exactly_what_is_typed(world: World) -> None:
    sheet = ActionSheetFactory(contract=world.contract, contract_objective=world.first)
    ActionFinancingFactory(action_sheet=sheet, amount=Decimal(10))
    ActionFinancingFactory(action_sheet=sheet, contributor=Contributor.OTHER, amount=Decimal(4))
    kept = ActionFinancingFactory(action_sheet=sheet, year=2031, amount=Decimal(3))
    data = world.data(version="1") | {
        "amount-department-2030": "11",
        "amount-other-2030": "",
        "amount-department-2031": "3",
        world.box(world.pre): "5",
    }
    assert _edit(world, sheet, data).status_code == 302
    assert _stored(sheet) == {
        ("department", None, 2030, Decimal(11)),
        ("department", None, 2031, Decimal(3)),
        ("state", "PRE", 2030, Decimal(5)),
    }
    assert ActionFinancing.objects.filter(pk=kept.pk).exists()


def test_a_stale_save_writes_nothing_and_shows_both_texts_and_amounts(world: World) -> None:
    sheet = ActionSheetFactory(contract=world.contract, contract_objective=world.first, title="Texte commun")
    theirs = world.data(version="1", title="Leur titre") | {"amount-department-2030": "111"}
    assert _edit(world, sheet, theirs).status_code == 302
    mine = world.data(version="1", title="Mon titre") | {"amount-department-2030": "222"}
    answer = _edit(world, sheet, mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    for text in ("Leur titre", "Mon titre", "111", 'value="222"'):
        assert text in page
    sheet.refresh_from_db()
    assert sheet.title == "Leur titre"
    assert _stored(sheet) == {("department", None, 2030, Decimal(111))}
    assert 'name="version" value="2"' in page
    assert _edit(world, sheet, mine | {"version": "2"}).status_code == 302
    assert _stored(sheet) == {("department", None, 2030, Decimal(222))}


def test_a_plan_over_what_was_notified_is_saved_and_said(world: World) -> None:
    NotifiedAmountFactory(envelope=world.pre, territory=world.cast.isere, year=YEAR, amount=Decimal(100))
    client = world.client()
    answer = client.post(
        reverse("funding:sheet-create", args=["38-2030"]),
        world.data() | {world.box(world.pre): "130"},
        follow=True,
    )
    page = answer.content.decode()
    assert "Prévention, 2030 : le plan dépasse de 30" in page.replace("\u00a0", " ")
    assert "Dépassement de 30" in page
    assert ActionFinancing.objects.get().amount == Decimal(130)


def test_live_totals_count_the_other_sheets_and_write_nothing(world: World) -> None:
    NotifiedAmountFactory(envelope=world.pre, territory=world.cast.isere, year=YEAR, amount=Decimal(1000))
    other = ActionSheetFactory(contract=world.contract, contract_objective=world.first)
    sheet = ActionSheetFactory(contract=world.contract, contract_objective=world.first)
    for each, amount in ((other, 300), (sheet, 999)):
        ActionFinancingFactory(
            action_sheet=each, contributor=Contributor.STATE, envelope=world.pre, amount=Decimal(amount)
        )
    answer = world.client().post(
        reverse("funding:sheet-totals", args=["38-2030", sheet.number]),
        world.data() | {world.box(world.pre): "200", "amount-department-2030": "50"},
        headers={"HX-Request": "true", "HX-Target": "balance"},
    )
    balance = answer.context["balance"]
    line = balance.envelopes[0].years[0]
    assert (line.notified, line.planned_elsewhere, line.planned_here, line.remaining) == (
        Decimal(1000),
        Decimal(300),
        Decimal(200),
        Decimal(500),
    )
    assert balance.envelopes[0].years[1].remaining is None
    assert balance.share.missing == Decimal(450)
    page = answer.content.decode()
    assert "non notifié" in page
    # What all the sheets plan, and for the objective what the State and the department bring.
    said = " ".join(re.sub(r"<[^>]+>", " ", page).replace("\u00a0", " ").replace("\u202f", "").split())
    assert "Toutes les fiches" in said
    assert "300 € 200 € 500 € 500 €" in said
    assert "État 500 € · département 50 € ·" in said
    assert 'id="total-sheet" hx-swap-oob="true"' in page
    assert "<html" not in page
    assert ActionFinancing.objects.get(action_sheet=sheet).amount == Decimal(999)


def test_a_new_choice_of_objective_changes_the_rows_and_tells_what_disappears(world: World) -> None:
    answer = world.client().post(
        reverse("funding:sheet-create-totals", args=["38-2030"]),
        world.data() | {"contract_objective": world.second.pk, world.box(world.pre): "200"},
        headers={"HX-Request": "true", "HX-Target": "financing"},
    )
    page = answer.content.decode()
    assert 'id="financing"' in page
    assert world.box(world.lat) in page
    assert f'name="{world.box(world.pre)}"' not in page
    assert "« 200 » pour État – Prévention en 2030 n’est pas repris" in page
    assert f'name="kept-e{world.pre.pk}-2030" value="200"' in page


def test_a_reader_reads_the_sheet_and_is_offered_no_form(world: World) -> None:
    sheet = ActionSheetFactory(
        contract=world.contract, contract_objective=world.first, diagnosis="Un constat"
    )
    ActionFinancingFactory(action_sheet=sheet, amount=Decimal(4321))
    client = Client()
    client.force_login(world.cast.council_reader)
    page = client.get(reverse("funding:sheet-edit", args=["38-2030", sheet.number])).content.decode()
    assert "Un constat" in page
    assert "4\u202f321" in page
    assert "Enregistrer la fiche" not in page


def test_a_finalised_contract_lets_nobody_write_a_sheet(world: World) -> None:
    sheet = ActionSheetFactory(contract=world.contract, contract_objective=world.first, title="Avant")
    world.contract.state = ContractState.DRAFT
    world.contract.save()
    assert _edit(world, sheet, world.data(version="1")).status_code == 409
    assert _create(world, world.data()).status_code == 409
    totals = world.client().post(reverse("funding:sheet-totals", args=["38-2030", sheet.number]), {})
    assert totals.status_code == 409
    sheet.refresh_from_db()
    assert sheet.title == "Avant"
    page = world.client().get(reverse("funding:sheet-edit", args=["38-2030", sheet.number]))
    assert "Enregistrer la fiche" not in page.content.decode()


def test_an_unknown_sheet_or_one_of_another_contract_does_not_exist(world: World) -> None:
    ActionSheetFactory(contract=world.cast.foreign_contract, number=7)
    assert world.client().get(reverse("funding:sheet-edit", args=["38-2030", 7])).status_code == 404
    assert world.client().get(reverse("funding:sheet-edit", args=["59-2030", 7])).status_code == 404


def test_money_out_of_the_contracts_years_stays_visible_and_can_be_kept(world: World) -> None:
    sheet = ActionSheetFactory(contract=world.contract, contract_objective=world.first)
    ActionFinancingFactory(action_sheet=sheet, year=2032, amount=Decimal(8))
    world.contract.ends_on = dt.date(2031, 12, 31)
    world.contract.save()
    page = world.client().get(reverse("funding:sheet-edit", args=["38-2030", sheet.number])).content.decode()
    assert 'name="amount-department-2032"' in page
    data = world.data(version="1") | {"amount-department-2032": "8"}
    assert _edit(world, sheet, data).status_code == 302
    assert _stored(sheet) == {("department", None, 2032, Decimal(8))}


def test_the_sheet_page_and_its_totals_take_as_many_queries_among_fifty_sheets_as_among_five(
    world: World,
) -> None:
    def queries() -> tuple[int, int]:
        client = world.client()
        counts = []
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("funding:sheet-edit", args=["38-2030", 1]))
        counts.append(len(captured))
        with CaptureQueriesContext(connection) as captured:
            client.post(reverse("funding:sheet-totals", args=["38-2030", 1]), world.data())
        counts.append(len(captured))
        return counts[0], counts[1]

    for _ in range(5):
        _financed(world)
    few = queries()
    for _ in range(45):
        _financed(world)
    assert queries() == few


def _financed(world: World) -> None:
    sheet = ActionSheetFactory(contract=world.contract, contract_objective=world.first)
    for envelope, contributor in ((world.pre, Contributor.STATE), (None, Contributor.DEPARTMENT)):
        ActionFinancingFactory(action_sheet=sheet, contributor=contributor, envelope=envelope)

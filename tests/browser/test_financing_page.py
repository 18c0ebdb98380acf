"""The money of a sheet in a real browser: live totals, a new objective, a refusal (rules M1, M2, O3)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from contracts.models import ActionSheet
from funding.models import ActionFinancing, Contributor, Envelope
from tests.cast import Cast, make_cast
from tests.factories import (
    ActionFinancingFactory,
    ActionSheetFactory,
    EnvelopeFactory,
    NotifiedAmountFactory,
)

# Marked here: the browser comes through the parametrised `page`, which the collection does not see.
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW_SHEET = "/contrats/38-2030/fiches/nouvelle/"


@pytest.fixture
def cast() -> Cast:
    """PRE finances the first objective of Isère's contract, LAT the second; a sheet plans 300 € of PRE."""
    cast = make_cast()
    first, second = cast.contract.objectives.in_order()
    pre: Envelope = EnvelopeFactory(
        campaign=cast.campaign, code="PRE", label="Prévention", objectives=[first.objective]
    )
    EnvelopeFactory(campaign=cast.campaign, code="LAT", label="Protection", objectives=[second.objective])
    NotifiedAmountFactory(envelope=pre, territory=cast.isere, year=2030, amount=Decimal(1000))
    sheet = ActionSheetFactory(contract=cast.contract, contract_objective=first)
    ActionFinancingFactory(
        action_sheet=sheet, contributor=Contributor.STATE, envelope=pre, amount=Decimal(300)
    )
    return cast


@pytest.fixture(params=[1280, 375])
def page(request: pytest.FixtureRequest) -> Page:
    """The same at the office and on a telephone."""
    return request.getfixturevalue(f"page_{request.param}")


def test_totals_follow_what_is_typed_and_what_disappears_is_told(
    page: Page, cast: Cast, signed_in: Callable[..., Page], assert_accessible: Callable[[Page], None]
) -> None:
    signed_in(page, cast.council_editor.email).goto(NEW_SHEET)
    assert_accessible(page)
    page.get_by_label("Objectif du contrat").select_option(index=1)
    box = page.get_by_label("État – Prévention, 2030, en euros")
    box.fill("900")
    expect(page.locator("#total-sheet")).to_have_text("900 €")
    expect(page.locator("#balance")).to_contain_text("Dépassement de 200 €")
    expect(page.locator("#financing-summary")).to_contain_text("Total de la fiche : 900 €")
    assert box.input_value() == "900"
    assert_accessible(page)
    page.get_by_label("Objectif du contrat").select_option(index=2)
    expect(page.get_by_label("État – Protection, 2030, en euros")).to_be_visible()
    expect(page.locator("#financing")).to_contain_text(
        "« 900 » pour État – Prévention en 2030 n’est pas repris"
    )
    assert_accessible(page)
    page.get_by_label("Objectif du contrat").select_option(index=1)
    expect(box).to_have_value("900")
    box.fill("neuf cents")
    page.get_by_label("Intitulé de l’action").fill("Aller vers les familles")
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(page.get_by_role("alert")).to_contain_text("État – Prévention, 2030")
    assert_accessible(page)
    assert ActionSheet.objects.count() == 1
    box.fill("700")
    page.get_by_label("Département, 2030, en euros").fill("1 234,56")
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(page.get_by_role("status").first).to_contain_text("La fiche action n° 2 est enregistrée")
    stored = ActionFinancing.objects.filter(action_sheet__number=2)
    assert set(stored.values_list("contributor", "amount")) == {
        ("state", Decimal(700)),
        ("department", Decimal("1234.56")),
    }
    page.goto("/contrats/38-2030/plan-d-action/")
    assert_accessible(page)

"""Modulations in a real browser: rows added and taken away, the result that follows, the reason read (F9)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from funding.models import AllocationRun, Scenario
from tests.browser import demonstration

# Marked here: the browser comes through the parametrised `page`, which the collection does not see.
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW = "/repartition/2020/scenarios/nouveau/"
WHY = "Trois actions sur sept n’ont pas commencé."


@pytest.fixture(params=[1280, 375])
def page(request: pytest.FixtureRequest) -> Page:
    """The same at the office and on a telephone."""
    return request.getfixturevalue(f"page_{request.param}")


def fill(row: Locator, territory: str, kind: str, value: str, reason: str) -> None:
    row.get_by_label("Territoire", exact=True).select_option(territory)
    row.get_by_label("Par", exact=True).select_option(kind)
    row.get_by_label("Valeur gardée").fill(value)
    row.get_by_label("Motif").fill(reason)


def test_amounts_are_modulated_and_the_result_follows(
    page: Page,
    transactional_db: None,
    signed_in: Callable[..., Page],
    assert_accessible: Callable[[Page], None],
) -> None:
    demonstration.load()
    signed_in(page, demonstration.MINISTRY).goto(NEW)
    page.get_by_label("Nom du scénario").fill("Modulé")
    part = page.locator("section.cdppe-modulations").nth(1)
    rows = part.get_by_role("group", name=re.compile("^Modulation "))
    results = page.locator("#scenario-results")

    part.get_by_role("button", name="Ajouter une modulation").click()
    expect(rows).to_have_count(1)
    expect(rows.first.get_by_label("Territoire", exact=True)).to_be_focused()
    fill(rows.first, "63", "coefficient", "80 %", WHY)
    expect(results).to_contain_text("en réserve")
    expect(results).to_contain_text(WHY)
    part.get_by_role("button", name="Ajouter une modulation").click()
    expect(rows).to_have_count(2)
    fill(rows.nth(1), "04", "amount", "900 000 000", "Autre motif.")
    expect(results).to_contain_text("dépassent le montant du territoire")
    assert_accessible(page)
    rows.nth(1).get_by_role("button", name="Retirer").click()
    expect(rows).to_have_count(1)
    expect(results).not_to_contain_text("dépassent le montant")
    part.get_by_text("est partagé de nouveau").click()
    expect(results).to_contain_text("partagés de nouveau")
    assert page.get_by_label("Nom du scénario").input_value() == "Modulé"

    # Without a reason it is refused, and the summary leads to the box. Enter saves, it adds no row.
    rows.first.get_by_label("Motif").fill("")
    expect(results).to_contain_text("Indiquez le motif")
    rows.first.get_by_label("Valeur gardée").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Indiquez le motif")
    assert_accessible(page)
    rows.first.get_by_label("Motif").fill(WHY)
    expect(results).to_contain_text("partagés de nouveau")
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Modulé (2020)")
    assert_accessible(page)
    scenario = Scenario.objects.get(name="Modulé")
    assert scenario.modulations.get().reason == WHY

    page.get_by_role("button", name="Calculer et préparer la publication").click()
    expect(page.get_by_role("heading", name="Modulations")).to_be_visible()
    assert_accessible(page)
    run = AllocationRun.objects.get(scenario=scenario, envelope__code="FIR")
    raised = next(line for line in run.lines.select_related("territory") if line.amount > line.before)
    for path in (
        f"/repartition/2020/calculs/{run.pk}/",
        f"/repartition/2020/pourquoi/63/FIR/2020/?calcul={run.pk}",
        f"/repartition/2020/pourquoi/{raised.territory.code}/FIR/2020/?calcul={run.pk}",
        f"/repartition/2020/scenarios/comparer/?a={scenario.pk}&b={scenario.pk}",
        "/repartition/2020/",
    ):
        page.goto(path)
        expect(page.get_by_role("main")).to_contain_text(re.compile("modulation", re.IGNORECASE))
        assert_accessible(page)

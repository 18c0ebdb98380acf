"""The list of sheets in a browser: order by keyboard and by drag, copy, archive, demands (A1, A3, O5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from contracts.models import ActionSheet, SheetTemplate
from tests.cast import Cast, make_cast
from tests.factories import ActionFinancingFactory, ActionSheetFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHEETS = "/contrats/38-2030/fiches/"


@pytest.fixture
def cast() -> Cast:
    """Four sheets of the first objective, one of the second; a demanded sheet that nobody wrote."""
    cast = make_cast()
    first, second = cast.contract.objectives.in_order()
    for objective in (first, first, first, first, second):
        sheet = ActionSheetFactory(contract=cast.contract, contract_objective=objective)
    ActionFinancingFactory(action_sheet=sheet)
    SheetTemplate.objects.create(
        objective=first.objective,
        code="trame",
        demand="S’engager à travers une fiche action à étendre le protocole.",
        title="Étendre le protocole",
        texts={"description": "**Démarches**\n- [À compléter : lesquelles]"},
        source="Texte",
        position=1,
    )
    return cast


@pytest.fixture(params=[1280, 375])
def page(request: pytest.FixtureRequest, cast: Cast, signed_in: Callable[..., Page]) -> Page:
    page = signed_in(request.getfixturevalue(f"page_{request.param}"), cast.council_editor.email)
    page.goto(SHEETS)
    return page


def shown(page: Page) -> list[str]:
    return page.locator("tr[data-sheet] th a").all_inner_texts()


def stored(cast: Cast) -> list[str]:
    return [f"Action {each.number}" for each in cast.contract.action_sheets.in_plan().in_order()]


def test_sheets_are_ranked_by_keyboard_and_the_focus_stays(
    page: Page, cast: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    assert_accessible(page)
    button = page.get_by_role("button", name="Monter la fiche 3")
    button.focus()
    page.keyboard.press("Enter")
    status = page.locator("#sheet-status")
    expect(status).to_have_text("Fiche n° 3 : rangée, 2 sur 4 dans son objectif.")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(status).to_have_text("Fiche n° 3 : rangée, 1 sur 4 dans son objectif.")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(status).to_have_text("Fiche n° 3 : déjà à cette place, 1 sur 4 dans son objectif.")
    assert shown(page) == stored(cast) == ["Action 3", "Action 1", "Action 2", "Action 4", "Action 5"]
    assert_accessible(page)


def test_a_sheet_is_dragged_to_its_place_and_not_out_of_its_objective(
    page_1280: Page, cast: Cast, signed_in: Callable[..., Page]
) -> None:
    page = signed_in(page_1280, cast.council_editor.email)
    page.goto(SHEETS)
    rows = page.locator("tr[data-sheet]")
    handle = rows.nth(3).locator(".cdppe-sheets__handle")
    handle.drag_to(rows.nth(0), target_position={"x": 200, "y": 5})
    expect(page.locator("#sheet-status")).to_have_text("Fiche n° 4 : rangée, 1 sur 4 dans son objectif.")
    assert shown(page) == stored(cast) == ["Action 4", "Action 1", "Action 2", "Action 3", "Action 5"]
    box = rows.nth(3).bounding_box()
    assert box is not None
    rows.nth(0).locator(".cdppe-sheets__handle").drag_to(
        rows.nth(3), target_position={"x": 200, "y": box["height"] - 4}
    )
    expect(page.locator("#sheet-status")).to_have_text("Fiche n° 4 : rangée, 4 sur 4 dans son objectif.")
    rows.nth(0).locator(".cdppe-sheets__handle").drag_to(rows.nth(4))
    page.reload()
    assert shown(page) == stored(cast) == ["Action 1", "Action 2", "Action 3", "Action 4", "Action 5"]


def test_an_order_that_could_not_be_saved_is_told(page: Page) -> None:
    # What htmx says of a lost connection; a real one would also write to the console, which fails a test.
    page.evaluate(
        """() => {
          const target = document.getElementById("sheet-list");
          target.dispatchEvent(new CustomEvent("htmx:sendError", { bubbles: true, detail: { target } }));
        }"""
    )
    expect(page.locator("#sheet-status")).to_contain_text("n’a pas été enregistré")


def test_a_sheet_is_renumbered_copied_archived_and_restored(
    page: Page, cast: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    page.get_by_role("button", name="Descendre la fiche 1").click()
    expect(page.locator("#sheet-status")).to_contain_text("2 sur 4")
    page.get_by_role("link", name="Renuméroter dans l’ordre").click()
    expect(page.get_by_role("region", name="Numéros qui changent")).to_contain_text("Action 2")
    assert_accessible(page)
    page.get_by_role("button", name="Changer ces numéros").click()
    expect(page.get_by_role("status").first).to_contain_text("2 fiches ont changé de numéro")
    page.get_by_role("link", name="Copier la fiche 5").click()
    expect(page.get_by_label("Copier aussi ses montants")).not_to_be_checked()
    assert_accessible(page)
    page.get_by_role("button", name="Copier la fiche").click()
    expect(page.get_by_role("status").first).to_contain_text("sans ses montants")
    page.goto(SHEETS)
    page.get_by_role("button", name="Archiver la fiche 2").click()
    expect(page.get_by_role("heading", name="Fiches archivées")).to_be_visible()
    assert_accessible(page)
    assert ActionSheet.objects.archived().count() == 1
    page.get_by_role("link", name="N° 2 – Action 1").click()
    expect(page.get_by_text("Cette fiche est archivée")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Restaurer la fiche").click()
    expect(page.get_by_role("status").first).to_contain_text("est restaurée")
    assert not ActionSheet.objects.archived().exists()


def test_a_demanded_sheet_is_written_from_its_skeleton(
    page: Page, cast: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    page.get_by_role("link", name="Écrire la fiche demandée").click()
    expect(page.get_by_text("étendre le protocole.")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Écrire la fiche demandée").click()
    expect(page.get_by_label("Intitulé de l’action")).to_have_value("Étendre le protocole")
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(page.get_by_role("status").first).to_contain_text("est enregistrée")
    assert ActionSheet.objects.get(answers_demand="trame").number == 6
    page.goto(SHEETS)
    expect(page.get_by_text("demandée par le texte, à écrire")).to_have_count(0)


def test_the_list_is_filtered_by_objective_state_and_words(page: Page) -> None:
    page.get_by_label("Intitulé, référent ou numéro").fill("ACTION 5")
    page.get_by_role("button", name="Filtrer").click()
    expect(page.get_by_text("1 fiche pour ce filtre")).to_be_visible()
    expect(page.get_by_role("button", name="Monter la fiche 5")).to_have_count(0)
    page.get_by_role("link", name="Effacer les filtres").click()
    page.get_by_label("État", exact=True).select_option(label="Complètes")
    page.get_by_role("button", name="Filtrer").click()
    expect(page.get_by_text("0 fiche pour ce filtre")).to_be_visible()

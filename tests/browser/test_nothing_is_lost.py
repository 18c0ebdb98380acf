"""What was typed survives a session that ended and a page left by mistake; it does not survive a sign-out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from contracts.actions.action_sheets import SHEET_FIELDS, save_action_sheet
from contracts.models import ActionSheet
from tests.browser.gestures import OFFER, cut_autosaves, end_session, sign_in_by_form, state_of
from tests.cast import Cast, make_cast
from tests.factories import ActionSheetFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHEET = "/contrats/38-2030/fiches/1/"
TYPED = "Un texte long, tapé pendant une heure."


@pytest.fixture
def cast() -> Cast:
    """A sheet of Isère's contract, to be written on."""
    cast = make_cast()
    ActionSheetFactory(contract=cast.contract, description="")
    return cast


@pytest.fixture(params=[1280, 375])
def page(request: pytest.FixtureRequest, cast: Cast, signed_in: Callable[..., Page]) -> Page:
    """The department's editor on the sheet, at the office and on a telephone."""
    page = signed_in(request.getfixturevalue(f"page_{request.param}"), cast.council_editor.email)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(SHEET)
    return page


def _type(page: Page) -> None:
    page.get_by_label("Description de l’action").fill(TYPED)
    page.get_by_label("Département, 2030, en euros").fill("1 234,56")
    expect(state_of(page)).to_contain_text("une copie est gardée")


def _save(page: Page) -> None:
    page.get_by_role("button", name="Enregistrer la fiche").click()


def _save_and_come_back(page: Page, cast: Cast) -> None:
    _save(page)
    sign_in_by_form(page, cast.council_editor.email)


def test_a_text_typed_when_the_session_ends_is_offered_again_and_saved(
    page: Page, cast: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    end_session(page)
    _type(page)
    _save_and_come_back(page, cast)
    expect(page.get_by_role("heading", name=OFFER)).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Reprendre ce texte").click()
    expect(page.get_by_label("Description de l’action")).to_have_value(TYPED)
    _save(page)
    expect(page.get_by_role("status").first).to_contain_text("est enregistrée")
    assert ActionSheet.objects.get().description == TYPED
    assert str(ActionSheet.objects.get().financings.get().amount) == "1234.56"
    page.goto(SHEET)
    expect(page.get_by_role("heading", name=OFFER)).to_be_hidden()


def test_a_text_offered_after_somebody_elses_change_is_a_conflict(page: Page, cast: Cast) -> None:
    end_session(page)
    _type(page)
    sheet = ActionSheet.objects.get()
    fields = {name: getattr(sheet, name) for name in SHEET_FIELDS} | {"description": "Celui de l’ARS"}
    save_action_sheet(sheet, fields=fields, version=sheet.version, by=cast.ars_editor)
    _save_and_come_back(page, cast)
    page.get_by_role("button", name="Reprendre ce texte").click()
    _save(page)
    expect(page.get_by_role("alert")).to_contain_text("Vos changements ne sont pas encore enregistrés")
    expect(page.get_by_label("Description de l’action")).to_have_value(TYPED)
    assert ActionSheet.objects.get().description == "Celui de l’ARS"


def test_a_session_that_ends_leaves_the_totals_in_their_place(page: Page) -> None:
    end_session(page)
    page.get_by_label("Département, 2030, en euros").fill("5")
    expect(state_of(page)).to_contain_text("votre session est terminée")
    assert page.get_by_label("Mot de passe").count() == 0


def test_a_page_left_by_mistake_offers_its_text_and_erases_it_when_asked(page: Page) -> None:
    cut_autosaves(page)
    _type(page)
    expect(state_of(page)).to_contain_text("la connexion est coupée")
    page.get_by_role("link", name="Revenir aux fiches").click()
    page.goto(SHEET)
    page.get_by_role("button", name="L’effacer").click()
    page.goto(SHEET)
    expect(page.get_by_role("heading", name=OFFER)).to_be_hidden()
    assert ActionSheet.objects.get().description == ""


def test_no_copy_is_left_to_the_next_person_after_the_sign_out(page: Page, cast: Cast) -> None:
    cut_autosaves(page)
    _type(page)
    assert page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('cdppe-draft:'))")
    page.evaluate("document.querySelector('[data-forgets-drafts]').form.requestSubmit()")
    page.wait_for_url("**/connexion/**")
    assert not page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('cdppe-draft:'))")

"""Forms that are sent by their button lose nothing either: no line, no session, a page left by mistake."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from contracts.models import BankAccount, Contact
from tests.browser.gestures import OFFER, Check, end_session, sign_in_by_form
from tests.cast import Cast, make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OBJECTIVES = "/contrats/38-2030/objectifs/"
TITLE = "Soutenir les aidants familiaux"
COPIES = "Object.keys(localStorage).filter((key) => key.startsWith('cdppe-draft:')).length"


@pytest.fixture
def cast() -> Cast:
    """The fixed cast; the campaign of Isère's contract allows an objective of one's own."""
    cast = make_cast()
    cast.campaign.own_objective_maximum = 1
    cast.campaign.own_objective_label = "Un objectif du territoire."
    cast.campaign.save()
    return cast


@pytest.fixture(params=[1280, 375])
def page(request: pytest.FixtureRequest, cast: Cast, signed_in: Callable[..., Page]) -> Page:
    """The department's editor, at the office and on a telephone."""
    page = signed_in(request.getfixturevalue(f"page_{request.param}"), cast.council_editor.email)
    page.on("dialog", lambda dialog: dialog.accept())
    return page


def _state(page: Page) -> Locator:
    return page.locator("[data-keeps-state]").first


def _sign_in(page: Page, cast: Cast) -> None:
    sign_in_by_form(page, cast.council_editor.email)
    page.wait_for_url("**/")


def test_a_session_that_ended_leaves_the_page_as_it_is_and_a_new_one_sends_it(
    page: Page, cast: Cast, assert_accessible: Check
) -> None:
    page.goto(OBJECTIVES)
    box = page.locator("form[data-keeps=own-objective] [name=title]")
    box.fill(TITLE)
    expect(_state(page)).to_contain_text("une copie est gardée sur cet ordinateur")
    end_session(page)
    send = page.get_by_role("button", name="Ajouter l’objectif propre")
    send.click()
    expect(_state(page)).to_contain_text("Non enregistré : votre session est terminée ; une copie est gardée")
    expect(box).to_have_value(TITLE)
    assert_accessible(page)
    with page.context.expect_page() as opened:
        _state(page).get_by_role("link", name="Se reconnecter").click()
    _sign_in(opened.value, cast)
    opened.value.close()
    send.click()
    expect(page.get_by_role("main")).to_contain_text(TITLE)
    assert cast.contract.objectives.filter(own_title=TITLE).count() == 1
    assert page.evaluate(COPIES) == 0


def test_a_lost_connection_and_a_page_left_by_mistake_offer_the_text_again(
    page: Page, cast: Cast, assert_accessible: Check
) -> None:
    institution = cast.contract.territory.institutions.get(kind="council")
    address = f"/contrats/38-2030/contacts/nommer/{institution.pk}/"
    page.goto(address)
    page.locator("[name=name]").fill("Claude Fabre")
    page.locator("[name=position]").fill("Cheffe de service")
    expect(_state(page)).to_contain_text("une copie est gardée")
    page.context.set_offline(True)
    page.get_by_role("button", name="Nommer ce contact").click()
    expect(_state(page)).to_contain_text("Non enregistré : la connexion est coupée ou le site ne répond pas")
    expect(page.locator("[name=name]")).to_have_value("Claude Fabre")
    page.context.set_offline(False)
    page.goto(OBJECTIVES)
    page.goto(address)
    offer = page.locator("[data-keeps-offer]")
    expect(offer).to_contain_text("un texte qui n’a pas été enregistré")
    assert_accessible(page)
    offer.get_by_role("button", name="Reprendre ce texte").click()
    expect(page.locator("[name=position]")).to_have_value("Cheffe de service")
    expect(page.locator("[name=name]")).to_be_focused()
    # A refusal keeps what was typed, and offers it no second time.
    page.get_by_role("button", name="Nommer ce contact").click()
    expect(page.get_by_text("Écrivez l’adresse électronique du contact.").first).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value("Claude Fabre")
    expect(page.locator("[data-keeps-offer]")).to_have_count(0)
    page.locator("[name=email]").fill("claude.fabre@exemple.fr")
    page.locator("[name=phone]").fill("04 76 00 00 00")
    page.get_by_role("button", name="Nommer ce contact").click()
    page.wait_for_url("**/informations/**")
    assert Contact.objects.get().name == "Claude Fabre"
    assert page.evaluate(COPIES) == 0
    page.goto(address)
    expect(page.locator("[data-keeps-offer]")).to_have_count(0)


def test_a_copy_is_erased_when_asked_and_at_the_sign_out(page: Page) -> None:
    page.goto(OBJECTIVES)
    box = page.locator("form[data-keeps=own-objective] [name=title]")
    box.fill(TITLE)
    expect(_state(page)).to_contain_text("une copie est gardée")
    page.reload()
    page.locator("[data-keeps-offer]").get_by_role("button", name="L’effacer").click()
    expect(page.locator("[data-keeps-offer]")).to_have_count(0)
    assert page.evaluate(COPIES) == 0
    box.fill(TITLE)
    expect(_state(page)).to_contain_text("une copie est gardée")
    assert page.evaluate(COPIES) == 1
    page.evaluate("document.querySelector('[data-forgets-drafts]').closest('form').requestSubmit()")
    page.wait_for_url("**/connexion/**")
    assert page.evaluate(COPIES) == 0


def test_a_bank_account_is_never_written_on_the_computer_and_stays_in_the_page(page: Page) -> None:
    page.goto("/contrats/38-2030/compte/")
    page.locator("[name=iban]").fill("FR76 3000 1000 6449 1900 9562 088")
    page.locator("[name=bic]").fill("BDFEFRPPCCT")
    expect(_state(page)).to_have_text("Pas encore enregistré.")
    end_session(page)
    page.get_by_role("button", name="Enregistrer le compte").click()
    expect(_state(page)).to_contain_text("votre session est terminée ; gardez cette page ouverte")
    expect(page.locator("[name=bic]")).to_have_value("BDFEFRPPCCT")
    assert page.evaluate(COPIES) == 0
    assert "3000" not in page.evaluate("JSON.stringify(localStorage)")
    assert not BankAccount.objects.exists()


def test_the_offers_of_the_two_scripts_have_their_own_words(page: Page) -> None:
    page.goto(OBJECTIVES)
    expect(page.get_by_role("heading", name=OFFER)).to_be_hidden()

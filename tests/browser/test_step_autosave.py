"""A step of the calendar in two browsers: saved by itself, merged, chosen, kept when cut off (C3, C4)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from contracts.models import ContractStep, JournalEntry
from tests.browser.gestures import (
    OFFER,
    Check,
    OpenPage,
    SignIn,
    cut_autosaves,
    end_session,
    is_saved,
    let_autosaves_through,
    sign_in_by_form,
    state_of,
)
from tests.cast import Cast, make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


RESPONSIBLE = "Responsable"
RESOURCES = "Ressources"


@pytest.fixture
def cast() -> Cast:
    """Isère's contract, whose calendar has the campaign's steps."""
    return make_cast()


@pytest.fixture
def council(cast: Cast, open_page: OpenPage, signed_in: SignIn) -> Page:
    """The department's editor on the step of the signature."""
    return _on_the_step(signed_in(open_page(), cast.council_editor.email), cast)


@pytest.fixture
def prefecture(cast: Cast, open_page: OpenPage, signed_in: SignIn) -> Page:
    """The prefecture's editor on the same step, in a browser of their own."""
    return _on_the_step(signed_in(open_page(), cast.prefect_editor.email), cast)


def _on_the_step(page: Page, cast: Cast) -> Page:
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"/contrats/38-2030/calendrier/etapes/{_stored(cast).pk}/")
    return page


def _stored(cast: Cast) -> ContractStep:
    return ContractStep.objects.get(contract=cast.contract, campaign_step__code="signature")


def _fill(page: Page, label: str, text: str) -> None:
    page.get_by_label(label).fill(text)


def test_a_step_is_saved_by_itself_and_its_date_and_name_follow(
    cast: Cast, council: Page, assert_accessible: Check
) -> None:
    _fill(council, RESPONSIBLE, "Mme Durand")
    is_saved(council)
    assert _stored(cast).responsible == "Mme Durand"
    # The 13 October 2030 is a Sunday: told without leaving the page.
    _fill(council, "Nombre de jours avant le jour J", "17")
    expect(council.locator("#step-dates")).to_contain_text("dimanche 13 octobre 2030")
    expect(council.locator("#step-dates")).to_contain_text("Elle tombe un jour non ouvré")
    _fill(council, "Étape ou tâche", "Signer à trois")
    expect(council.get_by_role("heading", name="Signer à trois")).to_be_visible()
    assert_accessible(council)
    assert JournalEntry.objects.filter(code="calendar.step-saved").count() == 1
    council.reload()
    expect(council.get_by_label(RESPONSIBLE)).to_have_value("Mme Durand")
    expect(council.get_by_role("heading", name=OFFER)).to_be_hidden()


def test_what_two_people_write_and_tick_apart_is_all_kept_and_shown(
    cast: Cast, council: Page, prefecture: Page
) -> None:
    boxes = {name: f"turn_{name}" for name in ("prefecture", "ars", "council")}
    first = {name: council.locator(f"[name={box}]").is_checked() for name, box in boxes.items()}
    prefecture.locator(f"[name={boxes['prefecture']}]").set_checked(not first["prefecture"], force=True)
    _fill(prefecture, RESPONSIBLE, "M. Roux")
    is_saved(prefecture)
    council.locator(f"[name={boxes['ars']}]").set_checked(not first["ars"], force=True)
    expect(state_of(council)).to_contain_text("D’autres que vous ont changé")
    expect(council.get_by_label(RESPONSIBLE)).to_have_value("M. Roux")
    expected = {name: held is not (name in ("prefecture", "ars")) for name, held in first.items()}
    for name, box in boxes.items():
        expect(council.locator(f"[name={box}]")).to_be_checked(checked=expected[name])
    assert set(_stored(cast).parties) == {name for name, is_ticked in expected.items() if is_ticked}


def test_the_second_to_save_sees_both_texts_and_chooses(
    cast: Cast, council: Page, prefecture: Page, assert_accessible: Check
) -> None:
    expect(council.locator("[data-presence]")).to_be_attached()
    _fill(prefecture, RESOURCES, "Salle de la préfecture")
    prefecture.get_by_label("Phase").select_option(label="Négociation")
    is_saved(prefecture)
    council.get_by_label("Phase").select_option(label="Diagnostic")
    _fill(council, RESOURCES, "Salle du département")
    panel = council.locator("[data-conflict]")
    expect(panel).to_contain_text("Vos changements ne sont pas encore enregistrés")
    expect(panel).to_contain_text("Salle de la préfecture")
    expect(panel).to_contain_text("Négociation")
    expect(state_of(council)).to_contain_text("Non enregistré")
    assert_accessible(council)
    assert _stored(cast).resources == "Salle de la préfecture"
    # Phase first, then resources, as the page has them.
    for rank, choice in enumerate(("Prendre le texte enregistré", "Garder mon texte")):
        panel.locator("fieldset").nth(rank).get_by_text(choice).click()
    council.get_by_role("button", name="Enregistrer avec ces choix").click()
    expect(panel).to_have_count(0)
    is_saved(council)
    # And it stays said once the copy on this computer would have been made.
    council.wait_for_timeout(800)
    is_saved(council)
    stored = _stored(cast)
    assert (stored.phase, stored.resources) == ("negotiation", "Salle du département")


def test_a_lost_connection_keeps_the_step_through_a_reload_and_sends_it_once_it_is_back(
    cast: Cast, council: Page, prefecture: Page, assert_accessible: Check
) -> None:
    council.context.set_offline(True)
    _fill(council, RESPONSIBLE, "Tapé dans le train")
    expect(state_of(council)).to_contain_text(
        "Non enregistré : la connexion est coupée ; une copie est gardée"
    )
    council.get_by_role("button", name="Enregistrer l’étape").click()
    expect(council.get_by_label(RESPONSIBLE)).to_have_value("Tapé dans le train")
    council.context.set_offline(False)
    is_saved(council)
    assert _stored(cast).responsible == "Tapé dans le train"
    # Again, and the page is closed in between: the text and the box that was ticked come back.
    box = council.locator("[name=turn_ars]")
    is_ticked = box.is_checked()
    cut_autosaves(council)
    _fill(council, RESOURCES, "Salle Berlioz")
    box.set_checked(not is_ticked, force=True)
    expect(state_of(council)).to_contain_text("la connexion est coupée")
    _fill(prefecture, "Thème", "Cadrage du projet")
    is_saved(prefecture)
    council.reload()
    expect(council.get_by_role("heading", name=OFFER)).to_be_visible()
    assert_accessible(council)
    let_autosaves_through(council)
    council.get_by_role("button", name="Reprendre ce texte").click()
    expect(council.get_by_label(RESOURCES)).to_have_value("Salle Berlioz")
    expect(box).to_be_checked(checked=not is_ticked)
    is_saved(council)
    stored = _stored(cast)
    assert (stored.resources, stored.theme) == ("Salle Berlioz", "Cadrage du projet")
    assert ("ars" in stored.parties) is not is_ticked


def test_a_session_that_ended_sends_the_step_after_a_new_sign_in_elsewhere(cast: Cast, council: Page) -> None:
    end_session(council)
    _fill(council, RESPONSIBLE, "Tapé après la fin de la session")
    expect(state_of(council)).to_contain_text("votre session est terminée ; une copie est gardée")
    with council.context.expect_page() as opened:
        state_of(council).get_by_role("link", name="Se reconnecter").click()
    door = opened.value
    sign_in_by_form(door, cast.council_editor.email)
    door.wait_for_url("**/")
    council.bring_to_front()
    is_saved(council)
    assert _stored(cast).responsible == "Tapé après la fin de la session"
    door.close()


def test_a_step_marked_done_in_another_tab_stays_done(cast: Cast, council: Page) -> None:
    other = council.context.new_page()
    other.goto("/contrats/38-2030/calendrier/")
    other.get_by_role("button", name="Faite : Signature").click()
    expect(other.get_by_role("status").first).to_contain_text("faite")
    other.close()
    _fill(council, RESOURCES, "Salle Berlioz")
    expect(state_of(council)).to_contain_text("D’autres que vous ont changé : Faite le.")
    stored = _stored(cast)
    assert stored.done_on is not None
    assert stored.resources == "Salle Berlioz"


def test_a_refused_number_is_named_beside_the_words_that_stay(
    cast: Cast, council: Page, assert_accessible: Check
) -> None:
    _fill(council, RESPONSIBLE, "Gardé")
    _fill(council, "Nombre de jours avant le jour J", "100000")
    expect(state_of(council)).to_contain_text("Écrivez un nombre entier de jours, de -1000 à 1000.")
    assert_accessible(council)
    _fill(council, "Nombre de jours avant le jour J", "20")
    is_saved(council)
    assert (_stored(cast).responsible, _stored(cast).days_before) == ("Gardé", 20)


def test_a_new_step_typed_when_the_session_ends_is_offered_again(cast: Cast, council: Page) -> None:
    council.goto("/contrats/38-2030/calendrier/etapes/ajouter/")
    _fill(council, "Étape ou tâche", "Comité de pilotage")
    council.locator("[name=turn_ars]").set_checked(True, force=True)
    expect(state_of(council)).to_contain_text("une copie est gardée")
    end_session(council)
    council.get_by_role("button", name="Ajouter l’étape").click()
    sign_in_by_form(council, cast.council_editor.email)
    council.wait_for_url("**/etapes/ajouter/")
    expect(council.get_by_role("heading", name=OFFER)).to_be_visible()
    council.get_by_role("button", name="Reprendre ce texte").click()
    expect(council.get_by_label("Étape ou tâche")).to_have_value("Comité de pilotage")
    expect(council.locator("[name=turn_ars]")).to_be_checked()
    council.get_by_role("button", name="Ajouter l’étape").click()
    council.wait_for_url("**/calendrier/**")
    assert cast.contract.calendar_steps.get(label="Comité de pilotage").parties == ["ars"]

"""Two and three people on one sheet, a connection that drops, a session that ends: nobody's words vanish."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from contracts.models import ActionSheet
from contracts.workflow import ContractState
from tests.browser.gestures import (
    OFFER,
    Check,
    OpenPage,
    SignIn,
    answer_autosaves,
    cut_autosaves,
    end_session,
    is_saved,
    let_autosaves_through,
    sign_in_by_form,
    state_of,
)
from tests.cast import Cast, make_cast
from tests.factories import ActionSheetFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


SHEET = "/contrats/38-2030/fiches/1/"
DESCRIPTION = "Description de l’action"
PUBLIC = "Public cible"
CONFLICT = "Vos changements ne sont pas encore enregistrés"


@pytest.fixture
def assert_accessible(assert_accessible: Check) -> Check:
    """What is told of a conflict or of a failure is looked at on an office screen, then on a telephone."""

    def check(page: Page) -> None:
        assert_accessible(page)
        page.set_viewport_size({"width": 375, "height": 812})
        assert_accessible(page)
        page.set_viewport_size({"width": 1280, "height": 900})

    return check


@pytest.fixture
def cast() -> Cast:
    """A sheet of Isère's contract, to be written on."""
    cast = make_cast()
    ActionSheetFactory(contract=cast.contract, description="Au départ", public="")
    return cast


@pytest.fixture
def council(cast: Cast, open_page: OpenPage, signed_in: SignIn) -> Page:
    """The department's editor on the sheet."""
    return _at(signed_in(open_page(), cast.council_editor.email))


@pytest.fixture
def prefecture(cast: Cast, open_page: OpenPage, signed_in: SignIn) -> Page:
    """The prefecture's editor on the same sheet, in a browser of their own."""
    return _at(signed_in(open_page(), cast.prefect_editor.email))


def _at(page: Page, address: str = SHEET) -> Page:
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(address)
    return page


def _is_stored(page: Page, **fields: str) -> None:
    """The stored sheet comes to hold these texts: the page may still say that a former one is saved."""
    for _ in range(150):
        stored = {name: getattr(_stored(), name) for name in fields}
        if stored == fields:
            return
        page.wait_for_timeout(100)
    assert stored == fields


def _fill(page: Page, label: str, text: str) -> None:
    page.get_by_label(label).fill(text)


def _stored() -> ActionSheet:
    return ActionSheet.objects.get()


# --- Two people --------------------------------------------------------------------------------------------


def test_what_two_people_change_apart_is_all_kept_and_shown(council: Page, prefecture: Page) -> None:
    _fill(prefecture, PUBLIC, "Les jeunes parents")
    is_saved(prefecture)
    _fill(council, DESCRIPTION, "Aller vers les familles")
    expect(state_of(council)).to_contain_text("D’autres que vous ont changé : Public cible.")
    expect(council.get_by_label(PUBLIC)).to_have_value("Les jeunes parents")
    stored = _stored()
    assert (stored.description, stored.public) == ("Aller vers les familles", "Les jeunes parents")


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        ("Garder mon texte", "Celui du département"),
        ("Prendre le texte enregistré", "Celui de la préfecture"),
        ("Mettre les deux à la suite", "Celui du département\n\nCelui de la préfecture"),
    ],
)
def test_the_second_to_save_sees_both_texts_and_chooses(
    council: Page, prefecture: Page, assert_accessible: Check, choice: str, kept: str
) -> None:
    _fill(prefecture, DESCRIPTION, "Celui de la préfecture")
    _fill(prefecture, PUBLIC, "Les jeunes parents")
    is_saved(prefecture)
    _fill(council, DESCRIPTION, "Celui du département")
    alert = council.get_by_role("alert")
    expect(alert).to_contain_text(CONFLICT)
    expect(state_of(council)).to_contain_text("Non enregistré")
    panel = council.locator("[data-conflict]")
    expect(panel).to_contain_text("Celui de la préfecture")
    expect(panel).to_contain_text("Celui du département")
    expect(panel.locator("fieldset")).to_have_count(1)
    expect(council.get_by_label(PUBLIC)).to_have_value("Les jeunes parents")
    assert_accessible(council)
    assert _stored().description == "Celui de la préfecture"
    # Undecided: nothing is sent, and the person is told.
    council.get_by_role("button", name="Enregistrer avec ces choix").click()
    expect(panel.get_by_text("Choisissez pour chaque texte")).to_be_visible()
    # By keyboard alone.
    expect(panel.get_by_label("Garder mon texte")).to_be_focused()
    for _ in range(
        ["Garder mon texte", "Prendre le texte enregistré", "Mettre les deux à la suite"].index(choice)
    ):
        council.keyboard.press("ArrowDown")
    council.keyboard.press("Space")
    expect(panel.get_by_label(choice)).to_be_checked()
    council.keyboard.press("Tab")
    expect(council.get_by_role("button", name="Enregistrer avec ces choix")).to_be_focused()
    council.keyboard.press("Enter")
    expect(panel).to_have_count(0)
    expect(council.get_by_label(DESCRIPTION)).to_have_value(kept)
    expect(council.get_by_label(DESCRIPTION)).to_be_focused()
    _is_stored(council, description=kept, public="Les jeunes parents")
    # And the page goes on saving by itself.
    _fill(council, "Acteurs à mobiliser", "PMI")
    _is_stored(council, actors="PMI")


def test_the_button_of_the_page_shows_the_conflict_too(council: Page, prefecture: Page) -> None:
    _fill(prefecture, DESCRIPTION, "Celui de la préfecture")
    prefecture.get_by_role("button", name="Enregistrer la fiche").click()
    expect(prefecture.get_by_role("status").first).to_contain_text("est enregistrée")
    _fill(council, DESCRIPTION, "Celui du département")
    council.get_by_role("button", name="Enregistrer la fiche").click()
    expect(council.get_by_role("alert")).to_contain_text(CONFLICT)
    expect(council.get_by_label(DESCRIPTION)).to_have_value("Celui du département")
    council.get_by_label("Garder mon texte").check(force=True)
    council.get_by_role("button", name="Enregistrer avec ces choix").click()
    is_saved(council)
    assert _stored().description == "Celui du département"


def test_money_that_two_people_changed_is_chosen_too(council: Page, prefecture: Page) -> None:
    box = "Département, 2030, en euros"
    _fill(prefecture, box, "1 000")
    is_saved(prefecture)
    _fill(council, box, "2 000")
    panel = council.locator("[data-conflict]")
    expect(panel).to_contain_text("Département, 2030")
    panel.get_by_text("Prendre le texte enregistré").click()
    panel.get_by_role("button", name="Enregistrer avec ces choix").click()
    expect(panel).to_have_count(0)
    assert str(_stored().financings.get().amount) == "1000.00"


def test_a_second_tab_of_the_same_person_is_a_writer_like_another(council: Page) -> None:
    other = _at(council.context.new_page())
    _fill(other, PUBLIC, "Les jeunes parents")
    is_saved(other)
    _fill(council, DESCRIPTION, "Dans le premier onglet")
    is_saved(council)
    expect(council.get_by_label(PUBLIC)).to_have_value("Les jeunes parents")
    _fill(other, DESCRIPTION, "Dans le second onglet")
    expect(other.get_by_role("alert")).to_contain_text("par vous-même, dans une autre fenêtre")
    assert _stored().description == "Dans le premier onglet"
    other.goto("about:blank")


def test_three_people_who_write_one_text_at_once_keep_the_words_of_all_three(
    cast: Cast, council: Page, prefecture: Page, open_page: OpenPage, signed_in: SignIn
) -> None:
    agency = _at(signed_in(open_page(), cast.ars_editor.email))
    _fill(prefecture, DESCRIPTION, "Celui de la préfecture")
    is_saved(prefecture)
    expected = "Celui de la préfecture"
    for page, text in ((council, "Celui du département"), (agency, "Celui de l’agence")):
        _fill(page, DESCRIPTION, text)
        panel = page.locator("[data-conflict]")
        # The third sees what the first two have agreed on meanwhile.
        for former in expected.split("\n\n"):
            expect(panel).to_contain_text(former)
        panel.get_by_text("Mettre les deux à la suite").click()
        page.get_by_role("button", name="Enregistrer avec ces choix").click()
        expect(panel).to_have_count(0)
        expected = f"{text}\n\n{expected}"
        _is_stored(page, description=expected)


# --- Presence ----------------------------------------------------------------------------------------------


def test_three_people_see_who_is_there_until_they_leave(
    cast: Cast,
    council: Page,
    prefecture: Page,
    open_page: OpenPage,
    signed_in: SignIn,
    assert_accessible: Check,
) -> None:
    ministry = _at(signed_in(open_page(), cast.dgcs_reader.email))
    expect(ministry.locator("[data-presence]")).to_contain_text(f"{cast.council_editor} (département)")
    expect(ministry.locator("[data-presence]")).to_contain_text(f"{cast.prefect_editor} (préfecture)")
    council.reload()
    there = council.locator("[data-presence]")
    expect(there).to_contain_text(f"{cast.dgcs_reader} (DGCS), en lecture")
    assert_accessible(council)
    ministry.goto("about:blank")
    prefecture.goto("/contrats/38-2030/fiches/")
    council.reload()
    expect(there).to_be_hidden()


# --- Trouble -----------------------------------------------------------------------------------------------


def test_a_lost_connection_keeps_the_text_and_sends_it_once_it_is_back(
    council: Page, assert_accessible: Check
) -> None:
    council.context.set_offline(True)
    _fill(council, DESCRIPTION, "Tapé dans le train")
    expect(state_of(council)).to_contain_text(
        "Non enregistré : la connexion est coupée ; une copie est gardée"
    )
    council.get_by_role("button", name="Enregistrer la fiche").click()
    expect(council.get_by_label(DESCRIPTION)).to_have_value("Tapé dans le train")
    assert _stored().description == "Au départ"
    assert_accessible(council)
    council.context.set_offline(False)
    is_saved(council)
    assert _stored().description == "Tapé dans le train"
    council.goto(SHEET)
    expect(council.get_by_role("heading", name=OFFER)).to_be_hidden()


def test_a_server_that_fails_is_told_and_tried_again(council: Page, assert_accessible: Check) -> None:
    answer_autosaves(council, lambda route: route.fulfill(status=500, body="panne"))
    _fill(council, DESCRIPTION, "Tapé pendant la panne")
    expect(state_of(council)).to_contain_text("Non enregistré : le site ne répond pas (erreur 500)")
    assert_accessible(council)
    let_autosaves_through(council)
    is_saved(council)
    assert _stored().description == "Tapé pendant la panne"


def test_a_text_that_was_not_saved_survives_a_reload_and_merges_with_what_came_since(
    council: Page, prefecture: Page, assert_accessible: Check
) -> None:
    cut_autosaves(council)
    _fill(council, DESCRIPTION, "Tapé sans connexion")
    expect(state_of(council)).to_contain_text("la connexion est coupée")
    _fill(prefecture, PUBLIC, "Les jeunes parents")
    is_saved(prefecture)
    council.reload()
    expect(council.get_by_role("heading", name=OFFER)).to_be_visible()
    assert_accessible(council)
    let_autosaves_through(council)
    council.get_by_role("button", name="Reprendre ce texte").click()
    expect(council.get_by_label(DESCRIPTION)).to_have_value("Tapé sans connexion")
    expect(council.get_by_label(PUBLIC)).to_have_value("Les jeunes parents")
    is_saved(council)
    stored = _stored()
    assert (stored.description, stored.public) == ("Tapé sans connexion", "Les jeunes parents")


def test_a_session_that_ended_sends_the_text_after_a_new_sign_in_elsewhere(
    cast: Cast, council: Page, assert_accessible: Check
) -> None:
    end_session(council)
    _fill(council, DESCRIPTION, "Tapé après la fin de la session")
    expect(state_of(council)).to_contain_text("votre session est terminée ; une copie est gardée")
    assert_accessible(council)
    with council.context.expect_page() as opened:
        state_of(council).get_by_role("link", name="Se reconnecter").click()
    door = opened.value
    sign_in_by_form(door, cast.council_editor.email)
    door.wait_for_url("**/")
    council.bring_to_front()
    is_saved(council)
    assert _stored().description == "Tapé après la fin de la session"
    door.close()


def test_somebody_else_who_signs_in_does_not_send_the_former_persons_text(
    cast: Cast, council: Page, signed_in: SignIn
) -> None:
    end_session(council)
    signed_in(council, cast.prefect_editor.email)
    _fill(council, DESCRIPTION, "Du département")
    expect(state_of(council)).to_contain_text("Non enregistré : vous êtes connecté sous un autre nom")
    assert _stored().description == "Au départ"


def test_an_answer_that_is_lost_makes_no_conflict_with_oneself(council: Page) -> None:
    answer_autosaves(council, lambda route: (route.fetch(), route.abort()))
    _fill(council, DESCRIPTION, "Premier")
    expect(state_of(council)).to_contain_text("la connexion est coupée")
    assert _stored().description == "Premier"
    let_autosaves_through(council)
    _fill(council, DESCRIPTION, "Premier, puis second")
    is_saved(council)
    assert _stored().description == "Premier, puis second"


def test_a_refused_field_is_named_and_what_was_typed_stays(council: Page, assert_accessible: Check) -> None:
    _fill(council, "Intitulé de l’action", "")
    _fill(council, DESCRIPTION, "Gardé")
    expect(state_of(council)).to_contain_text("Intitulé de l’action – Donnez un intitulé à l’action.")
    assert_accessible(council)
    state_of(council).get_by_role("link").click()
    expect(council.get_by_label("Intitulé de l’action")).to_be_focused()
    _fill(council, "Intitulé de l’action", "Nouveau")
    is_saved(council)
    assert _stored().description == "Gardé"


def test_a_contract_that_was_finalised_meanwhile_says_so(cast: Cast, council: Page) -> None:
    type(cast.contract).objects.filter(pk=cast.contract.pk).update(state=ContractState.DRAFT)
    _fill(council, DESCRIPTION, "Trop tard")
    expect(state_of(council)).to_contain_text("Rouvrez d’abord la négociation")
    assert _stored().description == "Au départ"


# --- A new sheet -------------------------------------------------------------------------------------------


def test_a_new_sheet_exists_once_even_if_the_first_answers_are_lost(cast: Cast, council: Page) -> None:
    council.goto("/contrats/38-2030/fiches/nouvelle/")
    answer_autosaves(council, lambda route: (route.fetch(), route.abort()))
    council.get_by_label("Objectif du contrat").select_option(index=1)
    _fill(council, "Intitulé de l’action", "Une")
    expect(state_of(council)).to_contain_text("la connexion est coupée")
    _fill(council, "Intitulé de l’action", "Une fiche nouvelle")
    let_autosaves_through(council)
    council.wait_for_url("**/fiches/2/")
    expect(council.get_by_role("heading", name="Fiche action n° 2")).to_be_visible()
    _fill(council, "Département, 2030, en euros", "1 500")
    expect(council.locator("#total-sheet")).to_contain_text("500")
    is_saved(council)
    council.reload()
    expect(council.get_by_label("Intitulé de l’action")).to_have_value("Une fiche nouvelle")
    sheet = cast.contract.action_sheets.get(number=2)
    assert sheet.title == "Une fiche nouvelle"
    assert cast.contract.action_sheets.count() == 2


def test_a_whole_sheet_is_written_by_keyboard_alone(cast: Cast, council: Page) -> None:
    council.goto("/contrats/38-2030/fiches/nouvelle/")
    council.get_by_label("Objectif du contrat").focus()
    keyboard = council.keyboard
    keyboard.press("ArrowDown")
    texts = {
        "title": "Aller vers",
        "referent": "La PMI",
        "diagnosis": "Peu de visites",
        "operational_objective": "Doubler les visites",
        "description": "Deux équipes mobiles",
        "public": "Les jeunes parents",
        "actors": "PMI, CAF",
        "calendar": "Dès janvier",
        "implementation_indicators": "Nombre de visites",
        "vigilance_points": "Recrutement",
    }
    reached: set[str] = set()
    for _ in range(120):
        keyboard.press("Tab")
        name = council.evaluate("document.activeElement?.name ?? ''")
        if name in texts and name not in reached:
            keyboard.type(texts[name])
            reached.add(name)
        elif name == "amount-department-2030":
            keyboard.type("1 000")
        if council.evaluate("document.activeElement?.type") == "submit":
            break
    assert reached == set(texts)
    council.wait_for_url("**/fiches/2/")
    keyboard.press("Enter")
    expect(council.get_by_role("status").first).to_contain_text("La fiche action n° 2 est enregistrée")
    sheet = cast.contract.action_sheets.get(number=2)
    assert {name: getattr(sheet, name) for name in texts} == texts
    assert str(sheet.financings.get().amount) == "1000.00"
    assert cast.contract.action_sheets.count() == 2


# --- Every state, on both screens --------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 375])
def test_the_states_of_the_save_are_accessible(
    width: int, cast: Cast, request: pytest.FixtureRequest, signed_in: SignIn, assert_accessible: Check
) -> None:
    page = _at(
        signed_in(request.getfixturevalue(f"page_{width}"), cast.council_editor.email),
        "/contrats/38-2030/diagnostic/",
    )
    held: list[Route] = []
    answer_autosaves(page, held.append)
    box = page.get_by_role("main").locator("textarea").first
    box.fill("Peu de PMI en montagne")
    expect(state_of(page)).to_contain_text("Pas encore enregistré")
    assert_accessible(page)
    expect(state_of(page)).to_contain_text("Enregistrement…")
    assert_accessible(page)
    held[0].continue_()
    is_saved(page)
    assert_accessible(page)
    assert page.locator("[data-draft-spoken]").get_attribute("role") == "status"

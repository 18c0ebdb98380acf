"""Exchanges in two browsers: the ministry asks at a field, the department sees, follows, answers, settles."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from contracts.models import Contact, Message, Thread
from tests.browser import demonstration
from tests.browser.gestures import Check, SignIn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BASE = f"/contrats/{demonstration.ISERE}"
QUESTION = "Qui pilote cette action ?"


@pytest.fixture
def _demonstration(transactional_db: None) -> None:
    demonstration.load()


@pytest.fixture
def menu_counter() -> Callable[[Page], str]:
    """What the menu says of the part Échanges, as a reader hears it."""

    def words(page: Page) -> str:
        entry = page.get_by_role("navigation", name="Parties du contrat").get_by_role("link", name="Échanges")
        return " ".join(entry.inner_text().split())

    return words


@pytest.mark.usefixtures("_demonstration")
def test_the_ministry_asks_and_the_department_answers_at_the_very_field(
    page_1280: Page,
    browser: Browser,
    live_server: LiveServer,
    signed_in: SignIn,
    menu_counter: Callable[[Page], str],
) -> None:
    context = browser.new_context(base_url=live_server.url, locale="fr-FR")
    ministry, department = context.new_page(), page_1280
    signed_in(ministry, demonstration.MINISTRY)
    signed_in(department, demonstration.EDITOR)
    department.goto(f"{BASE}/fiches/3/")
    assert "2 échanges ouverts, dont 2 où l’on vous attend" in menu_counter(department)

    ministry.goto(f"{BASE}/fiches/3/")
    ministry.get_by_role("link", name="Discuter de « Acteurs à mobiliser »").click()
    expect(ministry.get_by_role("link", name="Fiche action n° 3 – Acteurs à mobiliser")).to_be_visible()
    ministry.get_by_label("Votre message").fill(QUESTION)
    ministry.get_by_role("button", name="Ouvrir l’échange").click()
    expect(ministry.get_by_text("Question de la DGCS")).to_be_visible()

    department.reload()
    assert "3 échanges ouverts, dont 3 où l’on vous attend" in menu_counter(department)
    department.get_by_role("navigation", name="Parties du contrat").get_by_role(
        "link", name="Échanges"
    ).click()
    department.get_by_role("link", name="Fiche action n° 3 – Acteurs à mobiliser").click()
    expect(department.get_by_text(QUESTION)).to_be_visible()
    department.get_by_role("link", name="Voir cet endroit du contrat").click()
    expect(department).to_have_url(f"{live_server.url}{BASE}/fiches/3/#id_actors")
    expect(department.locator("#id_actors")).to_be_in_viewport()
    # The question itself is one step from the field.
    department.get_by_role(
        "link", name="Discuter de « Acteurs à mobiliser » : 1 échange, dont 1 ouvert"
    ).click()
    department.get_by_role("link", name="Fiche action n° 3 – Acteurs à mobiliser").click()
    department.get_by_label("Votre message").fill("Le service de l’ASE.")
    department.get_by_role("button", name="Répondre et marquer comme réglé").click()
    expect(department.get_by_text("Marqué comme réglé par Camille Roux")).to_be_visible()
    assert "2 échanges ouverts, dont 2 où l’on vous attend" in menu_counter(department)

    ministry.goto("/")
    expect(ministry.get_by_role("heading", name="Ce qui vous concerne")).to_be_visible()
    ministry.get_by_role("link", name="Fiche action n° 3 – Acteurs à mobiliser").click()
    expect(ministry.get_by_text("Le service de l’ASE.")).to_be_visible()
    ministry.get_by_role("button", name="Rouvrir l’échange").click()
    expect(ministry.get_by_text("L’échange est rouvert.")).to_be_visible()
    context.close()


@pytest.mark.usefixtures("_demonstration")
def test_a_person_is_mentioned_and_a_thread_settled_by_keyboard_alone(
    page_1280: Page, signed_in: SignIn, assert_accessible: Check
) -> None:
    page = page_1280
    signed_in(page, demonstration.READER)
    page.goto(f"{BASE}/echanges/nouveau/?lieu=sheets")
    text = page.get_by_label("Votre message")
    text.focus()
    page.keyboard.type("Bonjour @cla")
    offered = page.get_by_role("listbox", name="Personnes à prévenir")
    expect(offered.get_by_role("option")).to_have_count(1)
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(offered).to_be_hidden()
    page.keyboard.type("u")
    expect(offered.get_by_role("option", name="Claude Fabre")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(text).to_have_value("Bonjour @Claude Fabre ")
    page.keyboard.type("qu’en pensez-vous ?")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Prévient Claude Fabre.")).to_be_visible()
    assert Message.objects.latest("pk").mentions.get().person.email == demonstration.PREFECTURE
    settle = page.get_by_role("button", name="Marquer comme réglé", exact=True)
    settle.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("L’échange est marqué comme réglé.")).to_be_visible()


@pytest.mark.parametrize("width", ["page_1280", "page_375"])
@pytest.mark.usefixtures("_demonstration")
def test_the_pages_of_exchanges_and_contacts_are_accessible(
    request: pytest.FixtureRequest, width: str, signed_in: SignIn, assert_accessible: Check
) -> None:
    page: Page = request.getfixturevalue(width)
    signed_in(page, demonstration.EDITOR)
    settled = Thread.objects.get(state="settled")
    waiting = Thread.objects.filter(state="open").earliest("pk")
    contact = Contact.objects.get(name="Inès Perret")
    for path in (
        "/",
        "/echanges/",
        f"{BASE}/echanges/",
        f"{BASE}/echanges/?lieu={waiting.place}",
        f"{BASE}/echanges/nouveau/",
        f"{BASE}/echanges/nouveau/?lieu={waiting.place}",
        f"{BASE}/echanges/{waiting.pk}/",
        f"{BASE}/echanges/{settled.pk}/",
        f"{BASE}/informations/",
        f"{BASE}/fiches/1/",
        f"{BASE}/contacts/{contact.pk}/",
        f"{BASE}/contacts/{contact.pk}/remplacer/",
        f"{BASE}/contacts/{contact.pk}/depart/",
    ):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert_accessible(page)
    page.goto(f"{BASE}/echanges/{waiting.pk}/")
    page.get_by_label("Votre message").fill("Demandez à @Personne Inconnue")
    page.get_by_role("button", name="Répondre", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("ne désigne personne qui suit ce contrat")
    assert_accessible(page)

"""On a telephone somebody reads a contract and comments on a field of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from contracts.models import Message, ThreadState
from tests.browser import demonstration
from tests.browser.gestures import SignIn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SMALLEST_PX = 24
"""The side of a target under a finger (WCAG 2.2, 2.5.8)."""


@pytest.fixture
def _demonstration(transactional_db: None) -> None:
    demonstration.load()


def fits(page: Page) -> None:
    """Nothing of the page is beside the screen."""
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{page.url} scrolls sideways by {wider} px"


def tap(target: Locator) -> None:
    """Press a target that a finger can hit."""
    expect(target).to_be_visible()
    box = target.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= SMALLEST_PX, (target, box)
    target.click()


def open_part(page: Page, name: str, heading: str) -> None:
    """Unfold the menu, choose a part, and be at the top of it."""
    menu = page.get_by_role("navigation", name="Parties du contrat")
    entry = menu.get_by_role("link", name=name)
    expect(entry).to_be_hidden()
    tap(menu.get_by_role("button", name="Parties du contrat"))
    tap(entry)
    expect(page.get_by_role("main").get_by_role("heading", name=heading).first).to_be_visible()
    # Once a part is chosen, the menu is folded again: the part itself is on the screen.
    expect(entry).to_be_hidden()
    fits(page)


@pytest.mark.usefixtures("_demonstration")
def test_a_contract_is_read_and_commented_on_a_telephone(page_375: Page, signed_in: SignIn) -> None:
    page = page_375
    signed_in(page, demonstration.READER)
    page.goto("/")
    tap(page.get_by_role("main").get_by_role("link", name="Isère 2022-2024").first)
    expect(page.get_by_role("heading", name="Ce qui manque")).to_be_visible()
    fits(page)
    open_part(page, "Financement", "Financement")
    expect(page.get_by_text("2 914 500").first).to_be_attached()
    open_part(page, "Fiches action", "Fiches action")
    tap(page.get_by_role("main").get_by_role("link", name="Multiplier les interventions").first)
    expect(page.get_by_role("heading", name="Fiche action n° 1").first).to_be_visible()
    fits(page)

    tap(page.get_by_role("link", name="Discuter de « Acteurs à mobiliser »"))
    expect(page.get_by_role("link", name="Fiche action n° 1 – Acteurs à mobiliser")).to_be_visible()
    text = page.get_by_label("Votre message")
    text.focus()
    page.keyboard.type("Bonjour @cla")
    tap(page.get_by_role("listbox", name="Personnes à prévenir").get_by_role("option", name="Claude Fabre"))
    expect(text).to_have_value("Bonjour @Claude Fabre ")
    page.keyboard.type("avec quelle association ?")
    fits(page)
    tap(page.get_by_role("button", name="Ouvrir l’échange"))
    expect(page.get_by_text("avec quelle association ?")).to_be_visible()
    expect(page.get_by_text("Prévient Claude Fabre.")).to_be_visible()
    said = Message.objects.latest("pk")
    assert said.mentions.get().person.email == demonstration.PREFECTURE
    fits(page)

    tap(page.get_by_role("button", name="Marquer comme réglé", exact=True))
    expect(page.get_by_text("L’échange est marqué comme réglé.")).to_be_visible()
    said.thread.refresh_from_db()
    assert said.thread.state == ThreadState.SETTLED
    tap(page.get_by_role("link", name="Voir cet endroit du contrat"))
    expect(page.locator(":target")).to_be_in_viewport()
    tap(page.get_by_role("link", name="Discuter de « Acteurs à mobiliser » : 1 échange"))
    expect(page.get_by_role("link", name="Fiche action n° 1 – Acteurs à mobiliser")).to_be_visible()

"""What people do in a browser, and how a page answers: what several journeys share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from playwright.sync_api import Locator, Page, Route, expect

from tests.factories import PASSWORD

Check = Callable[[Page], None]
SignIn = Callable[[Page, str], Page]
OpenPage = Callable[[], Page]

OFFER = "Un texte non enregistré vous attend"
"""The heading over what a former page left on this computer."""
MOST_STEPS = 80


def sign_in_by_form(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill the sign-in page that is shown, and send it."""
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.get_by_role("main").get_by_role("button", name="Se connecter").click()


def end_session(page: Page) -> None:
    """The session is over, and the page that is shown does not know it."""
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)


def tab_to(page: Page, target: Locator) -> None:
    """Reach `target` with the tabulation key alone, where it can be seen."""
    expect(target).to_be_visible()
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if target.evaluate("each => each === document.activeElement"):
            expect(target).to_be_in_viewport()
            return
    pytest.fail(f"{target} is not reached by the keyboard")


def state_of(page: Page) -> Locator:
    """The line in which a form that is sent by itself says what became of it."""
    return page.locator("[data-draft-state]")


def is_saved(page: Page) -> None:
    """The form of the page says that what was typed is saved."""
    expect(state_of(page)).to_contain_text("Enregistré à")


def answer_autosaves(page: Page, gesture: Callable[[Route], object]) -> None:
    """From now on `gesture` answers what the page sends by itself."""
    page.route(
        "**/*",
        lambda route: gesture(route) if route.request.headers.get("x-autosave") else route.fallback(),
    )


def cut_autosaves(page: Page) -> None:
    """From now on nothing that the page sends by itself arrives."""
    answer_autosaves(page, lambda route: route.abort())


def let_autosaves_through(page: Page) -> None:
    page.unroute("**/*")

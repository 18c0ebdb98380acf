"""The compliance page in a browser: axe in each state, an answer by keyboard alone, the live line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import demonstration

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BASE = f"/contrats/{demonstration.FULL}"


@pytest.fixture(params=["page_1280", "page_375"])
def page(request: pytest.FixtureRequest) -> Page:
    """The same journey on an office screen and on a telephone."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def _demonstration(transactional_db: None) -> None:
    demonstration.load()


@pytest.mark.usefixtures("_demonstration")
def test_a_point_is_answered_by_keyboard_and_stays_visible(
    page: Page, signed_in: Callable[..., None], assert_accessible: Callable[[Page], None]
) -> None:
    signed_in(page, demonstration.FULL_EDITOR)
    page.goto(f"{BASE}/conformite/?gravite=to_check")
    assert_accessible(page)
    page.get_by_text("Répondre").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("La réponse n’a pas été enregistrée")
    assert_accessible(page)
    page.locator("textarea[aria-invalid]").fill("Envoyé par courriel le 12 juin.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Envoyé par courriel le 12 juin.")).to_be_visible()
    assert_accessible(page)


@pytest.mark.usefixtures("_demonstration")
def test_the_line_of_a_sheet_is_asked_again_after_a_save(page: Page, signed_in: Callable[..., None]) -> None:
    signed_in(page, demonstration.FULL_EDITOR)
    page.goto(f"{BASE}/fiches/12/")
    line = page.locator(".cdppe-compliance-line")
    expect(line).to_contain_text("1 point bloquant")
    page.locator("select[id^=nature-e]").select_option("training")
    expect(page.locator("#objections")).not_to_contain_text("ETP")
    with page.expect_response(lambda answer: "/conformite/ici/" in answer.url):
        page.evaluate("document.body.dispatchEvent(new Event('cdppe:saved'))")
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(line).to_contain_text("rien de bloquant")


@pytest.mark.usefixtures("_demonstration")
def test_the_list_beside_the_fields_and_the_menu_follow_what_one_writes(
    page_1280: Page, signed_in: Callable[..., None], assert_accessible: Callable[[Page], None]
) -> None:
    page = page_1280
    signed_in(page, demonstration.FULL_EDITOR)
    page.goto(f"{BASE}/fiches/12/")
    badge = page.locator("#progress-compliance [aria-hidden]")
    before = int(badge.inner_text())
    page.get_by_text("Ce qui reste à faire ici").click()
    here = page.locator("#compliance-here")
    expect(here.get_by_role("link")).to_have_count(1)
    assert_accessible(page)
    # What is written saves by itself; nothing is opened again.
    page.locator("select[id^=nature-e]").select_option("training")
    page.get_by_label("Public cible").fill("")
    expect(here).to_contain_text("il manque le public cible")
    expect(here).not_to_contain_text("ETP")
    expect(here.locator("a").first).to_be_visible()
    here.get_by_role("link", name="il manque le public cible").click()
    expect(page.get_by_label("Public cible")).to_be_in_viewport()
    page.get_by_label("Public cible").fill("Les familles.")
    expect(here).to_contain_text("Rien de bloquant ni à vérifier ici.")
    expect(badge).to_have_text(str(before - 1))

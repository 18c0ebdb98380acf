"""The calendar by keyboard, on a wide screen and on a telephone, without axe finding anything (C3 to C5)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from cdppe.accounts.actions.digests import stop_token
from cdppe.accounts.models import User
from contracts.models import Contract, ContractStep
from tests.browser import demonstration
from tests.browser.gestures import Check, SignIn

# Marked here: the browser comes through the parametrised `page`, which the collection does not see.
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=["page_1280", "page_375"])
def page(request: pytest.FixtureRequest) -> Page:
    """The same journey on an office screen and on a telephone."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def full(transactional_db: None) -> Contract:
    """The demonstration's full contract, whose calendar has steps in every state."""
    demonstration.load()
    return Contract.objects.get(reference=demonstration.FULL)


def test_every_page_of_the_calendar_is_accessible(
    page: Page, signed_in: SignIn, assert_accessible: Check, full: Contract
) -> None:
    base = f"/contrats/{full.reference}/calendrier"
    own = full.calendar_steps.filter(campaign_step=None).first()
    assert own is not None
    signed_in(page, demonstration.FULL_EDITOR)
    for path in (
        f"{base}/",
        f"{base}/gantt/",
        f"{base}/prise-d-effet/",
        f"{base}/etapes/ajouter/",
        f"{base}/etapes/{own.pk}/",
        f"{base}/etapes/{own.pk}/retirer/",
        "/mon-compte/agenda/",
        "/mon-compte/rappels/",
        f"/rappels/arreter/{stop_token(User.objects.get(email=demonstration.FULL_EDITOR))}/",
    ):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert_accessible(page)
    page.context.clear_cookies()
    signed_in(page, demonstration.MINISTRY)
    deadline = full.campaign.deadlines.get(extensions__isnull=False)
    for path in (
        "/",
        reverse("contracts:deadlines", args=[full.campaign.code]),
        reverse("contracts:deadline-extend", args=[full.campaign.code, deadline.pk]),
        reverse("contracts:extension-withdraw", args=[full.campaign.code, deadline.extensions.get().pk]),
    ):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert_accessible(page)


def test_a_refused_step_is_accessible_and_keeps_what_was_typed(
    page: Page, signed_in: SignIn, assert_accessible: Check, full: Contract
) -> None:
    signed_in(page, demonstration.FULL_EDITOR)
    page.goto(f"/contrats/{full.reference}/calendrier/etapes/ajouter/")
    page.get_by_label("Étape ou tâche").fill("Comité de pilotage")
    page.get_by_label("Nombre de jours avant le jour J").fill("100000")
    page.get_by_role("button", name="Ajouter l’étape").click()
    expect(page.get_by_text("Écrivez un nombre entier de jours").first).to_be_visible()
    expect(page.get_by_label("Étape ou tâche")).to_have_value("Comité de pilotage")
    assert_accessible(page)


def test_the_gantt_and_a_gesture_by_keyboard_alone(
    page_1280: Page, signed_in: SignIn, full: Contract
) -> None:
    # A contract whose period is not over: its steps are still to be made.
    Contract.objects.filter(pk=full.pk).update(ends_on=dt.date(2100, 12, 31))
    page = signed_in(page_1280, demonstration.FULL_EDITOR)
    page.goto(f"/contrats/{full.reference}/calendrier/gantt/")
    bars = page.locator("svg.cdppe-gantt a")
    expect(bars).to_have_count(sum(step.on(full.planned_effect_on) is not None for step in steps(full)))
    # From the frame of the drawing, one Tab a bar, each with its words.
    page.locator(".cdppe-chart-frame").focus()
    page.keyboard.press("Tab")
    expect(bars.first).to_be_focused()
    assert "Envoi de la trame de diagnostic : du 7 juin 2020" in str(bars.first.get_attribute("aria-label"))
    page.keyboard.press("Enter")
    expect(page.locator(":target")).to_contain_text("Envoi de la trame de diagnostic")
    # The budget meeting falls on a Saturday: one gesture brings it to the Friday before.
    button = page.get_by_role("button", name="Avancer au vendredi 31 juillet : Réunion sur le budget")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("est avancée au vendredi 31 juillet 2020")).to_be_visible()
    moved = full.calendar_steps.get(campaign_step__code="budget_meeting")
    assert moved.fixed_on == dt.date(2020, 7, 31)


def test_on_a_telephone_the_dates_are_read_before_any_drawing(
    page_375: Page, signed_in: SignIn, full: Contract
) -> None:
    page = signed_in(page_375, demonstration.FULL_EDITOR)
    page.goto(f"/contrats/{full.reference}/calendrier/")
    first = page.locator(".cdppe-step").first.bounding_box()
    drawing = page.locator("svg.cdppe-gantt").bounding_box()
    table = page.locator(".cdppe-gantt-table").bounding_box()
    assert first is not None
    assert drawing is not None
    assert table is not None
    assert first["y"] < table["y"] < drawing["y"]
    assert first["width"] <= 375


def steps(contract: Contract) -> list[ContractStep]:
    return list(contract.calendar_steps.all())

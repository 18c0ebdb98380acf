"""The department's own means save by themselves: two people, a line that is cut (rule M3)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from funding.models import OwnMeans, Service
from tests.browser.gestures import (
    OFFER,
    Check,
    OpenPage,
    SignIn,
    cut_autosaves,
    is_saved,
    let_autosaves_through,
    state_of,
)
from tests.cast import Cast, make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


PAGE = "/contrats/38-2030/financement/"


@pytest.fixture
def cast() -> Cast:
    """Isère's contract, without any means stated."""
    return make_cast()


@pytest.fixture
def council(cast: Cast, open_page: OpenPage, signed_in: SignIn) -> Page:
    """The department's editor on the page of the financing."""
    return _at(signed_in(open_page(), cast.council_editor.email))


@pytest.fixture
def prefecture(cast: Cast, open_page: OpenPage, signed_in: SignIn) -> Page:
    """The prefecture's editor on the same page, in a browser of their own."""
    return _at(signed_in(open_page(), cast.prefect_editor.email))


def _at(page: Page) -> Page:
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(PAGE)
    return page


def _box(page: Page, year: int) -> Locator:
    return page.locator(f"[name=m-ase-{year}]")


def _stored() -> dict[int, Decimal]:
    return {row.year: row.amount for row in OwnMeans.objects.filter(service=Service.ASE)}


def test_two_people_fill_the_grid_and_choose_where_both_wrote(
    cast: Cast, council: Page, prefecture: Page, assert_accessible: Check
) -> None:
    first, second = cast.contract.years[:2]
    _box(prefecture, first).fill("1 000")
    is_saved(prefecture)
    # Apart: both are kept, and shown.
    _box(council, second).fill("2 000,50")
    expect(state_of(council)).to_contain_text("D’autres que vous ont changé")
    expect(_box(council, first)).to_have_value("1\u202f000")
    assert _stored() == {first: Decimal(1000), second: Decimal("2000.50")}
    # The same box: both amounts, then a choice.
    _box(prefecture, second).fill("3 000")
    panel = prefecture.locator("[data-conflict]")
    expect(panel).to_contain_text("2\u202f000,50")
    assert_accessible(prefecture)
    panel.get_by_text("Garder mon texte").click()
    prefecture.get_by_role("button", name="Enregistrer avec ces choix").click()
    expect(panel).to_have_count(0)
    is_saved(prefecture)
    assert _stored()[second] == Decimal(3000)
    # The button still works, and finds nothing of its own in the way.
    prefecture.get_by_role("button", name="Enregistrer les moyens propres").click()
    expect(prefecture.get_by_role("status").first).to_contain_text("Rien n’a changé")


def test_an_amount_typed_without_a_connection_survives_a_reload_and_is_sent_once_it_is_back(
    cast: Cast, council: Page, assert_accessible: Check
) -> None:
    first = cast.contract.years[0]
    cut_autosaves(council)
    _box(council, first).fill("1 500")
    expect(state_of(council)).to_contain_text(
        "Non enregistré : la connexion est coupée ; une copie est gardée"
    )
    assert_accessible(council)
    council.reload()
    expect(council.get_by_role("heading", name=OFFER)).to_be_visible()
    assert _stored() == {}
    let_autosaves_through(council)
    council.get_by_role("button", name="Reprendre ce texte").click()
    expect(_box(council, first)).to_have_value("1 500")
    is_saved(council)
    assert _stored() == {first: Decimal(1500)}


def test_a_text_that_is_no_amount_is_named_and_the_rest_is_kept_for_later(cast: Cast, council: Page) -> None:
    first, second = cast.contract.years[:2]
    _box(council, first).fill("douze")
    _box(council, second).fill("12")
    expect(state_of(council)).to_contain_text(f"{first}, en euros –")
    assert _stored() == {}
    _box(council, first).fill("11")
    is_saved(council)
    assert _stored() == {first: Decimal(11), second: Decimal(12)}

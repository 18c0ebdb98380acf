"""« Accord et signature » by keyboard alone: from the ODPE to the agreement of the three."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from agreements.models import Agreement
from contracts.workflow import ContractState
from tests.agreements.conftest import Table, make_table
from tests.browser.gestures import SignIn, tab_to
from tests.cast import make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NUMBER = "2030-CD-117"


@pytest.fixture
def table(transactional_db: None) -> Table:
    """The three parties around a final text in which nothing blocks."""
    made = make_table(make_cast())
    made.walk_to(ContractState.DRAFT)
    return made


def follow(page: Page, name: str) -> None:
    """Reach the link and open it."""
    tab_to(page, page.get_by_role("main").get_by_role("link", name=name).first)
    page.keyboard.press("Enter")


def press(page: Page, name: str, told: str) -> None:
    """Reach the button, press it, and be told."""
    tab_to(page, page.get_by_role("main").get_by_role("button", name=name))
    page.keyboard.press("Enter")
    expect(page.get_by_text(told).first).to_be_visible()


def type_date(page: Page, label: str, day: dt.date) -> None:
    """A date field takes month, day and year as they are typed, each moving on to the next."""
    tab_to(page, page.get_by_label(label))
    page.keyboard.type(f"{day:%m%d%Y}")
    expect(page.get_by_label(label)).to_have_value(f"{day:%Y-%m-%d}")


def test_the_way_is_walked_to_the_three_agreements_by_keyboard_alone(
    table: Table, page_1280: Page, signed_in: SignIn
) -> None:
    page = page_1280
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    signed_in(page, table.cast.council_editor.email)
    page.goto(f"/contrats/{table.contract.reference}/accord/")

    follow(page, "Enregistrer l’information de l’ODPE")
    type_date(page, "Date de l’information de l’ODPE", yesterday)
    press(page, "Enregistrer l’information de l’ODPE", "L’information de l’ODPE est enregistrée.")

    follow(page, "Enregistrer la délibération")
    tab_to(page, page.get_by_label("Numéro de la délibération"))
    page.keyboard.type(NUMBER)
    type_date(page, "Date de la délibération", yesterday)
    press(page, "Enregistrer la délibération", "La délibération est enregistrée.")

    follow(page, "Proposer")
    press(page, "Confirmer et proposer le texte", "est proposée à l’accord des parties.")

    for kind, person in table.signatories.items():
        page.context.clear_cookies()
        signed_in(page, person.email)
        page.goto(f"/contrats/{table.contract.reference}/accord/")
        name = f"Donner l’accord pour {table.parties[kind].signatory}"
        follow(page, name)
        press(page, name, f"L’accord est donné pour {table.parties[kind].signatory}.")
    stored = table.stored()
    assert stored.state == ContractState.SIGNATURE
    assert (stored.deliberation_number, stored.deliberation_on) == (NUMBER, yesterday)
    assert Agreement.objects.standing().count() == len(table.parties) == 3

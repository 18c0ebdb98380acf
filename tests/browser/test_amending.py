"""A contract in force is amended in a browser, then read as it stood at three dates (rules V1, V2)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from agreements.actions.amendments import open_amendment
from agreements.actions.signatures import pass_the_day
from agreements.models import TextInForce
from contracts.models import Amendment, Contract
from contracts.workflow import ContractState
from tests.agreements.amended import sign
from tests.agreements.conftest import Table, make_table
from tests.browser.gestures import Check, SignIn
from tests.cast import make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


BASE = "/contrats/38-2030"
COURTS = (
    "Tribunal administratif de Grenoble",
    "Tribunal administratif de Lyon",
    "Tribunal administratif de Paris",
)


@pytest.fixture
def table(transactional_db: None) -> Table:
    """The three parties around a contract that they have signed, in force since today."""
    made = make_table(make_cast())
    Contract.objects.filter(pk=made.contract.pk).update(court=COURTS[0])
    made.walk_to(ContractState.IN_FORCE)
    return made


def press(page: Page, name: str, told: str) -> None:
    """Press the button `name` of the page and be told."""
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("main")).to_contain_text(told)


def follow(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("link", name=name).first.click()


def test_an_amendment_is_written_signed_and_the_contract_read_at_three_dates(
    table: Table, page_1280: Page, signed_in: SignIn, assert_accessible: Check
) -> None:
    page, today = page_1280, timezone.localdate()
    days = [today, today + dt.timedelta(days=10), today + dt.timedelta(days=20)]
    signed_in(page, table.cast.council_editor.email)
    page.goto(f"{BASE}/avenants/")
    follow(page, "Ouvrir un avenant")
    page.get_by_label("Objet de l’avenant").fill("Changer de tribunal")
    page.get_by_label("Motif").fill("Le ressort du tribunal a changé.")
    press(page, "Ouvrir l’avenant", "L’avenant n° 1 est ouvert")
    assert_accessible(page)
    follow(page, "Modifier l’objet et les dates")
    page.get_by_label("Prise d’effet prévue").fill(f"{days[1]:%Y-%m-%d}")
    press(page, "Enregistrer", "Changer de tribunal")

    # One writes in the contract as usual: what differs is the amendment.
    page.goto(f"{BASE}/informations/")
    expect(page.get_by_role("main")).to_contain_text("le contrat en vigueur reste celui du")
    page.locator("#id_court").fill(COURTS[1])
    page.locator("#id_court").press("Tab")
    press(page, "Enregistrer", "nregistr")
    page.goto(f"{BASE}/avenants/1/")
    expect(page.locator("ins").filter(has_text="Lyon").first).to_be_visible()
    assert_accessible(page)
    follow(page, "finaliser")
    press(page, "Confirmer", "Texte final")

    walk_to_the_signatures(page, table, signed_in)
    for party in table.parties.values():
        page.goto(f"{BASE}/accord/")
        page.get_by_role("link", name=f"Enregistrer la signature pour {party.signatory}").click()
        page.get_by_label("Signature manuscrite constatée le").fill(f"{today:%Y-%m-%d}")
        press(page, "Enregistrer une signature", "ignature")
    expect(page.get_by_role("main")).to_contain_text(f"l’avenant prend effet le {days[1]:%d/%m/%Y}")
    assert Amendment.objects.get().state == ContractState.SIGNATURE
    pass_the_day(days[1])
    assert Amendment.objects.get().is_in_force

    # Another one comes later.
    open_amendment(table.contract, about="Paris", reason="Encore.", by=table.cast.council_editor)
    Amendment.objects.open().update(planned_effect_on=days[2])
    Contract.objects.filter(pk=table.contract.pk).update(court=COURTS[2])
    sign(table)
    pass_the_day(days[2])
    assert TextInForce.objects.count() == 3

    page.goto(f"{BASE}/avenants/")
    assert_accessible(page)
    follow(page, "Lire le contrat tel qu’il est, ou était, à une date")
    for rank, day in enumerate(days):
        page.locator("input[name=le]").fill(f"{day:%Y-%m-%d}")
        page.get_by_role("main").get_by_role("button", name="Lire", exact=True).click()
        said = f"le contrat avec l’avenant n° {rank}" if rank else "le contrat d’origine"
        expect(page.get_by_role("heading", name=said)).to_be_visible()
        expect(page.get_by_role("main")).to_contain_text(COURTS[rank])
        assert_accessible(page)


def walk_to_the_signatures(page: Page, table: Table, signed_in: SignIn) -> None:
    """The amendment goes the way of the contract: ODPE, assembly, one text, three agreements."""
    yesterday = f"{timezone.localdate() - dt.timedelta(days=1):%Y-%m-%d}"
    page.goto(f"{BASE}/accord/")
    follow(page, "Enregistrer l’information de l’ODPE")
    page.get_by_label("Date de l’information de l’ODPE").fill(yesterday)
    press(page, "Enregistrer l’information de l’ODPE", "L’information de l’ODPE est enregistrée.")
    follow(page, "Enregistrer la délibération")
    page.get_by_label("Numéro de la délibération").fill("2031-9")
    page.get_by_label("Date de la délibération").fill(yesterday)
    press(page, "Enregistrer la délibération", "La délibération est enregistrée.")
    follow(page, "Proposer le texte à l’accord des parties")
    press(page, "Confirmer et proposer le texte", "Accord attendu")
    for kind, person in table.signatories.items():
        signatory = str(table.parties[kind].signatory)
        signed_in(page, person.email)
        page.goto(f"{BASE}/accord/")
        follow(page, f"Donner l’accord pour {signatory}")
        press(page, f"Donner l’accord pour {signatory}", "Accord")
    signed_in(page, table.cast.council_editor.email)

"""The main job in a browser: from the campaign's catalogue to the contract's PDF, on the demonstration."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser import demonstration

pytestmark = pytest.mark.django_db(transaction=True)

NEW_OBJECTIVE = 14
SHEET_TITLE = "Ouvrir un relais parental à Grenoble"
PDF_TIMEOUT_MS = 120_000


@pytest.fixture
def _demonstration(transactional_db: None) -> None:
    demonstration.load()


def sign_in(page: Page, email: str) -> None:
    page.goto("/connexion/")
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe", exact=True).fill(demonstration.password())
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("button", name="Se déconnecter").first).to_be_attached()


def plain(text: str) -> str:
    """`text` with every kind of space as one ordinary space."""
    return re.sub(r"\s+", " ", text.replace("\u202f", " ").replace("\u00a0", " "))


@pytest.mark.usefixtures("_demonstration", "celery_worker")
def test_an_editor_goes_from_the_catalogue_to_the_pdf(page_1280: Page, tmp_path: Path) -> None:
    page = page_1280
    sign_in(page, demonstration.EDITOR)
    page.get_by_role("link", name="Isère 2022-2024").first.click()
    tabs = page.get_by_role("navigation", name="Parties du contrat")

    tabs.get_by_role("link", name=re.compile("^Objectifs")).click()
    page.get_by_role("button", name=f"Ajouter l’objectif {NEW_OBJECTIVE}").click()
    expect(page.get_by_role("alert").or_(page.locator(".fr-alert--success")).first).to_contain_text(
        str(NEW_OBJECTIVE)
    )
    expect(page.get_by_role("link", name=f"Retirer l’objectif {NEW_OBJECTIVE}")).to_be_visible()

    tabs.get_by_role("link", name="Fiches action").click()
    page.get_by_role("link", name="Écrire une fiche").click()
    objective = page.get_by_label("Objectif du contrat")
    objective.select_option(
        label=objective.locator("option", has_text=f"{NEW_OBJECTIVE}. ").first.inner_text()
    )
    page.get_by_label("Intitulé de l’action").fill(SHEET_TITLE)
    page.get_by_label("Description de l’action").fill(
        "Accueillir soixante enfants par an.\nOuvert jour et nuit."
    )
    page.get_by_label("Public cible").fill("Parents isolés")

    # The money, as people type it: the balance follows without a reload.
    state = page.get_by_role("textbox", name=re.compile("Programme 304.*2022"))
    state.fill("120 000,50")
    page.get_by_role("textbox", name=re.compile("Département.*2022")).fill("130000")
    balance = page.get_by_role("row", name=re.compile("Programme 304.*2022"))
    expect(balance.last).to_contain_text(re.compile(r"2\s794\s499,50"))
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(page.locator(".fr-alert--success").first).to_be_visible()

    tabs.get_by_role("link", name="Plan d’action").click()
    totals = plain(page.get_by_role("main").inner_text())
    assert SHEET_TITLE in totals
    assert "120 000,50" in totals
    assert "130 000" in totals

    tabs.get_by_role("link", name="Document").click()
    page.get_by_role("button", name="Produire le PDF").click()
    expect(
        page.get_by_role("progressbar").or_(page.get_by_text("Le document est prêt")).first
    ).to_be_visible()
    link = page.get_by_role("link", name=re.compile("^Télécharger"))
    expect(link).to_be_visible(timeout=PDF_TIMEOUT_MS)
    with page.expect_download() as download:
        link.click()
    file = tmp_path / "contrat.pdf"
    download.value.save_as(file)

    text = plain("\n".join(part.extract_text() for part in PdfReader(io.BytesIO(file.read_bytes())).pages))
    for expected in (
        "ARTICLE 1",
        "ARTICLE 7",
        "Laurent Prévost",
        "Jean-Pierre Barbier",
        "3 386 000",
        "2 914 500",
        "211 500",
        "260 000",
        SHEET_TITLE,
        "Accueillir soixante enfants par an.",
        "120 000,50",
        "231",
        "390",
    ):
        assert expected in text, expected


@pytest.mark.usefixtures("_demonstration")
def test_the_ministry_finds_a_contract_by_its_name(
    page_1280: Page, signed_in: Callable[[Page, str], Page]
) -> None:
    page = signed_in(page_1280, demonstration.MINISTRY)
    page.goto("/contrats/")
    page.get_by_label("Territoire").fill("isere")
    page.get_by_role("button", name="Filtrer").click()
    results = page.get_by_role("main")
    expect(results.get_by_role("link", name="Isère")).to_be_visible()
    expect(results.get_by_role("link", name="Puy-de-Dôme")).to_have_count(0)
    results.get_by_role("link", name="Isère").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Isère")
    # The ministry reads: it is offered no gesture on the contract (rule P3).
    expect(page.get_by_role("button", name="finaliser")).to_have_count(0)


@pytest.mark.usefixtures("_demonstration")
def test_an_editor_of_another_department_gets_404_for_every_page(
    page_1280: Page, signed_in: Callable[[Page, str], Page]
) -> None:
    page = signed_in(page_1280, demonstration.FOREIGN_EDITOR)
    statuses = {}
    for path in demonstration.contract_pages(demonstration.ISERE):
        answer = page.goto(path)
        assert answer is not None
        statuses[path] = answer.status
    assert statuses == dict.fromkeys(statuses, 404)


@pytest.mark.usefixtures("_demonstration")
def test_the_walk_goes_by_keyboard_alone(page_1280: Page) -> None:
    page = page_1280
    page.goto("/connexion/")
    page.get_by_label("Adresse électronique").focus()
    page.keyboard.type(demonstration.EDITOR)
    page.keyboard.press("Tab")
    page.keyboard.type(demonstration.password())
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Se déconnecter").first).to_be_attached()
    page.goto(f"/contrats/{demonstration.ISERE}/fiches/1/")
    page.get_by_role("textbox", name=re.compile("Programme 304.*2022")).focus()
    page.keyboard.type("1 000")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "2023" in focused
    page.get_by_label("Intitulé de l’action").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".fr-alert--success").first).to_be_visible()

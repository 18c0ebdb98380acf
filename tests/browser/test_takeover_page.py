"""A contract signed on paper is taken over in a browser: each state, on an office screen and a telephone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from contracts.models import Contract
from contracts.workflow import ContractState
from tests.agreements.pdfs import made_with
from tests.browser import demonstration

# Marked here: the browser comes through the parametrised `page`, which the collection does not see.
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BASE = f"/contrats/{demonstration.ISERE}"
PDF = made_with()


@pytest.fixture(params=["page_1280", "page_375"])
def page(request: pytest.FixtureRequest, transactional_db: None) -> Page:
    """The same journey on an office screen and on a telephone."""
    demonstration.load()
    return request.getfixturevalue(request.param)


def test_a_paper_contract_goes_to_in_force_with_its_findings_shown(
    page: Page, signed_in: Callable[[Page, str], Page], assert_accessible: Callable[[Page], None]
) -> None:
    signed_in(page, demonstration.EDITOR)
    page.goto("/contrats/reprendre/")
    assert_accessible(page)
    page.goto(f"{BASE}/")
    page.get_by_role("button", name="Ce contrat est déjà signé sur papier").click()
    missing = page.get_by_role("heading", name="Ce qui manque ici")
    expect(missing).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Mettre en vigueur").click()
    expect(page.get_by_text("Choisissez le PDF du contrat signé.").first).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Date de signature").fill("2022-06-20")
    page.get_by_label("Contrat signé").set_input_files(
        {"name": "contrat.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    page.get_by_role("button", name="Mettre en vigueur").click()
    expect(page.get_by_role("status").first).to_contain_text("est en vigueur")
    assert Contract.objects.get(reference=demonstration.ISERE).state == ContractState.IN_FORCE
    # What it lacks is shown still, and led to, though nothing is barred any more.
    expect(missing).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Tous les constats de conformité").click()
    expect(page.get_by_role("heading", level=2, name="Conformité")).to_be_visible()
    assert_accessible(page)
    for part in ("", "informations/", "fiches/", "fiches/1/", "calendrier/", "financement/"):
        answer = page.goto(f"{BASE}/{part}")
        assert answer is not None
        assert answer.status == 200, part
        assert_accessible(page)
    page.goto(f"{BASE}/reprise/")
    page.get_by_role("button", name="Rouvrir la saisie pour corriger").click()
    expect(page.get_by_role("button", name="Mettre en vigueur")).to_be_visible()
    assert_accessible(page)

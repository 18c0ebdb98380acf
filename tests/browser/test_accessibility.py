"""axe on every page of the walk, in every state of it, at 1280 and 375 px; no page scrolls sideways."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from cdppe.accounts.models import Membership, User
from contracts.models import Contract
from funding.models import AllocationRun
from tests.browser import demonstration

# Marked here: the browser comes through the parametrised `page`, which the collection does not see.
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
SignIn = Callable[[Page, str], Page]


@pytest.fixture(params=["page_1280", "page_375"])
def page(request: pytest.FixtureRequest) -> Page:
    """The same journey on an office screen and on a telephone."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def _demonstration(transactional_db: None) -> None:
    demonstration.load()


def check_all(page: Page, paths: list[str], check: Check, *, status: int = 200) -> None:
    for path in paths:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == status, path
        check(page)


def test_the_door_is_accessible(page: Page, assert_accessible: Check, transactional_db: None) -> None:
    check_all(
        page, ["/connexion/", "/mot-de-passe-oublie/", "/mot-de-passe-oublie/envoye/"], assert_accessible
    )
    check_all(page, ["/nulle-part/"], assert_accessible, status=404)
    page.goto("/connexion/")
    page.get_by_label("Adresse électronique").fill("personne@exemple.fr")
    page.get_by_label("Mot de passe", exact=True).fill("faux")
    page.get_by_role("button", name="Se connecter").click()
    expect(page.locator(".fr-alert--error, .fr-error-text, .fr-message--error").first).to_be_visible()
    assert_accessible(page)


@pytest.mark.usefixtures("_demonstration")
def test_an_editors_pages_are_accessible(page: Page, signed_in: SignIn, assert_accessible: Check) -> None:
    signed_in(page, demonstration.EDITOR)
    contract = Contract.objects.get(reference=demonstration.ISERE)
    base = f"/contrats/{contract.reference}"
    optional = contract.objectives.filter(objective__is_fundamental=False).first()
    assert optional is not None
    local = contract.local_indicators.first()
    assert local is not None
    member = Membership.objects.get(user__email=demonstration.READER)
    check_all(
        page,
        [
            "/",
            "/contrats/",
            "/contrats/nouveau/",
            "/mon-compte/",
            "/mon-compte/mot-de-passe/",
            reverse("accounts:institution", args=[member.institution_id]),
            reverse("accounts:invitation-create", args=[member.institution_id]),
            reverse("accounts:member-edit", args=[member.institution_id, member.pk]),
            *demonstration.contract_pages(contract.reference),
            f"{base}/etape/finalise-draft/",
            f"{base}/objectifs/{optional.pk}/retirer/",
            reverse("indicators:local-indicator-edit", args=[contract.reference, local.pk]),
            reverse("indicators:local-indicator-delete", args=[contract.reference, local.pk]),
        ],
        assert_accessible,
    )
    page.goto(f"{base}/tableau-de-bord/")
    edits = page.locator("a[href*='/tableau-de-bord/'][href$='/modifier/']").evaluate_all(
        "links => [...new Set(links.map(link => link.getAttribute('href')))]"
    )
    # One section an objective that has indicators, and the transverse rows of a commitment.
    assert len(edits) >= 10
    check_all(page, edits, assert_accessible)


@pytest.mark.usefixtures("_demonstration")
def test_the_full_contracts_pages_are_accessible(
    page: Page, signed_in: SignIn, assert_accessible: Check
) -> None:
    signed_in(page, demonstration.FULL_EDITOR)
    check_all(page, ["/", *demonstration.contract_pages(demonstration.FULL)], assert_accessible)


@pytest.mark.usefixtures("_demonstration")
def test_refused_forms_are_accessible(page: Page, signed_in: SignIn, assert_accessible: Check) -> None:
    signed_in(page, demonstration.EDITOR)
    base = f"/contrats/{demonstration.ISERE}"
    page.goto(f"{base}/fiches/1/")
    page.get_by_label("Intitulé de l’action").fill("")
    page.locator("input.cdppe-amount").first.fill("beaucoup")
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(page.locator(".fr-message--error, .fr-error-text").first).to_be_visible()
    assert_accessible(page)
    page.goto(f"{base}/compte/")
    page.get_by_label("IBAN").fill("FR76 0000")
    page.get_by_role("main").locator("form button[type=submit]").first.click()
    expect(page.locator(".fr-message--error, .fr-error-text").first).to_be_visible()
    assert_accessible(page)


@pytest.mark.usefixtures("_demonstration", "celery_worker")
def test_a_document_being_made_is_accessible(page: Page, signed_in: SignIn, assert_accessible: Check) -> None:
    signed_in(page, demonstration.FULL_EDITOR)
    page.goto(f"/contrats/{demonstration.FULL}/document/")
    page.get_by_role("button", name="Produire le PDF").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert_accessible(page)
    expect(page.get_by_text("Le document est prêt").first).to_be_visible(timeout=120_000)
    assert_accessible(page)


@pytest.mark.usefixtures("_demonstration")
def test_readers_and_newcomers_pages_are_accessible(
    page: Page, signed_in: SignIn, assert_accessible: Check
) -> None:
    signed_in(page, demonstration.READER)
    base = f"/contrats/{demonstration.ISERE}"
    reads = ["", "objectifs/", "tableau-de-bord/", "fiches/", "fiches/1/", "plan-d-action/", "document/"]
    check_all(page, [f"{base}/{part}" for part in reads], assert_accessible)
    check_all(page, [f"{base}/fiches/nouvelle/"], assert_accessible, status=403)
    page.context.clear_cookies()
    signed_in(page, demonstration.FOREIGN_EDITOR)
    check_all(page, ["/", "/contrats/", "/contrats/nouveau/"], assert_accessible)
    page.context.clear_cookies()
    newcomer = User.objects.create_user("sans-institution@exemple.fr", "une-phrase-longue-et-sure")
    signed_in(page, newcomer.email)
    check_all(page, ["/", "/contrats/"], assert_accessible)


@pytest.mark.usefixtures("_demonstration")
def test_the_ministrys_pages_are_accessible(page: Page, signed_in: SignIn, assert_accessible: Check) -> None:
    signed_in(page, demonstration.MINISTRY)
    run = AllocationRun.objects.select_related("envelope__campaign").earliest("pk")
    code = run.envelope.campaign.code
    check_all(
        page,
        [
            "/",
            "/contrats/",
            "/contrats/?q=zzz",
            f"/contrats/{demonstration.ISERE}/",
            reverse("funding:allocation-list"),
            reverse("funding:allocation-campaign", args=[code]),
            reverse("funding:allocation-criteria", args=[code]),
            reverse("funding:allocation-run", args=[code, run.pk]),
            *(
                reverse(
                    "funding:amount-explanation",
                    args=[code, line.territory.code, run.envelope.code, run.year],
                )
                # One on each bound, and one between.
                for line in {line.bound: line for line in run.lines.select_related("territory")}.values()
            ),
        ],
        assert_accessible,
    )

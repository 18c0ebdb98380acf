"""axe on every page of the walk, in every state of it, at 1280 and 375 px; no page scrolls sideways."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import FilePayload, Page, expect

from cdppe.accounts.models import Department, Membership, User
from cdppe.documents.actions.files import store_file
from cdppe.documents.models import JobState, RenderJob
from cdppe.documents.registry import RenderedDocument
from contracts.models import Campaign, Contract, JournalCheck
from funding.actions.letters import KIND
from funding.models import AllocationRun, NotificationLetter, Publication, Scenario, SeriesEdition
from tests.browser import demonstration
from tests.browser.gestures import Check, SignIn

# Marked here: the browser comes through the parametrised `page`, which the collection does not see.
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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
    notices = ["/mentions-legales/", "/accessibilite/", "/donnees-personnelles/", "/plan-du-site/"]
    check_all(page, notices, assert_accessible)
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
    # The grid marks the box at once: the page looked at is the one that the server refused.
    expect(page.locator("[data-focus-on-load]").first).to_be_visible()
    assert_accessible(page)
    page.goto(f"{base}/compte/")
    page.get_by_label("IBAN").fill("FR76 0000")
    page.locator(".cdppe-workspace__page form button[type=submit]").first.click()
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


@pytest.mark.usefixtures("_demonstration")
def test_the_pages_of_the_figures_are_accessible(
    page: Page, signed_in: SignIn, assert_accessible: Check
) -> None:
    signed_in(page, demonstration.MINISTRY)
    edition = SeriesEdition.objects.filter(values__value__isnull=True).earliest("pk")
    check_all(
        page,
        [
            reverse("funding:series-list"),
            reverse("funding:series-import"),
            reverse("funding:series-edition", args=[edition.code]),
            f"{reverse('funding:series-edition', args=[edition.code])}?statut=missing",
        ],
        assert_accessible,
    )
    # A file that is wrong, with nothing described; then its description alone; then the whole, right.
    page.goto(reverse("funding:series-import"))
    wrong = b"code;valeur\n01;douze\n02;1 234,5\nTotal;9\n"
    right = "code;valeur\n" + "".join(f"{each.code};10\n" for each in Department.objects.all())
    page.locator("#id_file").set_input_files(_csv(wrong))
    page.get_by_role("button", name="Vérifier le fichier").click()
    expect(page.locator(".fr-message--error, .fr-error-text").first).to_be_visible()
    assert_accessible(page)
    page.locator("#id_series").select_option(label=edition.series.name)
    page.locator("#id_producer").fill("Insee")
    page.locator("#id_reference_date").fill("2030")
    page.locator("#id_source").fill("Essai")
    page.locator("#id_status").select_option("official")
    page.get_by_role("button", name="Vérifier le fichier").click()
    expect(page.get_by_text("cellule B2").first).to_be_visible()
    assert_accessible(page)
    page.goto(f"{page.url}description/")
    assert_accessible(page)
    page.locator("#id_file").set_input_files(_csv(right.encode()))
    page.get_by_role("button", name="Vérifier le fichier").click()
    expect(page.get_by_role("button", name="Enregistrer cette édition")).to_be_visible()
    assert_accessible(page)


@pytest.mark.usefixtures("_demonstration")
def test_the_pages_of_scenarios_are_accessible(
    page: Page, signed_in: SignIn, assert_accessible: Check
) -> None:
    signed_in(page, demonstration.MINISTRY)
    first, second = Scenario.objects.order_by("pk")[:2]
    code = first.campaign.code
    compare = reverse("funding:scenario-compare", args=[code])
    envelope = first.campaign.envelopes.earliest("position")
    check_all(
        page,
        [
            reverse("funding:scenario-list", args=[code]),
            reverse("funding:scenario-create", args=[code]),
            reverse("funding:scenario-detail", args=[code, first.pk]),
            reverse("funding:scenario-edit", args=[code, first.pk]),
            compare,
            f"{compare}?a={first.pk}&b={second.pk}&tri=ecart",
            f"{compare}?a={first.pk}&b={second.pk}&enveloppe={envelope.code}",
        ],
        assert_accessible,
    )
    # What is refused, and the result that cannot be computed, as one types and once it is sent.
    page.goto(reverse("funding:scenario-edit", args=[code, first.pk]))
    page.get_by_label(f"{envelope.label}, plancher").fill("beaucoup")
    expect(page.locator("#scenario-summary")).to_contain_text("à corriger")
    page.get_by_role("button", name="Territoires (").click()
    assert_accessible(page)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert_accessible(page)
    without = Campaign.objects.exclude(pk=first.campaign_id).earliest("pk")
    check_all(page, [reverse("funding:scenario-list", args=[without.code])], assert_accessible)


@pytest.mark.usefixtures("_demonstration")
def test_the_pages_of_publications_and_letters_are_accessible(
    page: Page, signed_in: SignIn, assert_accessible: Check
) -> None:
    signed_in(page, demonstration.MINISTRY)
    publication = Publication.objects.select_related("campaign").get()
    code = publication.campaign.code
    create = reverse("funding:publication-create", args=[code])
    detail = reverse("funding:publication-detail", args=[code, publication.pk])
    without = Campaign.objects.exclude(pk=publication.campaign_id).earliest("pk")
    check_all(
        page,
        [
            reverse("funding:publication-list", args=[code]),
            reverse("funding:publication-list", args=[without.code]),
            create,
            f"{create}?annee={publication.campaign.period_end}",
            detail,
        ],
        assert_accessible,
    )
    # A replacement without its reason is refused.
    page.goto(f"{create}?annee={publication.year}")
    page.get_by_role("button", name="Remplacer les montants notifiés").click()
    expect(page.locator(".fr-message--error, .fr-error-text").first).to_be_visible()
    assert_accessible(page)
    # Letters on their way, one ready, one failed; then none on its way.
    letters = _letters(publication)
    check_all(page, [detail], assert_accessible)
    expect(page.get_by_role("progressbar", name="Avancement des lettres")).to_be_visible()
    jobs = [reverse("documents:job", args=[letter.job_id]) for letter in letters.values()]
    check_all(page, jobs, assert_accessible)
    RenderJob.objects.filter(state=JobState.RUNNING).update(state=JobState.FAILED, error="Essai")
    check_all(page, [detail], assert_accessible)
    # The letter in the contract of the territory, and why, as its own people see them.
    page.context.clear_cookies()
    signed_in(page, demonstration.FULL_EDITOR)
    territory = letters[JobState.DONE].territory
    envelope = publication.amounts.earliest("envelope__position").envelope
    check_all(
        page,
        [
            f"/contrats/{demonstration.FULL}/plan-d-action/",
            reverse(
                "funding:amount-explanation",
                args=[code, territory.code, envelope.code, publication.year],
            ),
            jobs[0],
        ],
        assert_accessible,
    )


def _csv(content: bytes) -> FilePayload:
    return {"name": "chiffres.csv", "mimeType": "text/csv", "buffer": content}


def _letters(publication: Publication) -> dict[str, NotificationLetter]:
    """Three letters by the state of their job; the one that is ready is that of the full contract."""
    mine = Contract.objects.get(reference=demonstration.FULL).territory
    others = list(publication.campaign.territories.exclude(pk=mine.pk)[:2])
    file = store_file(RenderedDocument("lettre.pdf", "application/pdf", b"%PDF-1.7"))
    found = {}
    for state, territory in zip(
        (JobState.DONE, JobState.RUNNING, JobState.FAILED), [mine, *others], strict=True
    ):
        job = RenderJob.objects.create(
            kind=KIND,
            subject=f"{publication.pk}:{territory.code}",
            title=f"Lettre de {territory}",
            state=state,
            progress=100 if state == JobState.DONE else 40,
            error="Un essai." if state == JobState.FAILED else "",
            heartbeat_at=timezone.now(),
            finished_at=None if state == JobState.RUNNING else timezone.now(),
            file=file if state == JobState.DONE else None,
        )
        found[state] = NotificationLetter.objects.create(
            publication=publication,
            territory=territory,
            job=job,
            mailed_at=timezone.now() if state == JobState.DONE else None,
        )
    return found


@pytest.mark.usefixtures("_demonstration")
def test_the_journal_is_accessible_unread_whole_and_broken(
    page: Page, signed_in: SignIn, assert_accessible: Check
) -> None:
    signed_in(page, demonstration.EDITOR)
    journal = f"/contrats/{demonstration.ISERE}/historique/journal/"
    check_all(page, [journal, f"{journal}?objet=objective"], assert_accessible)
    expect(page.get_by_text("n’a pas encore été vérifiée")).to_be_visible()
    check_all(page, [f"{journal}?du=demain"], assert_accessible, status=422)
    moment = timezone.now()
    JournalCheck.objects.create(checked_at=moment, last_sequence=83, last_hash="a" * 64)
    check_all(page, [journal], assert_accessible)
    expect(page.get_by_text("entière jusqu’à l’entrée n° 83")).to_be_visible()
    JournalCheck.objects.create(
        checked_at=moment, last_sequence=83, last_hash="a" * 64, findings=["L’entrée n° 2 manque."]
    )
    check_all(page, [journal], assert_accessible)
    expect(page.get_by_text("Le journal du site n’est pas entier")).to_be_visible()

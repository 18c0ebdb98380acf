"""Notification letters: rendered for each territory, read by its people, announced once (annexe 4-I; F8)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pypdf
import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.models import Institution, InstitutionKind, Role, Territory, User
from cdppe.documents import registry
from cdppe.documents.actions.jobs import run_job
from cdppe.documents.models import JobState, RenderJob
from cdppe.documents.registry import Progress, RenderedDocument, document_kind
from cdppe.lib.errors import MissingPiece, WrongState
from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.actions.letters import KIND, announce_letter, letter_is_done, request_letters
from funding.actions.publications import publish
from funding.letters import letter_counts, letter_of, render_letter
from funding.models import AllocationLine, Envelope, FigureStatus, NotificationLetter, Publication
from tests.answers import client_of, text_of
from tests.factories import (
    ContractFactory,
    InstitutionFactory,
    MembershipFactory,
    TerritoryFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def _person(kind: str, role: str = Role.EDITOR, **tied: Any) -> User:
    user = UserFactory()
    found = Institution.objects.filter(kind=kind, **tied).first()
    MembershipFactory(user=user, institution=found or InstitutionFactory(kind=kind, **tied), role=role)
    return user


def _words(document: RenderedDocument) -> str:
    """The text of the PDF, every run of spaces being one."""
    reader = pypdf.PdfReader(io.BytesIO(document.content))
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))


def _published(campaign: Campaign, by: User | None = None, reason: str = "") -> Publication:
    runs = [run_allocation(envelope, year=2020, by=None) for envelope in campaign.envelopes.all()]
    return publish(runs, by=by, reason=reason)


@pytest.fixture
def signatory() -> User:
    return _person(InstitutionKind.DGCS, Role.SIGNATORY)


@pytest.fixture
def publication(campaign: Campaign) -> Publication:
    return _published(campaign)


@pytest.fixture
def nord(campaign: Campaign) -> Territory:
    return campaign.territories.get(code="59")


@pytest.fixture
def quick_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters whose content is their subject: for the tests that do not read the PDF."""

    def render(subject: str, progress: Progress) -> RenderedDocument:
        return RenderedDocument(
            f"lettre-{subject.replace(':', '-')}.pdf", "application/pdf", subject.encode()
        )

    kind = document_kind(KIND)
    quick = registry.DocumentKind(
        kind.code,
        render,
        kind.visible_to,
        kind.may_render,
        kind.back_url,
        kind.back_label,
        kind.on_done,
        kind.back_for,
    )
    monkeypatch.setattr(registry, "_kinds", registry._kinds | {KIND: quick})


def _letter(publication: Publication, code: str) -> NotificationLetter:
    return publication.letters.select_related("publication", "territory", "job").get(territory__code=code)


class TestTheLetter:
    @pytest.mark.parametrize("bound", ["floor", "ceiling", ""])
    def test_it_states_the_three_amounts_their_sum_and_why(
        self, publication: Publication, bound: str
    ) -> None:
        territory = AllocationLine.objects.filter(bound=bound).first().territory
        words = _words(render_letter(letter_of(publication, territory)))
        amounts = list(publication.amounts.filter(territory=territory))
        assert len(amounts) == 3
        for stated in amounts:
            assert f"{stated.amount:,.0f} €".replace(",", " ") in words
            assert stated.envelope.label in words
        total = sum(stated.amount for stated in amounts)
        assert f"Total {total:,.0f} €".replace(",", " ") in words
        assert f"Le montant {territory.of_name} est de" in words
        assert words.count("exactement l’enveloppe") == 3
        assert "Clé de répartition" in words
        assert "Pour la direction générale de la cohésion sociale" in words
        assert territory.ars_name in words
        assert territory.collectivity in words
        sentence = {
            "floor": "le montant est porté à",
            "ceiling": "le montant est ramené à",
            "": "ne change pas",
        }
        assert sentence[bound] in words

    def test_it_is_an_accessible_pdf_and_always_the_same_bytes(
        self, publication: Publication, nord: Territory
    ) -> None:
        document = render_letter(letter_of(publication, nord))
        reader = pypdf.PdfReader(io.BytesIO(document.content))
        assert reader.trailer["/Root"]["/Lang"] == "fr"
        assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
        assert reader.metadata.title == "Notification des crédits 2020 – Nord"
        assert render_letter(letter_of(publication, nord)).content == document.content

    def test_figures_that_are_not_official_are_said_and_official_ones_are_not(
        self, campaign: Campaign, nord: Territory
    ) -> None:
        sentence = "ne reposent pas seulement sur des chiffres officiels"
        publication = _published(campaign)
        assert sentence in _words(render_letter(letter_of(publication, nord)))
        for run in publication.runs.all():
            for row in run.inputs["figures"].values():
                for cell in row.values():
                    cell["status"] = FigureStatus.OFFICIAL
            run.save()
        assert sentence not in _words(render_letter(letter_of(publication, nord)))

    def test_a_replacement_says_what_it_replaces_and_its_reason_as_plain_text(
        self, campaign: Campaign, nord: Territory
    ) -> None:
        _published(campaign)
        second = _published(campaign, reason="Loi <b>x</b> {{ 7 }}")
        words = _words(render_letter(letter_of(second, nord)))
        assert "Ils remplacent ceux de la publication du" in words
        assert "Loi <b>x</b> {{ 7 }}" in words

    def test_the_letter_of_a_demonstration_says_so(self, publication: Publication, nord: Territory) -> None:
        assert "Démonstration." not in _words(render_letter(letter_of(publication, nord)))
        ContractFactory(
            campaign=publication.campaign,
            territory=nord,
            is_demonstration=True,
            demonstration_note="Tout est inventé.",
        )
        assert "Démonstration." in _words(render_letter(letter_of(publication, nord)))

    def test_a_territory_without_amount_has_no_letter(self, publication: Publication) -> None:
        with pytest.raises(MissingPiece, match="ne notifie aucun montant"):
            letter_of(publication, TerritoryFactory(code="999"))


@pytest.mark.usefixtures("quick_letters")
class TestAsking:
    def test_each_territory_has_one_letter_however_often_one_asks(
        self, publication: Publication, signatory: User
    ) -> None:
        assert request_letters(publication, by=signatory) == 30
        assert request_letters(publication, by=signatory) == 0
        assert publication.letters.count() == RenderJob.objects.filter(kind=KIND).count() == 30
        with pytest.raises(IntegrityError), transaction.atomic():
            NotificationLetter.objects.create(
                publication=publication, territory=publication.letters.first().territory
            )

    def test_asking_takes_as_many_queries_for_thirty_letters_as_for_two(
        self, publication: Publication, signatory: User
    ) -> None:
        def queries() -> int:
            NotificationLetter.objects.all().delete()
            RenderJob.objects.all().delete()
            # As of another request: what is known of the person is read again.
            by = User.objects.get(pk=signatory.pk)
            with CaptureQueriesContext(connection) as captured:
                request_letters(publication, by=by)
            return len(captured)

        thirty = queries()
        publication.amounts.exclude(territory__code__in=["59", "62"]).delete()
        assert publication.amounts.values("territory").distinct().count() == 2
        assert queries() == thirty

    def test_a_letter_that_failed_is_asked_for_again_and_those_that_are_there_are_kept(
        self, publication: Publication, signatory: User
    ) -> None:
        request_letters(publication, by=signatory)
        run_job(_letter(publication, "59").job_id)
        kept = _letter(publication, "59").job_id
        failed = publication.letters.exclude(territory__code="59").first()
        RenderJob.objects.filter(pk=failed.job_id).update(state=JobState.FAILED, error="Essai")
        assert letter_counts(publication).failed == 1
        assert request_letters(publication, by=signatory) == 1
        assert _letter(publication, "59").job_id == kept
        counts = letter_counts(publication)
        assert (counts.expected, counts.done, counts.failed, counts.waiting) == (30, 1, 0, 29)

    def test_the_letter_takes_the_job_that_succeeded_after_a_new_try_from_its_own_page(
        self, publication: Publication, signatory: User
    ) -> None:
        request_letters(publication, by=signatory)
        letter = _letter(publication, "59")
        RenderJob.objects.filter(pk=letter.job_id).update(state=JobState.FAILED, error="Essai")
        client = client_of(signatory)
        answer = client.post(reverse("documents:job-retry", args=[letter.job_id]))
        again = RenderJob.objects.filter(kind=KIND, state=JobState.QUEUED, subject=letter.subject).get()
        assert answer.url == reverse("documents:job", args=[again.pk])
        run_job(again.pk)
        assert _letter(publication, "59").job_id == again.pk

    def test_the_letters_of_a_replaced_publication_are_refused(
        self, campaign: Campaign, publication: Publication, signatory: User
    ) -> None:
        _published(campaign, reason="Correction")
        with pytest.raises(WrongState, match="est remplacée"):
            request_letters(publication, by=signatory)
        url = reverse("funding:letters-request", args=["2020", publication.pk])
        assert "est remplacée" in text_of(client_of(signatory).post(url, follow=True))
        assert not NotificationLetter.objects.exists()


@pytest.mark.usefixtures("quick_letters")
class TestTheMail:
    @pytest.fixture
    def parties(self, nord: Territory) -> set[str]:
        """The addresses of who must be told of the Nord's letter; others exist who must not."""
        people = [
            _person(InstitutionKind.PREFECTURE, territory=nord),
            _person(InstitutionKind.ARS, Role.READER, region=nord.region),
            _person(InstitutionKind.COUNCIL, Role.SIGNATORY, territory=nord),
        ]
        gone = _person(InstitutionKind.COUNCIL, territory=nord)
        User.objects.filter(pk=gone.pk).update(is_active=False)
        _person(InstitutionKind.REGIONAL_DIRECTORATE, territory=None, region=nord.region)
        elsewhere = Territory.objects.exclude(region=nord.region).exclude(pk=nord.pk).first()
        _person(InstitutionKind.COUNCIL, territory=elsewhere)
        _person(InstitutionKind.DGS)
        return {person.email for person in people}

    def test_the_parties_are_told_once_the_letter_is_there_and_never_twice(
        self,
        publication: Publication,
        signatory: User,
        parties: set[str],
        django_capture_on_commit_callbacks: Callable[..., Any],
    ) -> None:
        request_letters(publication, by=signatory)
        letter = _letter(publication, "59")
        assert announce_letter(letter) == 0
        with django_capture_on_commit_callbacks(execute=True):
            run_job(letter.job_id)
        assert {address for sent in mail.outbox for address in sent.to} == parties
        assert len(mail.outbox) == 3
        assert mail.outbox[0].subject == "Crédits 2020 du Nord : la lettre de notification est disponible"
        assert reverse("documents:job", args=[letter.job_id]) in mail.outbox[0].body
        assert _letter(publication, "59").mailed_at is not None
        with django_capture_on_commit_callbacks(execute=True):
            run_job(letter.job_id)
            letter_is_done(letter.subject, letter.job_id)
            announce_letter(letter)
        with django_capture_on_commit_callbacks() as left:
            request_letters(publication, by=signatory)
        assert len(mail.outbox) == 3
        assert left == []

    def test_an_announcement_that_was_lost_goes_out_when_one_asks_again(
        self,
        publication: Publication,
        signatory: User,
        parties: set[str],
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: Callable[..., Any],
    ) -> None:
        request_letters(publication, by=signatory)
        letter = _letter(publication, "59")

        def killed(subject: str, job_id: Any) -> None:
            raise OSError("killed")

        kind = registry._kinds[KIND]
        lost = registry.DocumentKind(
            kind.code, kind.render, kind.visible_to, kind.may_render, kind.back_url, kind.back_label, killed
        )
        with monkeypatch.context() as patch:
            patch.setitem(registry._kinds, KIND, lost)
            run_job(letter.job_id)
        assert RenderJob.objects.get(pk=letter.job_id).state == JobState.DONE
        assert _letter(publication, "59").mailed_at is None
        with django_capture_on_commit_callbacks(execute=True):
            request_letters(publication, by=signatory)
        assert {address for sent in mail.outbox for address in sent.to} == parties

    def test_nobody_to_tell_leaves_the_letter_to_be_announced(
        self, publication: Publication, signatory: User
    ) -> None:
        request_letters(publication, by=signatory)
        run_job(_letter(publication, "59").job_id)
        assert _letter(publication, "59").mailed_at is None

    def test_a_letter_whose_publication_was_replaced_meanwhile_is_not_announced(
        self, campaign: Campaign, publication: Publication, signatory: User, parties: set[str]
    ) -> None:
        request_letters(publication, by=signatory)
        _published(campaign, reason="Correction")
        run_job(_letter(publication, "59").job_id)
        assert _letter(publication, "59").mailed_at is None

    def test_the_database_refuses_the_announcement_of_a_letter_that_nobody_rendered(
        self, publication: Publication, nord: Territory
    ) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            NotificationLetter.objects.create(
                publication=publication, territory=nord, mailed_at=timezone.now()
            )


@pytest.mark.usefixtures("quick_letters")
class TestThePages:
    def test_the_publication_shows_the_letters_come_then_gives_them_as_a_zip(
        self, campaign: Campaign, signatory: User
    ) -> None:
        campaign.territories.set(campaign.territories.filter(code__in=["59", "2A", "29", "62"]))
        Envelope.objects.filter(campaign=campaign).update(floor=None, ceiling=None, amount=Decimal(900_000))
        publication = _published(campaign)
        expected = publication.amounts.values("territory").distinct().count()
        assert expected > 1
        client = client_of(signatory)
        page_url = reverse("funding:publication-detail", args=["2020", publication.pk])
        zip_url = reverse("funding:letters-download", args=["2020", publication.pk])
        progress_url = reverse("funding:letters-progress", args=["2020", publication.pk])
        assert "Produire les lettres" in text_of(client.get(page_url))
        assert "il n’y a rien à télécharger" in text_of(client.get(zip_url, follow=True))
        asked = client.post(reverse("funding:letters-request", args=["2020", publication.pk]))
        assert asked.url == page_url
        page = text_of(client.get(page_url))
        assert f'hx-get="{progress_url}"' in page
        assert f"0 lettre prête sur {expected}" in page
        jobs = [letter.job_id for letter in publication.letters.all()]
        run_job(jobs[0])
        part = text_of(client.get(progress_url, headers={"HX-Request": "true"}))
        assert f"1 lettre prête sur {expected}" in part
        assert "hx-get" in part
        names = zipfile.ZipFile(io.BytesIO(client.get(zip_url).content)).namelist()
        assert len(names) == 2
        assert "lettres-manquantes.txt" in names
        for job in jobs[1:]:
            run_job(job)
        part = text_of(client.get(progress_url, headers={"HX-Request": "true"}))
        assert "hx-get" not in part
        assert "Toutes les lettres sont prêtes." in part
        answer = client.get(zip_url)
        assert answer["Content-Type"] == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        subjects = {archive.read(name).decode() for name in archive.namelist()}
        assert subjects == {letter.subject for letter in publication.letters.select_related("territory")}
        assert "Produire les lettres" not in text_of(client.get(page_url))

    def test_the_territorys_people_find_their_letter_and_others_do_not(
        self, publication: Publication, signatory: User, nord: Territory
    ) -> None:
        contract = ContractFactory(campaign=publication.campaign, territory=nord)
        request_letters(publication, by=signatory)
        job = _letter(publication, "59").job_id
        plan = reverse("funding:action-plan", args=[contract.reference])
        council = client_of(_person(InstitutionKind.COUNCIL, Role.READER, territory=nord))
        download = reverse("documents:job-download", args=[job])
        assert download not in text_of(council.get(plan))
        run_job(job)
        assert download in text_of(council.get(plan))
        assert council.get(download).content == _letter(publication, "59").subject.encode()
        assert plan in text_of(council.get(reverse("documents:job", args=[job])))
        elsewhere = Territory.objects.exclude(region=nord.region).first()
        for kind in (InstitutionKind.COUNCIL, InstitutionKind.PREFECTURE):
            assert client_of(_person(kind, territory=elsewhere)).get(download).status_code == 404
        for kind in (InstitutionKind.DGCS, InstitutionKind.DGS):
            assert client_of(_person(kind, Role.READER)).get(download).status_code == 200
        _published(publication.campaign, reason="Correction")
        assert download not in text_of(council.get(plan))
        assert council.get(download).status_code == 200

    def test_each_goes_back_to_where_the_letter_is_read(
        self, publication: Publication, signatory: User, nord: Territory
    ) -> None:
        contract = ContractFactory(campaign=publication.campaign, territory=nord)
        request_letters(publication, by=signatory)
        letter = _letter(publication, "59")
        RenderJob.objects.filter(pk=letter.job_id).update(state=JobState.FAILED, error="Essai")
        url = reverse("documents:job", args=[letter.job_id])
        page = reverse("funding:publication-detail", args=["2020", publication.pk])
        ministry = text_of(client_of(signatory).get(url))
        assert f'href="{page}#letters"' in ministry
        assert "Revenir aux lettres de la publication" in ministry
        council = text_of(client_of(_person(InstitutionKind.COUNCIL, Role.READER, territory=nord)).get(url))
        assert page not in council
        assert f'href="{reverse("funding:action-plan", args=[contract.reference])}#balances"' in council
        assert "Revenir au contrat" in council

    def test_a_reader_of_the_ministry_follows_but_does_not_ask(self, publication: Publication) -> None:
        reader = client_of(_person(InstitutionKind.DGCS, Role.READER))
        page = reader.get(reverse("funding:publication-detail", args=["2020", publication.pk]))
        assert "Produire les lettres" not in text_of(page)
        url = reverse("funding:letters-request", args=["2020", publication.pk])
        assert reader.post(url).status_code == 403
        assert reader.get(url).status_code == 405
        assert not NotificationLetter.objects.exists()

    def test_the_letters_of_an_unknown_publication_do_not_exist(
        self, publication: Publication, signatory: User
    ) -> None:
        client = client_of(signatory)
        for name in ("funding:letters-progress", "funding:letters-download"):
            assert client.get(reverse(name, args=["2020", publication.pk + 1000])).status_code == 404
            assert client.get(reverse(name, args=["autre", publication.pk])).status_code == 404
        assert client.post(reverse("funding:letters-request", args=["2020", 10**12])).status_code == 404

    def test_following_takes_as_many_queries_for_thirty_letters_as_for_one(
        self, publication: Publication, signatory: User, django_assert_num_queries: Any
    ) -> None:
        client = client_of(signatory)
        url = reverse("funding:letters-progress", args=["2020", publication.pk])
        request_letters(publication, by=signatory)
        jobs = [letter.job_id for letter in publication.letters.all()]
        for job in jobs:
            run_job(job)
        client.get(url)
        with django_assert_num_queries(8) as thirty:
            client.get(url)
        publication.letters.exclude(territory__code="59").delete()
        with django_assert_num_queries(len(thirty)):
            client.get(url)

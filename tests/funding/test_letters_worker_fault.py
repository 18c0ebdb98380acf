"""The letters of a publication by a real worker: asked for, followed as they come, told, downloaded (F8)."""

from __future__ import annotations

import io
import re
import time
import zipfile
from decimal import Decimal

import pypdf
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from cdppe.accounts.models import Institution, InstitutionKind, Role, Territory
from cdppe.documents.models import JobState, RenderJob
from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.actions.publications import publish
from funding.models import Publication
from tests.factories import MembershipFactory, UserFactory
from tests.loaded import load_real_figures

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

CODES = ("59", "62", "77", "23", "973", "63")
SECONDS = 120


@pytest.fixture
def publication(transactional_db: None) -> Publication:
    """The campaign of 2020 published for six territories, with its real figures."""
    load_real_figures()
    campaign = Campaign.objects.get(code="2020")
    campaign.territories.set(campaign.territories.filter(code__in=CODES))
    campaign.envelopes.update(ceiling=None, amount=Decimal(9_000_000))
    return publish([run_allocation(each, year=2020, by=None) for each in campaign.envelopes.all()], by=None)


@pytest.mark.usefixtures("celery_worker")
def test_the_worker_makes_every_letter_while_the_page_follows(publication: Publication) -> None:
    assert settings.JOB_ENGINE == "celery"
    signatory = UserFactory()
    dgcs = Institution.objects.get(kind=InstitutionKind.DGCS)
    MembershipFactory(user=signatory, institution=dgcs, role=Role.SIGNATORY)
    council = Institution.objects.get(kind=InstitutionKind.COUNCIL, territory__code="59")
    MembershipFactory(user=UserFactory(), institution=council, role=Role.READER)
    client = Client()
    client.force_login(signatory)
    arguments = [publication.campaign.code, publication.pk]
    client.post(reverse("funding:letters-request", args=arguments))
    assert publication.letters.count() == len(CODES)

    seen = _followed(client, reverse("funding:letters-progress", args=arguments))
    assert seen == sorted(seen)
    assert seen[-1] == len(CODES)
    assert len(set(seen)) > 2, f"the page shows the letters come one by one: {seen}"
    jobs = RenderJob.objects.filter(notification_letter__publication=publication)
    assert {job.state for job in jobs} == {JobState.DONE}
    assert [job.attempts for job in jobs] == [1] * len(CODES)

    # Told: those whose institutions have members. The worker does it just after the file is there.
    told = publication.letters.filter(mailed_at__isnull=False)
    deadline = time.monotonic() + 10
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [letter.territory.code for letter in told] == ["59"]

    answer = client.get(reverse("funding:letters-download", args=arguments))
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    letters = {name: _words(archive.read(name)) for name in archive.namelist()}
    assert len(letters) == len(CODES)
    for territory in Territory.objects.filter(code__in=CODES):
        name = f"notification-2020-{territory.code}-publication-{publication.pk}.pdf"
        for stated in publication.amounts.filter(territory=territory):
            assert f"{stated.amount:,.0f} €".replace(",", " ") in letters[name]


def _followed(client: Client, url: str) -> list[int]:
    """How many letters the page said were ready, each time it was asked, until it asks no more."""
    seen = []
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        part = client.get(url, headers={"HX-Request": "true"}).content.decode()
        found = re.search(r"(\d+)\s+lettres?\s+prêtes?\s+sur\s+(\d+)", part)
        assert found is not None
        seen.append(int(found[1]))
        if "hx-get" not in part:
            return seen
        time.sleep(0.2)
    raise AssertionError(f"the letters did not come within {SECONDS} seconds: {seen}")


def _words(content: bytes) -> str:
    """The text of a PDF, every run of spaces being one."""
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))

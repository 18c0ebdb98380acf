"""How long the notification letters of a publication take: 101 of them, one after the other, then the zip.

`python -m tests.services -- python -m tests.bench letters`: in this process, as one worker does it. The
figures are the real ones; a territory that has none for a criterion has 1 here, and the amounts of the
campaign of 2020, which 30 territories shared, are raised in proportion.
"""

from __future__ import annotations

import io
import statistics
import sys
from io import StringIO
from time import perf_counter

import pypdf
from django.conf import settings
from django.core.management import call_command
from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import CaptureQueriesContext, get_runner, override_settings
from django.urls import reverse

from cdppe.accounts.models import Institution, InstitutionKind, Role, Territory, User
from cdppe.documents.actions.files import read_file
from cdppe.documents.actions.jobs import run_job
from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.actions.letters import request_letters
from funding.actions.publications import publish
from funding.models import CriterionValue, FigureStatus, Publication, SeriesEdition
from tests.factories import MembershipFactory, UserFactory


def main() -> None:
    """Print what one letter takes, and all of them, and their zip."""
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        publication, by = _publication()
        _measure(publication, by)
    finally:
        runner.teardown_databases(databases)


def _publication() -> tuple[Publication, User]:
    """Every territory of France shares the envelopes of 2020; who signs for the DGCS published them."""
    call_command("loadterritories", verbosity=0, stdout=StringIO())
    call_command("loadcampaign", settings.BASE_DIR / "fixtures" / "campaigns" / "2020.toml", verbosity=0)
    call_command("loadcriteria", verbosity=0, stdout=StringIO())
    campaign = Campaign.objects.get(code="2020")
    before = campaign.territories.count()
    territories = list(Territory.objects.prefetch_related("departments"))
    for envelope in campaign.envelopes.filter(amount__isnull=False):
        envelope.amount = envelope.amount * len(territories) // before
        envelope.save()
    campaign.territories.set(territories)
    CriterionValue.objects.filter(value=None).update(value=1)
    for edition in SeriesEdition.objects.all():
        known = set(edition.values.values_list("place_code", flat=True))
        CriterionValue.objects.bulk_create(
            CriterionValue(edition=edition, place_code=place, value=1, status=FigureStatus.STAND_IN)
            for territory in territories
            if territory.code not in known
            for place in {each.code for each in territory.departments.all()} - known
            or {territory.code} - known
        )
    by = UserFactory()
    dgcs = Institution.objects.get(kind=InstitutionKind.DGCS)
    MembershipFactory(user=by, institution=dgcs, role=Role.SIGNATORY)
    runs = [run_allocation(envelope, year=campaign.year, by=by) for envelope in campaign.envelopes.all()]
    return publish(runs, by=by), by


def _measure(publication: Publication, by: User) -> None:
    started = perf_counter()
    count = request_letters(publication, by=by)
    asked = perf_counter() - started
    seconds, pages, sizes = [], set(), []
    queries = 0
    for letter in publication.letters.order_by("territory__code"):
        reset_queries()
        with CaptureQueriesContext(connection) as captured:
            started = perf_counter()
            run_job(letter.job_id)
            seconds.append(perf_counter() - started)
        queries = max(queries, len(captured))
        letter.refresh_from_db()
        if letter.job is None or letter.job.file is None:
            raise SystemExit(f"{letter}: {letter.job and letter.job.error}")
        content = read_file(letter.job.file)
        pages.add(len(pypdf.PdfReader(io.BytesIO(content)).pages))
        sizes.append(len(content))
    client = Client()
    client.force_login(by)
    url = reverse("funding:letters-download", args=[publication.campaign.code, publication.pk])
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        started = perf_counter()
        archive = client.get(url)
        zipped = perf_counter() - started
    sys.stdout.write(
        f"{count} letters: asked for in {asked:.2f} s, rendered in {sum(seconds):.1f} s "
        f"(one: median {statistics.median(seconds):.2f} s, at most {max(seconds):.2f} s, "
        f"{queries} queries, {statistics.mean(sizes) / 1024:.0f} KiB, "
        f"{'-'.join(map(str, sorted(pages)))} pages); zip of {len(archive.content) / 2**20:.1f} MiB "
        f"in {zipped:.2f} s\n"
    )

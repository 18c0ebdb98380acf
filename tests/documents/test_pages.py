"""The page on which one waits, and the door by which the file leaves."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.documents.actions.jobs import STALE_AFTER, request_render, run_job
from cdppe.documents.models import JobState, RenderJob
from cdppe.documents.registry import Progress, RenderedDocument
from cdppe.lib.errors import MissingPiece
from tests.documents.conftest import CONTENT, Kind
from tests.factories import UserFactory

HTMX = {"HX-Request": "true"}


@pytest.fixture
def waiting(person: User) -> RenderJob:
    return request_render("essai", "38", title="Contrat – Isère", by=person)


@pytest.fixture
def done(waiting: RenderJob) -> RenderJob:
    run_job(waiting.pk)
    return RenderJob.objects.get()


@pytest.fixture
def failed(waiting: RenderJob, kind: Kind) -> RenderJob:
    def render(subject: str, progress: Progress) -> RenderedDocument:
        raise MissingPiece("Il manque <b>tout</b>.")

    kind.render = render
    run_job(waiting.pk)
    return RenderJob.objects.get()


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def test_the_bar_says_where_the_job_is_and_asks_again_every_second(person: User, waiting: RenderJob) -> None:
    RenderJob.objects.update(state=JobState.RUNNING, attempts=1, progress=42, step="Mise en page : page 7")
    page = signed_in(person).get(f"/documents/{waiting.pk}/").content.decode()
    assert 'role="progressbar"' in page
    assert 'aria-valuenow="42"' in page
    assert "Mise en page : page 7" in page
    assert f'hx-get="/documents/{waiting.pk}/avancement/" hx-trigger="every 1s"' in page
    assert 'role="status"' in page
    assert f'<a href="/documents/{waiting.pk}/">Actualiser</a>' in page, "without JavaScript"


def test_the_part_that_changes_is_the_same_alone_as_in_the_page(person: User, waiting: RenderJob) -> None:
    browser = signed_in(person)
    part = browser.get(f"/documents/{waiting.pk}/avancement/", headers=HTMX).content.decode()
    page = browser.get(f"/documents/{waiting.pk}/").content.decode()
    assert "<html" not in part
    assert part[part.index("<section") :].strip() in page


def test_a_finished_job_stops_asking_and_offers_its_file(person: User, done: RenderJob) -> None:
    part = signed_in(person).get(f"/documents/{done.pk}/avancement/", headers=HTMX).content.decode()
    assert "hx-get" not in part
    assert f"/documents/{done.pk}/telecharger/" in part
    assert hashlib.sha256(CONTENT).hexdigest() in part
    assert "hx-swap-oob" in part, "the end is read aloud"
    assert f"{len(CONTENT)}\xa0octets" in part


def test_a_failed_job_says_why_and_a_new_try_is_a_new_job(person: User, failed: RenderJob) -> None:
    browser = signed_in(person)
    page = browser.get(f"/documents/{failed.pk}/").content.decode()
    assert "Il manque &lt;b&gt;tout&lt;/b&gt;." in page
    answer = browser.post(f"/documents/{failed.pk}/nouvel-essai/")
    retried = RenderJob.objects.exclude(pk=failed.pk).get()
    assert answer.headers["Location"] == f"/documents/{retried.pk}/"
    assert (retried.state, retried.subject, retried.title) == (JobState.QUEUED, "38", failed.title)
    assert RenderJob.objects.get(pk=failed.pk).state == JobState.FAILED


def test_a_job_that_has_not_failed_is_not_tried_again(person: User, done: RenderJob) -> None:
    answer = signed_in(person).post(f"/documents/{done.pk}/nouvel-essai/")
    assert answer.headers["Location"] == f"/documents/{done.pk}/"
    assert RenderJob.objects.count() == 1


def test_who_only_reads_is_not_offered_a_new_try(kind: Kind, failed: RenderJob) -> None:
    reader = UserFactory()
    kind.readers.append(reader)
    browser = signed_in(reader)
    assert "nouvel-essai" not in browser.get(f"/documents/{failed.pk}/").content.decode()
    assert browser.post(f"/documents/{failed.pk}/nouvel-essai/").status_code == 403


def test_the_file_leaves_as_an_attachment_that_no_browser_interprets(person: User, done: RenderJob) -> None:
    answer = signed_in(person).get(f"/documents/{done.pk}/telecharger/")
    assert answer.content == CONTENT
    assert answer.headers["Content-Disposition"] == 'attachment; filename="38.pdf"'
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("page", ["", "avancement/", "telecharger/"])
def test_a_document_does_not_exist_for_who_may_not_see_it(done: RenderJob, page: str) -> None:
    assert signed_in(UserFactory()).get(f"/documents/{done.pk}/{page}").status_code == 404


def test_a_foreign_retry_does_not_exist_either(failed: RenderJob) -> None:
    assert signed_in(UserFactory()).post(f"/documents/{failed.pk}/nouvel-essai/").status_code == 404
    assert RenderJob.objects.count() == 1


def test_a_job_of_a_kind_that_is_gone_does_not_exist(person: User, done: RenderJob) -> None:
    RenderJob.objects.update(kind="disparu")
    assert signed_in(person).get(f"/documents/{done.pk}/").status_code == 404


def test_nothing_is_downloaded_before_the_end(person: User, waiting: RenderJob) -> None:
    assert signed_in(person).get(f"/documents/{waiting.pk}/telecharger/").status_code == 404


def test_a_changed_file_is_not_sent(person: User, done: RenderJob, caplog: pytest.LogCaptureFixture) -> None:
    assert done.file is not None
    Path(done.file.content.path).write_bytes(b"forged")
    answer = signed_in(person).get(f"/documents/{done.pk}/telecharger/")
    assert answer.status_code == 500
    assert "ne correspond plus à son empreinte" in answer.content.decode()
    assert b"forged" not in answer.content
    assert "damaged" in caplog.text


def test_waiting_on_the_page_takes_a_lost_job_up_again(person: User, waiting: RenderJob) -> None:
    """The process of the one thread was restarted: who still looks at the page puts the job on its way."""
    RenderJob.objects.update(
        state=JobState.RUNNING,
        attempts=1,
        progress=60,
        heartbeat_at=timezone.now() - STALE_AFTER - dt.timedelta(seconds=1),
    )
    page = signed_in(person).get(f"/documents/{waiting.pk}/").content.decode()
    assert "En attente" in page
    assert RenderJob.objects.get().state == JobState.QUEUED

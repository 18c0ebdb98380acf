"""The life of a job: asked for, claimed, done or failed, lost and taken up again."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.documents.actions.files import read_file
from cdppe.documents.actions.jobs import (
    MAX_ATTEMPTS,
    STALE_AFTER,
    request_render,
    requeue_lost_jobs,
    run_job,
)
from cdppe.documents.models import JobState, RenderJob, StoredFile
from cdppe.documents.registry import Progress, RenderedDocument
from cdppe.lib.errors import MissingPiece
from tests.documents.conftest import CONTENT, Kind, renders_words
from tests.factories import UserFactory

LONG_AGO = STALE_AFTER + dt.timedelta(seconds=1)


def ask(person: User, subject: str = "38") -> RenderJob:
    return request_render("essai", subject, title=f"Essai {subject}", by=person)


def now(job: RenderJob) -> RenderJob:
    return RenderJob.objects.get(pk=job.pk)


def silence(job: RenderJob, **fields: Any) -> None:
    """Make the job one of which nothing was heard for more than a minute."""
    RenderJob.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - LONG_AGO, **fields)


def test_a_job_that_was_asked_for_waits(person: User) -> None:
    job = ask(person)
    assert (job.state, job.progress, job.attempts, job.requested_by) == (JobState.QUEUED, 0, 0, person)


def test_an_unknown_kind_is_refused_before_anything_is_written(person: User) -> None:
    with pytest.raises(KeyError):
        request_render("inconnu", "38", title="Essai", by=person)
    assert not RenderJob.objects.exists()


def test_the_same_person_asking_again_gets_the_job_that_waits(person: User) -> None:
    first = ask(person)
    assert ask(person) == first
    RenderJob.objects.filter(pk=first.pk).update(state=JobState.RUNNING, attempts=1)
    assert ask(person) == first


def test_another_person_another_subject_or_a_finished_job_makes_a_new_one(person: User) -> None:
    first = ask(person)
    others = {ask(UserFactory()).pk, ask(person, "63").pk}
    run_job(first.pk)
    others.add(ask(person).pk)
    assert first.pk not in others
    assert len(others) == 3


def test_a_job_is_handed_out_once_and_only_when_the_transaction_is_committed(
    person: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        ask(person)
        ask(person)
    assert len(callbacks) == 1


def test_a_finished_job_has_its_file_its_fingerprint_and_its_dates(person: User) -> None:
    job = ask(person)
    run_job(job.pk)
    job = now(job)
    assert (job.state, job.progress, job.attempts, job.error) == (JobState.DONE, 100, 1, "")
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.file is not None
    assert job.file.name == "38.pdf"
    assert job.file.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert job.file.size == len(CONTENT)
    assert read_file(job.file) == CONTENT


def test_running_a_job_twice_renders_it_once(person: User, kind: Kind) -> None:
    rendered = []

    def render(subject: str, progress: Progress) -> RenderedDocument:
        rendered.append(subject)
        return renders_words(subject, progress)

    kind.render = render
    job = ask(person)
    run_job(job.pk)
    run_job(job.pk)
    assert rendered == ["38"]
    assert StoredFile.objects.count() == 1
    assert now(job).attempts == 1


def test_a_job_that_runs_elsewhere_is_left_alone(person: User, kind: Kind) -> None:
    def render(subject: str, progress: Progress) -> RenderedDocument:
        raise AssertionError("rendered a second time")

    kind.render = render
    job = ask(person)
    RenderJob.objects.filter(pk=job.pk).update(state=JobState.RUNNING, attempts=1)
    run_job(job.pk)
    assert now(job).state == JobState.RUNNING


def test_an_unknown_job_is_nobodys_business(db: None) -> None:
    run_job(uuid.uuid4())


def test_progress_is_written_while_the_renderer_works_and_never_goes_backwards(
    person: User, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdppe.documents.actions.jobs.SECONDS_BETWEEN_WRITES", 0)
    seen = []

    def render(subject: str, progress: Progress) -> RenderedDocument:
        for percent, step in [(30, "Page 1"), (20, "Page 2"), (100, "Page 3")]:
            progress(percent, step)
            job = RenderJob.objects.get()
            seen.append((job.state, job.progress, job.step))
        return renders_words(subject, progress)

    kind.render = render
    run_job(ask(person).pk)
    running = JobState.RUNNING
    assert seen == [(running, 30, "Page 1"), (running, 30, "Page 2"), (running, 99, "Page 3")]


def test_a_hundred_pages_within_half_a_second_are_one_write(
    person: User, kind: Kind, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    def render(subject: str, progress: Progress) -> RenderedDocument:
        with django_assert_max_num_queries(1):
            for page in range(100):
                progress(page, f"Page {page}")
        return renders_words(subject, progress)

    kind.render = render
    job = ask(person)
    run_job(job.pk)
    assert now(job).state == JobState.DONE


def test_a_refusal_of_a_rule_becomes_the_cause_that_people_read(person: User, kind: Kind) -> None:
    def render(subject: str, progress: Progress) -> RenderedDocument:
        raise MissingPiece("La campagne n’a pas de contrat-type.")

    kind.render = render
    job = ask(person)
    run_job(job.pk)
    job = now(job)
    assert (job.state, job.error) == (JobState.FAILED, "La campagne n’a pas de contrat-type.")
    assert job.finished_at is not None


def test_an_unexpected_error_is_logged_and_people_read_what_to_do(
    person: User, kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    def render(subject: str, progress: Progress) -> RenderedDocument:
        raise ZeroDivisionError("secret detail")

    kind.render = render
    job = ask(person)
    run_job(job.pk)
    job = now(job)
    assert job.state == JobState.FAILED
    assert "Réessayez" in job.error
    assert "secret" not in job.error
    assert "ZeroDivisionError" in caplog.text


def test_what_is_heard_of_is_left_to_its_runner(person: User) -> None:
    ask(person)
    RenderJob.objects.update(state=JobState.RUNNING, attempts=1)
    assert requeue_lost_jobs() == 0
    assert RenderJob.objects.get().state == JobState.RUNNING


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.QUEUED])
def test_a_job_of_which_nothing_is_heard_waits_again_and_then_comes(
    person: User, state: JobState, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    job = ask(person)
    silence(job, state=state, attempts=1, progress=40)
    with django_capture_on_commit_callbacks() as callbacks:
        assert requeue_lost_jobs() == 1
        assert requeue_lost_jobs() == 0, "it was handed out a moment ago"
    assert len(callbacks) == 1
    assert (now(job).state, now(job).progress) == (JobState.QUEUED, 0)
    run_job(job.pk)
    assert (now(job).state, now(job).attempts) == (JobState.DONE, 2)


def test_a_job_that_was_lost_too_often_fails_with_a_sentence(person: User) -> None:
    job = ask(person)
    silence(job, state=JobState.RUNNING, attempts=MAX_ATTEMPTS)
    assert requeue_lost_jobs() == 0
    assert now(job).state == JobState.FAILED
    assert "interrompue plusieurs fois" in now(job).error


def fails(subject: str, progress: Any) -> Any:
    raise ZeroDivisionError


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED])
def test_a_finished_job_is_never_taken_up_again(person: User, kind: Kind, state: JobState) -> None:
    if state == JobState.FAILED:
        kind.render = fails
    job = ask(person)
    run_job(job.pk)
    silence(job)
    assert requeue_lost_jobs() == 0
    assert now(job).state == state


def test_a_runner_believed_dead_cannot_overwrite_the_one_that_took_its_place(
    person: User, kind: Kind, settings: Any, tmp_path: Path
) -> None:
    """The slow first runner comes back while the second is at work: nothing of its own stays, not a byte."""
    settings.MEDIA_ROOT = tmp_path  # the common one also holds what other tests write at the same moment

    def slow(subject: str, progress: Progress) -> RenderedDocument:
        silence(job)
        requeue_lost_jobs()
        RenderJob.objects.update(state=JobState.RUNNING, attempts=2)
        return RenderedDocument("perdu.pdf", "application/pdf", b"too late")

    kind.render = slow
    job = ask(person)
    run_job(job.pk)
    assert (now(job).state, now(job).attempts) == (JobState.RUNNING, 2)
    assert not StoredFile.objects.exists()
    assert (tmp_path / "documents").is_dir(), "its file was written here, and taken away"
    assert not list(tmp_path.rglob("*.pdf"))


def test_a_runner_believed_dead_that_ends_before_anybody_else_starts_is_welcome(
    person: User, kind: Kind
) -> None:
    def slow(subject: str, progress: Progress) -> RenderedDocument:
        silence(job)
        requeue_lost_jobs()
        return renders_words(subject, progress)

    kind.render = slow
    job = ask(person)
    run_job(job.pk)
    assert now(job).state == JobState.DONE


def test_a_runner_that_was_replaced_stops_at_its_next_sign_of_progress(
    person: User, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdppe.documents.actions.jobs.SECONDS_BETWEEN_WRITES", 0)
    reached = []

    def slow(subject: str, progress: Progress) -> RenderedDocument:
        RenderJob.objects.update(attempts=2)
        progress(50, "Page 1")
        reached.append("the end")
        return renders_words(subject, progress)

    kind.render = slow
    job = ask(person)
    run_job(job.pk)
    assert reached == []
    assert now(job).state == JobState.RUNNING


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("render_job_progress_is_a_percentage", {"progress": 101}),
        ("render_job_done_has_its_file", {"state": JobState.DONE}),
        ("render_job_failed_says_why", {"state": JobState.FAILED}),
    ],
)
def test_the_database_refuses_a_job_that_makes_no_sense(
    person: User, constraint: str, fields: dict[str, Any]
) -> None:
    job = ask(person)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        RenderJob.objects.filter(pk=job.pk).update(**fields)

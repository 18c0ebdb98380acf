"""Handing out a job: one thread of this process, or Celery; a broker that is down loses nothing."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from celery import current_app
from kombu.exceptions import OperationalError

from cdppe.documents import engine
from cdppe.documents.actions.jobs import request_render
from cdppe.documents.models import JobState, RenderJob
from cdppe.lib.origin import BACKGROUND_TASK, current_origin
from tests.documents.conftest import Kind
from tests.factories import UserFactory

SECONDS = 10


def test_the_thread_runs_jobs_one_after_the_other_and_survives_one_that_fails(
    settings: Any, django_capture_on_commit_callbacks: Any, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    settings.JOB_ENGINE = "thread"
    ran: list[tuple[uuid.UUID, str, str]] = []
    finished = threading.Event()
    first, second = uuid.uuid4(), uuid.uuid4()

    def run(job_id: uuid.UUID) -> None:
        ran.append((job_id, threading.current_thread().name, current_origin()))
        if job_id == first:
            raise ZeroDivisionError
        finished.set()

    with django_capture_on_commit_callbacks(execute=True):
        engine.hand_out(first, run)
        engine.hand_out(second, run)
    assert finished.wait(SECONDS)
    assert ran == [(first, "documents", BACKGROUND_TASK), (second, "documents", BACKGROUND_TASK)]
    assert str(first) in caplog.text


def test_celery_is_given_the_identifier_and_nothing_else(
    settings: Any, django_capture_on_commit_callbacks: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOB_ENGINE = "celery"
    sent: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args: sent.append((name, args)))
    job_id = uuid.uuid4()
    with django_capture_on_commit_callbacks(execute=True):
        engine.hand_out(job_id, lambda job_id: None)
    assert sent == [("cdppe.documents.tasks.run_job", [str(job_id)])]
    current_app.loader.import_default_modules()
    assert sent[0][0] in current_app.tasks


def test_the_clocks_task_exists_under_the_name_of_the_settings(settings: Any) -> None:
    current_app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(current_app.tasks)


def test_a_broker_that_is_down_leaves_the_job_waiting(
    settings: Any,
    django_capture_on_commit_callbacks: Any,
    kind: Kind,
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.JOB_ENGINE = "celery"

    def refuse(name: str, args: list[str]) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        job = request_render("essai", "38", title="Essai", by=UserFactory())
    assert RenderJob.objects.get(pk=job.pk).state == JobState.QUEUED
    assert "waits for the sweeper" in caplog.text

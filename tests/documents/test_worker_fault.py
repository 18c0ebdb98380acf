"""A worker killed in the middle of a document: the sweeper gives the job to another, and the PDF comes."""

from __future__ import annotations

import datetime as dt
import io
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
import redis
from django.conf import settings
from django.utils import timezone

from cdppe.documents.actions.files import read_file
from cdppe.documents.actions.jobs import STALE_AFTER, request_render, requeue_lost_jobs
from cdppe.documents.models import JobState, RenderJob
from tests.contracts.contract_documents import add_sheet, bare_contract, fill
from tests.factories import UserFactory
from tests.services import celery_worker

SECONDS = 120


def wait_for(job: RenderJob, reached: Callable[[RenderJob], bool]) -> RenderJob:
    """The job once it is so; fails with where it stands after two minutes."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        current = RenderJob.objects.select_related("file").get(pk=job.pk)
        if reached(current):
            return current
        assert not current.is_finished, f"{current.state}: {current.error}"
        time.sleep(0.05)
    raise AssertionError(f"{current.state}, {current.progress} %, {current.step}")


@pytest.mark.fault
def test_a_worker_killed_in_the_middle_loses_nothing(
    transactional_db: None, servers_environment: dict[str, str], tmp_path: Path
) -> None:
    contract = fill(bare_contract())
    for number in range(30):
        add_sheet(contract, description=f"Phrase de la fiche {number}. " * 60)
    with celery_worker(tmp_path, servers_environment) as worker:
        job = request_render("contract", contract.reference, title="Contrat", by=UserFactory())
        wait_for(job, lambda job: job.state == JobState.RUNNING and job.progress >= 15)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    with redis.Redis.from_url(servers_environment["REDIS_URL"]) as client:
        # The broker lost its queue too, as a Redis without a journal does: only the database knows the job.
        client.flushdb()
    lost = RenderJob.objects.get()
    assert (lost.state, lost.attempts, lost.file) == (JobState.RUNNING, 1, None)
    assert requeue_lost_jobs() == 0, "a moment of silence is not a death"
    silence = timezone.now() - STALE_AFTER - dt.timedelta(seconds=1)
    RenderJob.objects.update(heartbeat_at=silence)
    with celery_worker(tmp_path, servers_environment):
        assert settings.JOB_ENGINE == "celery"
        assert requeue_lost_jobs() == 1
        done = wait_for(job, lambda job: job.state == JobState.DONE)
    assert done.attempts == 2
    assert done.file is not None
    reader = pypdf.PdfReader(io.BytesIO(read_file(done.file)))
    assert "Phrase de la fiche 29" in reader.pages[-1].extract_text()

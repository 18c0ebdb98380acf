"""What Celery calls: thin doors to the actions."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from cdppe.documents.actions import jobs


@shared_task(name="cdppe.documents.tasks.run_job")
def run_job(job_id: str) -> None:
    """Render one job (a message may come twice: the second finds nothing to do)."""
    jobs.run_job(UUID(job_id))


@shared_task(name="cdppe.documents.tasks.requeue_lost_jobs")
def requeue_lost_jobs() -> int:
    """Called by the clock every minute: hand out again the jobs that nobody works on any more."""
    return jobs.requeue_lost_jobs()

"""The life of a job: asked for, claimed, told about, done or failed; and taken up again when it is lost.

The row of the database is the only truth. Whoever runs a job first claims it by a conditional UPDATE, which
counts the attempt; every later write names that attempt, so that a runner that was believed dead cannot
overwrite the work of the one that took its place. Hence `run_job` may be called any number of times, by any
number of processes, for the same job.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Mapping
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cdppe.documents.actions.files import discard_file, store_file
from cdppe.documents.engine import hand_out
from cdppe.documents.models import JobState, RenderJob, StoredFile
from cdppe.documents.registry import RenderedDocument, document_kind
from cdppe.lib.errors import RuleViolation

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
# A renderer tells its progress every few seconds at the least; a minute of silence is a dead process.
STALE_AFTER = dt.timedelta(minutes=1)
# A write for each of a hundred pages would be for nobody: the page looks once a second.
SECONDS_BETWEEN_WRITES = 0.5

WAITING = "En attente d’un serveur disponible"
STARTING = "Préparation du document"
UNEXPECTED_FAILURE = (
    "Le document n’a pas pu être produit à cause d’une erreur de l’application. "
    "Réessayez ; si l’échec se répète, transmettez à l’assistance le numéro de cette demande."
)
LOST_TOO_OFTEN = (
    "La production du document s’est interrompue plusieurs fois sans aboutir. "
    "Réessayez ; si l’échec se répète, transmettez à l’assistance le numéro de cette demande."
)


class JobTakenOver(Exception):
    """Another runner has this job now: whatever this one still does is for nobody."""


def request_render(kind: str, subject: str, *, title: str, by: AbstractBaseUser | None) -> RenderJob:
    """Ask for the document `kind` of `subject`; the job, queued, or the one that `by` already waits for.

    `title` is what people read on the progress page. `by` is None for a demand of the application itself. The
    job is handed out once the transaction in course is committed. Raises KeyError for an unknown kind.
    """
    return request_renders(kind, {subject: title}, by=by)[subject]


def request_renders(
    kind: str, titles: Mapping[str, str], *, by: AbstractBaseUser | None
) -> dict[str, RenderJob]:
    """Ask for several documents together: {subject: title} in, {subject: its job} out.

    As `request_render` does for each, in as many queries for a hundred as for one.
    """
    document_kind(kind)
    with transaction.atomic():
        found: dict[str, RenderJob] = {}
        if by is not None:
            # Two clicks at once come one after the other, and the second finds the jobs of the first.
            get_user_model().objects.select_for_update().get(pk=by.pk)
            waiting = RenderJob.objects.unfinished().filter(
                kind=kind, subject__in=list(titles), requested_by=by
            )
            for job in waiting:
                found.setdefault(job.subject, job)
        jobs = RenderJob.objects.bulk_create(
            RenderJob(
                kind=kind,
                subject=subject,
                title=title,
                requested_by=by,
                step=WAITING,
                heartbeat_at=timezone.now(),
            )
            for subject, title in titles.items()
            if subject not in found
        )
        for job in jobs:
            hand_out(job.pk, run_job)
    return found | {job.subject: job for job in jobs}


def run_job(job_id: UUID) -> None:
    """Render the job if it waits, store its file and record it as done, or record why it failed.

    Never call it inside a transaction: its progress must be seen while it works. Does nothing when the job is
    not waiting (already running, done, failed, or unknown).
    """
    attempt = _claim(job_id)
    if attempt is None:
        return
    job = RenderJob.objects.get(pk=job_id)
    progress = _ProgressInDatabase(job_id, attempt)
    try:
        document = document_kind(job.kind).render(job.subject, progress)
        _finish(job_id, attempt, document)
    except JobTakenOver:
        logger.warning("job %s, attempt %s: another runner took it over", job_id, attempt)
    except RuleViolation as refusal:
        _fail(job_id, attempt, str(refusal))
    except Exception:
        # Whatever went wrong, somebody waits on the page: the job says so and the log says why.
        logger.exception("job %s, attempt %s, failed", job_id, attempt)
        _fail(job_id, attempt, UNEXPECTED_FAILURE)
    else:
        _tell(job)


def requeue_lost_jobs(*, stale_after: dt.timedelta = STALE_AFTER) -> int:
    """Hand out again every job of which nothing was heard for `stale_after`; how many.

    A waiting job whose message was lost is handed out again, a running one whose runner died waits again. One
    that was started `MAX_ATTEMPTS` times fails: it probably kills whoever renders it.
    """
    silent = Q(heartbeat_at__lt=timezone.now() - stale_after) | Q(heartbeat_at__isnull=True)
    count = 0
    for job in RenderJob.objects.unfinished().filter(silent):
        # The row may have moved since it was read: each update names what it saw.
        as_seen = RenderJob.objects.filter(silent, pk=job.pk, state=job.state, attempts=job.attempts)
        if job.attempts >= MAX_ATTEMPTS:
            as_seen.update(state=JobState.FAILED, error=LOST_TOO_OFTEN, finished_at=timezone.now())
            continue
        with transaction.atomic():
            if as_seen.update(state=JobState.QUEUED, step=WAITING, progress=0, heartbeat_at=timezone.now()):
                hand_out(job.pk, run_job)
                count += 1
    return count


class _ProgressInDatabase:
    """Writes where a renderer is, at most every half second, and thereby that it is alive."""

    def __init__(self, job_id: UUID, attempt: int) -> None:
        self._job_id = job_id
        self._attempt = attempt
        self._written_at = 0.0
        self._percent = 0

    def __call__(self, percent: int, step: str) -> None:
        now = time.monotonic()
        if now - self._written_at < SECONDS_BETWEEN_WRITES:
            return
        self._written_at = now
        # Never backwards, and 100 only with the file.
        self._percent = max(self._percent, min(percent, 99))
        _update_own(
            self._job_id,
            self._attempt,
            progress=self._percent,
            step=step[:200],
            heartbeat_at=timezone.now(),
        )


def _claim(job_id: UUID) -> int | None:
    """Take the waiting job; the number of this attempt, or None when it is not waiting."""
    now = timezone.now()
    claimed = RenderJob.objects.filter(pk=job_id, state=JobState.QUEUED).update(
        state=JobState.RUNNING,
        attempts=F("attempts") + 1,
        progress=0,
        step=STARTING,
        started_at=now,
        heartbeat_at=now,
    )
    if not claimed:
        return None
    return RenderJob.objects.values_list("attempts", flat=True).get(pk=job_id)


def _update_own(job_id: UUID, attempt: int, **fields: object) -> None:
    mine = RenderJob.objects.filter(pk=job_id, attempts=attempt).unfinished()
    if not mine.update(**fields):
        raise JobTakenOver


def _finish(job_id: UUID, attempt: int, document: RenderedDocument) -> None:
    stored: StoredFile | None = None
    try:
        with transaction.atomic():
            stored = store_file(document)
            _update_own(
                job_id,
                attempt,
                state=JobState.DONE,
                progress=100,
                step="",
                file=stored,
                finished_at=timezone.now(),
            )
    except Exception:
        if stored is not None:
            discard_file(stored)
        raise


def _tell(job: RenderJob) -> None:
    """Tell the owner of the kind that the file is there; the document stays done whatever becomes of it."""
    on_done = document_kind(job.kind).on_done
    if on_done is None:
        return
    try:
        on_done(job.subject, job.pk)
    except Exception:
        logger.exception("job %s is done, but its owner could not be told", job.pk)


def _fail(job_id: UUID, attempt: int, sentence: str) -> None:
    RenderJob.objects.filter(pk=job_id, attempts=attempt).unfinished().update(
        state=JobState.FAILED, error=sentence[:500], finished_at=timezone.now()
    )

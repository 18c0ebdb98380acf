"""The page on which one waits for a document, and the door by which its file leaves."""

from __future__ import annotations

import logging
from typing import cast
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cdppe.documents.actions.files import DamagedFile, read_file
from cdppe.documents.actions.jobs import request_render, requeue_lost_jobs
from cdppe.documents.models import JobState, RenderJob
from cdppe.documents.registry import DocumentKind, document_kind

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def job_page(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Where the document stands; the part that changes is asked for again every second."""
    return render(request, "documents/job.html", _job_context(request, job_id))


@require_safe
@never_cache
def job_progress(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The part of the page that changes, alone."""
    return render(request, "documents/_progress.html", _job_context(request, job_id))


@require_POST
def job_retry(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Ask again for a document whose production failed: a new demand, the failed one stays on record."""
    job, kind = _get_job(request, job_id)
    if not kind.may_render(request.user, job.subject):
        raise PermissionDenied
    if job.state == JobState.FAILED:
        job = request_render(job.kind, job.subject, title=job.title, by=cast(AbstractBaseUser, request.user))
    return redirect("documents:job", job_id=job.pk)


@require_safe
def job_download(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """The file, for those who may see the document, if its bytes are still those that were stored."""
    job, _ = _get_job(request, job_id)
    if job.file is None:
        raise Http404
    try:
        content = read_file(job.file)
    except DamagedFile as damage:
        logger.exception("stored file %s of job %s is damaged", job.file.pk, job.pk)
        return render(request, "documents/damaged.html", {"sentence": str(damage), "job": job}, status=500)
    return HttpResponse(
        content,
        content_type=job.file.media_type,
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=job.file.name),
            "Content-Length": str(job.file.size),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _get_job(request: HttpRequest, job_id: UUID) -> tuple[RenderJob, DocumentKind]:
    """The job and its kind, for somebody who may see the document; 404 for everybody else."""
    job = get_object_or_404(RenderJob.objects.select_related("file", "requested_by"), pk=job_id)
    try:
        kind = document_kind(job.kind)
    except KeyError as error:
        raise Http404 from error
    if not kind.visible_to(request.user, job.subject):
        raise Http404
    return job, kind


def _job_context(request: HttpRequest, job_id: UUID) -> dict[str, object]:
    job, kind = _get_job(request, job_id)
    if not job.is_finished and requeue_lost_jobs():
        # Somebody waits for a job that nobody works on any more (this process has just been restarted, or
        # the clock is not running): it is on its way again.
        job.refresh_from_db()
    back_url, back_label = kind.way_back(request.user, job.subject)
    return {
        "job": job,
        "back_url": back_url,
        "back_label": back_label,
        "may_retry": job.state == JobState.FAILED and kind.may_render(request.user, job.subject),
        "is_partial": request.headers.get("HX-Request") == "true",
    }

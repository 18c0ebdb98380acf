"""The door by which a signed file leaves."""

from __future__ import annotations

import logging
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from agreements.models import SignedFile
from cdppe.documents.actions.files import DamagedFile, read_file
from contracts.views.access import signed_in

logger = logging.getLogger(__name__)


@require_safe
def signed_file_download(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The bytes as they were handed in, once the antivirus allows it; else a page that says why not (409)."""
    signed_file = get_object_or_404(
        SignedFile.objects.visible_to(signed_in(request)).select_related("file", "version__contract"), uid=uid
    )
    refusal, status = signed_file.refusal_to_serve, 409
    content = b""
    if not refusal:
        try:
            content = read_file(signed_file.file)
        except DamagedFile as damage:
            logger.exception("stored file %s of signed file %s is damaged", signed_file.file.pk, uid)
            refusal, status = str(damage), 500
    if refusal:
        context = {"signed_file": signed_file, "contract": signed_file.version.contract, "sentence": refusal}
        return render(request, "agreements/signed_file_refused.html", context, status=status)
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=True, filename=signed_file.file.name
            ),
            "Content-Length": str(len(content)),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )

"""The notification letters of a publication: asked for, followed, downloaded together (annexe 4; rule F8).

One letter is downloaded by the door of every document (`documents:job-download`). Following takes
ALLOCATION_READ; asking takes ALLOCATION_PUBLISH.
"""

from __future__ import annotations

import io
import logging
import zipfile

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cdppe.accounts.abilities import Ability, can
from cdppe.documents.actions.files import DamagedFile, read_file
from cdppe.documents.actions.jobs import requeue_lost_jobs
from cdppe.lib.errors import RuleViolation
from contracts.views.access import signed_in
from funding.actions.letters import request_letters
from funding.letters import letters_context
from funding.models import Publication

logger = logging.getLogger(__name__)

MISSING_NAME = "lettres-manquantes.txt"


@require_POST
def letters_request(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Ask for every letter that is not there yet, and go back to the publication, which shows them come."""
    publication = _get_publication(request, code, pk, Ability.ALLOCATION_PUBLISH)
    try:
        count = request_letters(publication, by=signed_in(request))
    except RuleViolation as refusal:
        messages.error(request, str(refusal))
    else:
        if not count:
            messages.info(request, "Toutes les lettres sont déjà produites ou en cours de production.")
    return _back(publication)


@require_safe
@never_cache
def letters_progress(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The part of the publication's page that changes while its letters are rendered."""
    publication = _get_publication(request, code, pk, Ability.ALLOCATION_READ)
    context = letters_context(publication)
    if context["counts"].waiting and requeue_lost_jobs():
        # Somebody waits for jobs that nobody works on any more: they are on their way again.
        context = letters_context(publication)
    context["is_partial"] = request.headers.get("HX-Request") == "true"
    context["may_publish"] = can(signed_in(request), Ability.ALLOCATION_PUBLISH)
    return render(request, "funding/letters.html", context)


@require_safe
def letters_download(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Every letter that is there as one zip; those that are missing are named in a text file in it."""
    publication = _get_publication(request, code, pk, Ability.ALLOCATION_READ)
    shown = letters_context(publication)
    files = [letter.job.file for letter in shown["letters"] if letter.job and letter.job.file]
    if not files:
        messages.warning(request, "Aucune lettre n’est encore produite : il n’y a rien à télécharger.")
        return _back(publication)
    content = io.BytesIO()
    try:
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.writestr(file.name, read_file(file))
            if shown["missing"]:
                lines = [f"{len(shown['missing'])} lettre(s) ne sont pas encore produites :"]
                lines += [str(territory) for territory in shown["missing"]]
                archive.writestr(MISSING_NAME, "\n".join(lines) + "\n")
    except DamagedFile as damage:
        logger.exception("a letter of publication %s is damaged", publication.pk)
        messages.error(request, str(damage))
        return _back(publication)
    name = slugify(f"notifications-{code}-{publication.year}-publication-{publication.pk}")
    return HttpResponse(
        content.getvalue(),
        content_type="application/zip",
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=f"{name}.zip"),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _get_publication(request: HttpRequest, code: str, pk: int, ability: Ability) -> Publication:
    if not can(signed_in(request), ability):
        raise PermissionDenied
    return get_object_or_404(Publication.objects.select_related("campaign"), campaign__code=code, pk=pk)


def _back(publication: Publication) -> HttpResponse:
    return redirect("funding:publication-detail", publication.campaign.code, publication.pk)

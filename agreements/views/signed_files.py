"""Signed files: handed in, examined before one's eyes, told what they prove, given back (rule K4)."""

from __future__ import annotations

import logging
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agreements.actions.signature_files import deposit_signed_file, record_proofs
from agreements.actions.signed_files import confirm_pages, request_examination
from agreements.documents import pdf_job_of
from agreements.forms.signed_files import ConfirmPagesForm, DepositForm, ProofForm
from agreements.models import SignedFile, SignedFileKind
from agreements.signature_files import (
    file_lines,
    file_page,
    missing_to_deposit,
    parties_left,
    positions_without_code,
    signatures_of,
    standing_signatures,
    with_proofs,
)
from agreements.signing.scans import page_picture
from cdppe.accounts.abilities import Ability, can
from cdppe.documents.actions.files import DamagedFile, read_file
from cdppe.documents.actions.jobs import requeue_lost_jobs
from cdppe.documents.models import JobState
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.views.access import get_contract, refusals_in, refusals_shown, refused, signed_in

logger = logging.getLogger(__name__)

TAB = "agreements"


@require_safe
def signed_files(request: HttpRequest, reference: str) -> HttpResponse:
    """Every signed file of the contract, newest first."""
    contract = get_contract(request, reference)
    lines = file_lines(contract, signed_in(request))
    return render(request, "agreements/signed_files.html", {"contract": contract, "tab": TAB, "lines": lines})


@require_http_methods(["GET", "POST"])
@refusals_shown
def signed_file_deposit(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Hand in a signed copy of a version; it is examined in the background."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    version = get_object_or_404(
        contract.versions.without_texts().select_related("contract__territory", "proposal"), number=number
    )
    form = DepositForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form, "file"):
            received = deposit_signed_file(
                version,
                kind=SignedFileKind(form.cleaned_data["kind"]),
                name=form.cleaned_data["file"].name or "",
                content=form.content,
                by=signed_in(request),
            )
            messages.success(request, "Le fichier est déposé. Sa vérification a commencé.")
            return redirect("agreements:signed-file", received.uid)
    context = {
        "contract": contract,
        "tab": TAB,
        "version": version,
        "missing": missing_to_deposit(version),
        "pdf_job": pdf_job_of(version),
        "form": form,
    }
    return render(
        request, "agreements/signed_file_deposit.html", context, status=422 if form.is_bound else 200
    )


@require_safe
@never_cache
def signed_file(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What was and was not established of a signed file; while it is examined, how far that is."""
    return render(request, "agreements/signed_file.html", _context(request, uid))


@require_safe
@never_cache
def signed_file_progress(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The part of the page that changes, alone."""
    return render(request, "agreements/signed_file_state.html", _context(request, uid))


def _context(request: HttpRequest, uid: UUID) -> dict[str, object]:
    found = _get(request, uid)
    page = file_page(found, signed_in(request))
    if page.line.is_under_way and requeue_lost_jobs():
        # Nobody worked on it any more: it is on its way again.
        page = file_page(_get(request, uid), signed_in(request))
    return {
        "contract": found.version.contract,
        "tab": TAB,
        "page": page,
        "is_partial": request.headers.get("HX-Request") == "true",
    }


@require_POST
def signed_file_examine(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Ask again for an examination that failed."""
    found = _get(request, uid, Ability.DOCUMENT_RENDER)
    job = file_page(found, signed_in(request)).job
    if job is not None and job.state == JobState.FAILED:
        request_examination(found, by=signed_in(request))
    return redirect("agreements:signed-file", found.uid)


@require_http_methods(["GET", "POST"])
def signed_file_pages(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Look at the sheets whose code is unreadable, and say which page each is."""
    found = _get(request, uid, Ability.CONTRACT_EDIT)
    page = file_page(found, signed_in(request))
    if not page.may_confirm or found.pages is None:
        return _refused(
            request, found, "Aucune feuille de ce fichier n’attend d’être désignée : son résultat le dit."
        )
    form = ConfirmPagesForm(
        request.POST or None,
        positions=positions_without_code(found),
        total=found.pages.total,
        confirmed=found.confirmed,
    )
    if request.method == "POST" and form.is_valid():
        try:
            confirmed = confirm_pages(found, form.confirmed, by=signed_in(request))
        except RuleViolation as refusal:
            form.add_error(None, str(refusal))
        else:
            sentence = confirmed.pages.sentences[0] if confirmed.pages else ""
            messages.success(request, f"C’est enregistré. {sentence}")
            return redirect("agreements:signed-file", found.uid)
    context = {"contract": found.version.contract, "tab": TAB, "file": found, "form": form}
    return render(request, "agreements/signed_file_pages.html", context, status=422 if form.is_bound else 200)


@require_safe
def signed_file_picture(request: HttpRequest, uid: UUID, position: int) -> HttpResponse:
    """A small picture of one sheet of a scan, once the antivirus allows it."""
    found = _get(request, uid)
    is_shown = found.kind == SignedFileKind.SCAN and 1 <= position <= found.page_count
    picture = None
    if is_shown and not found.refusal_to_serve:
        try:
            picture = page_picture(read_file(found.file), position)
        except DamagedFile:
            logger.exception("stored file %s of signed file %s is damaged", found.file.pk, uid)
    if picture is None:
        raise Http404
    return HttpResponse(
        picture,
        content_type="image/png",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=600"},
    )


@require_http_methods(["GET", "POST"])
def signed_file_signatures(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Record, in one gesture, the signatures that an examined file proves."""
    found = _get(request, uid, Ability.CONTRACT_EDIT)
    page = file_page(found, signed_in(request))
    if not page.may_record:
        sentence = page.refusal_to_record or (
            "Toutes les signatures que ce fichier peut prouver sont enregistrées."
            if page.proofs
            else "Ce fichier n’a pas encore été vérifié : attendez le résultat."
        )
        return _refused(request, found, sentence)
    form = ProofForm(
        request.POST or None,
        parties=parties_left(found),
        signatures=[
            each for each in signatures_of(found, page.proofs) if each.is_usable and each.proof is None
        ],
        recorded=standing_signatures(found.version),
    )
    if request.method == "POST" and form.is_valid():
        try:
            recorded = record_proofs(found, form.proved, by=signed_in(request))
        except WrongState as refusal:
            return _refused(request, found, str(refusal))
        except RuleViolation as refusal:
            form.add_error(None, str(refusal))
        else:
            count = len(recorded)
            told = "La signature est enregistrée." if count == 1 else f"{count} signatures sont enregistrées."
            messages.success(request, told)
            return redirect("agreements:way", found.version.contract.reference)
    context = {"contract": found.version.contract, "tab": TAB, "page": page, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "agreements/signed_file_signatures.html", context, status=status)


@require_safe
def signed_file_download(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The bytes as they were handed in, once the antivirus allows it; else a page that says why not (409)."""
    found = _get(request, uid)
    refusal, status = found.refusal_to_serve, 409
    content = b""
    if not refusal:
        try:
            content = read_file(found.file)
        except DamagedFile as damage:
            logger.exception("stored file %s of signed file %s is damaged", found.file.pk, uid)
            refusal, status = str(damage), 500
    if refusal:
        context = {"signed_file": found, "contract": found.version.contract, "sentence": refusal}
        return render(request, "agreements/signed_file_refused.html", context, status=status)
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=found.file.name),
            "Content-Length": str(len(content)),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _get(request: HttpRequest, uid: UUID, ability: Ability | None = None) -> SignedFile:
    """The file `uid` with what its pages show, if the person may do `ability` on its contract."""
    user = signed_in(request)
    found: SignedFile = get_object_or_404(with_proofs(SignedFile.objects.visible_to(user)), uid=uid)
    if ability is not None and not can(user, ability, found.version.contract.territory):
        raise PermissionDenied
    return found


def _refused(request: HttpRequest, found: SignedFile, sentence: str) -> HttpResponse:
    return refused(request, found.version.contract, sentence, tab=TAB)

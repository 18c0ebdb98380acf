"""The public version of a signed contract: put online and taken offline by its parties, read by all."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agreements.actions.public_copies import (
    NOT_SIGNED,
    prepare_public_copy,
    publish_contract,
    withdraw_public_copy,
)
from agreements.forms import ReasonForm
from agreements.forms.public_copies import PublicSearchForm, PublishForm
from agreements.models import ContractVersion, PublicCopy
from agreements.public_text import public_lines, removed_counts
from agreements.public_version import public_html
from agreements.published import published_contracts, published_copy, published_places, text_that_replaced
from agreements.publishing import prepared_job, private_names, publishable_version
from cdppe.accounts.abilities import Ability, can
from cdppe.documents.actions.files import DamagedFile, read_file
from cdppe.documents.models import JobState
from cdppe.lib.errors import MissingPiece, WrongState
from cdppe.lib.paging import query_without_page
from contracts.models import Contract
from contracts.views.access import get_contract, refusals_shown, signed_in

logger = logging.getLogger(__name__)

TAB = "agreements"
COPIES_PER_PAGE = 20


# --- For the parties ---------------------------------------------------------------------------------------


@require_safe
def publication(request: HttpRequest, reference: str) -> HttpResponse:
    """Whether the contract is online, what comes next, and what was online before."""
    contract = get_contract(request, reference)
    version = publishable_version(contract)
    copies = contract.public_copies.select_related("published_by", "withdrawn_by", "file", "version")
    listed = list(copies)
    job = prepared_job(version, private_names(version)) if version else None
    online = next((each for each in listed if each.withdrawn_at is None), None)
    is_ready = job is not None and job.state == JobState.DONE
    replaced_by = text_that_replaced(online) if online is not None else None
    context = {
        "contract": contract,
        "tab": TAB,
        "version": version,
        "not_signed": NOT_SIGNED,
        "job": job,
        "is_ready": is_ready,
        "is_newer": is_ready and (online is None or job is None or online.file_id != job.file_id),
        "online": online,
        "replaced_by": replaced_by,
        # Of a contract taken over: what was typed of its paper was mended.
        "is_corrected": online is not None and replaced_by is None and online.version != version,
        "withdrawn": [each for each in listed if each.withdrawn_at is not None],
        "may_publish": can(signed_in(request), Ability.CONTRACT_PUBLISH, contract.territory),
    }
    return render(request, "agreements/publication.html", context)


@require_POST
@refusals_shown
def publication_prepare(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for the public version, and wait for it on its own page."""
    contract = get_contract(request, reference, Ability.CONTRACT_PUBLISH)
    job = prepare_public_copy(contract, by=signed_in(request))
    return redirect("documents:job", job_id=job.pk)


@require_http_methods(["GET", "POST"])
@refusals_shown
def publication_confirm(request: HttpRequest, reference: str) -> HttpResponse:
    """Read the very text that everybody will read (GET), then put it online (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_PUBLISH)
    version = publishable_version(contract)
    if version is None:
        raise WrongState(NOT_SIGNED)
    names = private_names(version)
    job = prepared_job(version, names)
    if job is None or job.file is None:
        raise MissingPiece(
            "La version publique n’est pas encore prête : préparez-la, relisez-la, puis confirmez."
        )
    form = PublishForm(request.POST or None, initial={"sha256": job.file.sha256})
    if request.method == "POST" and form.is_valid():
        publish_contract(contract, sha256=form.cleaned_data["sha256"], by=signed_in(request))
        messages.success(request, "La version publique du contrat est en ligne.")
        return redirect("agreements:publication", contract.reference)
    return _confirm_page(request, contract, version, names, job, form)


def _confirm_page(
    request: HttpRequest,
    contract: Contract,
    version: ContractVersion,
    names: tuple[str, ...],
    job: object,
    form: PublishForm,
) -> HttpResponse:
    lines = public_lines(public_html(version.html, names=names))
    context = {
        "contract": contract,
        "tab": TAB,
        "version": version,
        "job": job,
        "lines": lines,
        "removed": removed_counts(lines),
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return render(request, "agreements/publication_confirm.html", context, status=status)


@require_http_methods(["GET", "POST"])
@refusals_shown
def publication_withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take the public version offline, with a reason."""
    contract = get_contract(request, reference, Ability.CONTRACT_PUBLISH)
    if not contract.public_copies.standing().exists():
        raise WrongState("Aucune version publique de ce contrat n’est en ligne.")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        withdraw_public_copy(contract, **form.cleaned_data, by=signed_in(request))
        messages.success(request, "La version publique du contrat n’est plus en ligne.")
        return redirect("agreements:publication", contract.reference)
    context = {"contract": contract, "tab": TAB, "form": form}
    return render(
        request, "agreements/publication_withdraw.html", context, status=422 if form.is_bound else 200
    )


# --- For everybody (rule N2) -------------------------------------------------------------------------------


@login_not_required
@require_safe
@never_cache
def public_contracts(request: HttpRequest) -> HttpResponse:
    """The contracts that are online, by territory and campaign."""
    territories, campaigns = published_places()
    form = PublicSearchForm(request.GET or None, territories=territories, campaigns=campaigns)
    is_refused = form.is_bound and not form.is_valid()
    chosen = form.cleaned_data if form.is_bound and not is_refused else {}
    page = Paginator(published_contracts(chosen), COPIES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "query": query_without_page(request),
        "is_filtered": any(chosen.values()),
        "is_refused": is_refused,
    }
    return render(request, "agreements/public_contracts.html", context, status=422 if is_refused else 200)


@login_not_required
@require_safe
@never_cache
def public_contract(request: HttpRequest, reference: str) -> HttpResponse:
    """The public page of one contract that is online: what it is, since when, its document."""
    copy = _online(reference)
    context = {"copy": copy, "contract": copy.contract, "replaced_by": text_that_replaced(copy)}
    return render(request, "agreements/public_contract.html", context)


@login_not_required
@require_safe
def public_contract_pdf(request: HttpRequest, reference: str) -> HttpResponse:
    """The public document of a contract that is online."""
    copy = _online(reference)
    try:
        content = read_file(copy.file)
    except DamagedFile as damage:
        logger.exception("stored file %s of the public copy %s is damaged", copy.file.pk, copy.pk)
        context = {"copy": copy, "contract": copy.contract, "sentence": str(damage)}
        return render(request, "agreements/public_contract_damaged.html", context, status=500)
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=copy.file.name),
            "Content-Length": str(len(content)),
            "X-Content-Type-Options": "nosniff",
            # Taken offline, it is no longer served: no cache keeps it.
            "Cache-Control": "no-store",
        },
    )


def _online(reference: str) -> PublicCopy:
    copy = published_copy(reference)
    if copy is None:
        raise Http404
    return copy

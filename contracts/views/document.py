"""The contract's document: what its text still lacks, the button that produces the PDF, the last ones."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from cdppe.accounts.abilities import Ability, can
from cdppe.documents.actions.jobs import request_render
from cdppe.documents.models import RenderJob
from contracts.document import KIND, missing_blanks
from contracts.views.access import get_contract, refusals_shown, signed_in

SHOWN_JOBS = 10


@require_safe
@refusals_shown
def document(request: HttpRequest, reference: str) -> HttpResponse:
    """The page of the document."""
    contract = get_contract(request, reference)
    jobs = RenderJob.objects.filter(kind=KIND, subject=contract.reference)
    return render(
        request,
        "contracts/document.html",
        {
            "contract": contract,
            "tab": "document",
            "missing": missing_blanks(contract),
            "jobs": jobs.select_related("file", "requested_by")[:SHOWN_JOBS],
            "may_render": can(signed_in(request), Ability.DOCUMENT_RENDER, contract.territory),
        },
    )


@require_POST
@refusals_shown
def document_render(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for the PDF, and wait for it on its own page."""
    contract = get_contract(request, reference, Ability.DOCUMENT_RENDER)
    job = request_render(KIND, contract.reference, title=f"Contrat – {contract}", by=signed_in(request))
    return redirect("documents:job", job_id=job.pk)

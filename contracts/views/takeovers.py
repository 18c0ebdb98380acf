"""Taking over a contract signed on paper: creating it, attaching its signed file, giving that file back."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import Territory
from cdppe.documents.actions.files import DamagedFile, read_file
from cdppe.lib.errors import RuleViolation
from contracts.actions.takeovers import (
    SignedFileRefused,
    complete_takeover,
    mark_as_taken_over,
    reopen_takeover,
    require_servable,
    start_takeover,
)
from contracts.forms import ContractForm
from contracts.forms.takeovers import TakeoverForm
from contracts.models import Contract, Takeover
from contracts.overview import standing, with_facts
from contracts.views.access import get_contract, may, refusals_shown, signed_in

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "POST"])
def takeover_start(request: HttpRequest) -> HttpResponse:
    """Create the contract of a territory that was signed on paper."""
    user = signed_in(request)
    if not any(can(user, Ability.CONTRACT_CREATE, each) for each in Territory.objects.visible_to(user)):
        raise PermissionDenied("Seules les institutions parties à un contrat le reprennent.")
    form = ContractForm(request.POST or None, user=user)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            campaign, territory = form.cleaned_data["campaign"], form.cleaned_data["territory"]
            try:
                contract = start_takeover(campaign, territory, by=user)
            except RuleViolation as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, "La reprise est commencée : remplissez ou importez ses parties.")
                return redirect("contracts:takeover", contract.reference)
    return render(request, "contracts/takeover_start.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@refusals_shown
def takeover(request: HttpRequest, reference: str) -> HttpResponse:
    """What is taken over already and what is missing; the signed file puts the contract in force."""
    if request.method == "POST":
        contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
        _takeover(contract)
        form = TakeoverForm(request.POST, request.FILES)
        if not form.is_valid():
            return _page(request, contract, form, status=422)
        try:
            complete_takeover(
                contract,
                signed_on=form.cleaned_data["signed_on"],
                content=form.content,
                file_name=form.cleaned_data["signed_file"].name or "contrat-signe.pdf",
                by=signed_in(request),
            )
        except SignedFileRefused as refusal:
            form.add_error("signed_file", str(refusal))
            return _page(request, contract, form, status=422)
        messages.success(request, "Le contrat repris est en vigueur, avec son fichier signé.")
        return redirect("contracts:takeover", contract.reference)
    return _page(request, get_contract(request, reference), TakeoverForm())


def _page(request: HttpRequest, contract: Contract, form: TakeoverForm, *, status: int = 200) -> HttpResponse:
    user = signed_in(request)
    known = with_facts(Contract.objects.filter(pk=contract.pk)).get()
    context = {
        "contract": contract,
        "tab": "overview",
        "takeover": _takeover(contract),
        "form": form,
        "missing": standing(known, reader=user, today=timezone.localdate()).missing,
        "may_complete": may(request, Ability.CONTRACT_EDIT, contract),
        "may_reopen": not contract.is_editable and can(user, Ability.CONTRACT_EDIT, contract.territory),
    }
    return render(request, "contracts/takeover.html", context, status=status)


def _takeover(contract: Contract) -> Takeover:
    return get_object_or_404(
        Takeover.objects.select_related("signed_file", "started_by", "completed_by"), contract=contract
    )


@require_POST
@refusals_shown
def takeover_mark(request: HttpRequest, reference: str) -> HttpResponse:
    """Say that a contract begun here was signed on paper."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    mark_as_taken_over(contract, by=signed_in(request))
    return redirect("contracts:takeover", contract.reference)


@require_POST
@refusals_shown
def takeover_reopen(request: HttpRequest, reference: str) -> HttpResponse:
    """Correct what was taken over."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    _takeover(contract)
    reopen_takeover(contract, by=signed_in(request))
    messages.success(
        request, "La saisie est rouverte. Le fichier signé reste joint jusqu’à son remplacement."
    )
    return redirect("contracts:takeover", contract.reference)


@require_GET
@refusals_shown
def signed_file(request: HttpRequest, reference: str) -> HttpResponse:
    """The signed file as it was sent, to those who see the contract."""
    contract = get_contract(request, reference)
    stored = _takeover(contract).signed_file
    if stored is None:
        raise Http404
    try:
        content = read_file(stored)
    except DamagedFile as damage:
        logger.exception("signed file %s of contract %s is damaged", stored.pk, contract.reference)
        context = {"contract": contract, "tab": "", "sentence": str(damage)}
        return render(request, "contracts/refused.html", context, status=500)
    require_servable(content)
    return HttpResponse(
        content,
        content_type=stored.media_type,
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=stored.name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )

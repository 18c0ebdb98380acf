"""What a contract sends to DGCS: what is expected, sending it, its receipt (rules C2, K5)."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from agreements.actions.transmissions import send_transmission, signed_version
from agreements.forms.transmissions import SendForm
from agreements.models import RemarkKind
from agreements.transmissions import CODE, asks_for_sending, expected, expected_of
from cdppe.accounts.abilities import Ability, can
from contracts.models import Contract, Deadline
from contracts.overview import with_facts
from contracts.views.access import get_contract, refusals_shown, signed_in


def _with_facts(request: HttpRequest, reference: str, ability: Ability | None = None) -> Contract:
    get_contract(request, reference, ability)
    return with_facts(Contract.objects.visible_to(signed_in(request))).get(reference=reference)


@require_safe
def transmissions(request: HttpRequest, reference: str) -> HttpResponse:
    """What is expected by when, what is missing of it, what was sent."""
    contract = _with_facts(request, reference)
    context = {
        "contract": contract,
        "tab": CODE,
        "lines": expected_of(contract, today=timezone.localdate()),
        "may_send": can(signed_in(request), Ability.TRANSMISSION_SEND, contract.territory),
    }
    return render(request, "agreements/transmissions.html", context)


@require_http_methods(["GET", "POST"])
@refusals_shown
def transmission_send(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Say what will happen (GET), then send (POST)."""
    contract = _with_facts(request, reference, Ability.TRANSMISSION_SEND)
    deadline = get_object_or_404(Deadline, campaign=contract.campaign, pk=pk)
    if not asks_for_sending(deadline):
        raise Http404
    form = SendForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        sent = send_transmission(contract, deadline, **form.cleaned_data, by=signed_in(request))
        messages.success(request, f"La transmission n° {sent.number} est envoyée à la DGCS.")
        return redirect("agreements:transmission", reference, sent.number)
    status = 200
    if request.method == "POST":
        status = 422
        form.renew()
    context = {
        "contract": contract,
        "tab": CODE,
        "line": expected(contract, deadline, today=timezone.localdate()),
        "form": form,
        "sends_signed": signed_version(contract, deadline) is not None,
    }
    return render(request, "agreements/transmission_send.html", context, status=status)


@require_safe
def transmission(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """The receipt of one sending: what was sent, when, its fingerprint, what DGCS answered."""
    contract = get_contract(request, reference)
    found = get_object_or_404(contract.transmissions.for_lists(), number=number)
    context = {
        "contract": contract,
        "tab": CODE,
        "transmission": found,
        "advices": list(found.remarks.filter(kind=RemarkKind.ADVICE).select_related("by")),
    }
    return render(request, "agreements/transmission.html", context)

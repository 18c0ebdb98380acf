"""« Fin du contrat »: its last day, and the denunciation of it by a party (rules C1, D1)."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from agreements.actions.denunciations import denounce, withdraw_denunciation
from agreements.endings import (
    last_day_of,
    lost_years,
    may_be_withdrawn,
    other_parties,
    parties_of,
    reports_of,
    standing_denunciation,
)
from agreements.forms import LettersForm, ReasonForm
from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import WrongState
from contracts.models import Contract, ContractParty
from contracts.views.access import get_contract, refusals_in, refusals_shown, signed_in

TAB = "ending"
PAST_SHOWN = 10


@require_GET
def ending(request: HttpRequest, reference: str) -> HttpResponse:
    """The last day of the contract and why it is that one; who may denounce, or withdraw a denunciation."""
    contract = get_contract(request, reference)
    denunciation = standing_denunciation(contract)
    mine = parties_of(signed_in(request), contract)
    today = timezone.localdate()
    is_open = denunciation is not None and may_be_withdrawn(denunciation, contract, today=today)
    context = {
        "contract": contract,
        "tab": TAB,
        "denunciation": denunciation,
        "reports": reports_of(contract, last_day=contract.ends_on),
        "withdrawn": contract.denunciations.filter(withdrawn_at__isnull=False).select_related(
            "recorded_by", "withdrawn_by"
        )[:PAST_SHOWN],
        "parties": mine if contract.is_in_force and denunciation is None else [],
        "may_withdraw": is_open and denunciation is not None and denunciation.party in mine,
    }
    return render(request, "agreements/ending.html", context)


@require_http_methods(["GET", "POST"])
@refusals_shown
def denunciation_record(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Ask for the letters, show what the denunciation does, and record it once that is confirmed."""
    contract, party = _own_party(request, reference, pk)
    if not contract.is_in_force or standing_denunciation(contract) is not None:
        raise WrongState(
            "Ce contrat ne se dénonce pas : il n’est pas en vigueur, ou il est déjà dénoncé. La page « Fin "
            "du contrat » dit où il en est."
        )
    others = other_parties(contract, party)
    form = LettersForm(request.POST or None, addressees=others, in_effect_from=contract.effect_on)
    context = {"contract": contract, "tab": TAB, "party": party, "form": form}
    if request.method == "GET" or not form.is_valid():
        return render(request, "agreements/denounce.html", context, status=422 if form.is_bound else 200)
    if form.cleaned_data["confirmed"]:
        with refusals_in(form):
            done = denounce(contract, party, letters=form.letters, by=signed_in(request))
            messages.success(
                request,
                f"La dénonciation est enregistrée : le contrat prend fin le {done.effect_on:%d/%m/%Y}. Les "
                "autres parties et la DGCS en sont averties.",
            )
            return redirect("agreements:ending", contract.reference)
        return render(request, "agreements/denounce.html", context, status=422)
    context |= _consequences(contract, max(each.sent_on for each in form.letters.values()))
    context["lines"] = [
        (other.signatory, form.letters[other.pk].sent_on, form.letters[other.pk].reference)
        for other in others
    ]
    context["typed"] = [(field.html_name, field.data) for field in form if field.name != "confirmed"]
    return render(request, "agreements/denounce_confirm.html", context)


def _consequences(contract: Contract, notified_on: dt.date) -> dict[str, object]:
    """What letters of which the last was sent on `notified_on` would change."""
    last_day = min(last_day_of(notified_on), contract.ends_on)
    return {
        "last_day": last_day,
        "changes_nothing": last_day == contract.ends_on,
        "reports": reports_of(contract, last_day=last_day),
        "lost_years": lost_years(contract, contract.ends_on, last_day),
    }


@require_http_methods(["GET", "POST"])
@refusals_shown
def denunciation_withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take back a denunciation that was recorded by mistake, with a reason."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    denunciation = standing_denunciation(contract)
    if denunciation is None:
        raise WrongState("Ce contrat n’est pas dénoncé : il n’y a rien à retirer.")
    if denunciation.party not in parties_of(signed_in(request), contract):
        raise PermissionDenied
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        withdraw_denunciation(contract, **form.cleaned_data, by=signed_in(request))
        messages.success(
            request,
            f"La dénonciation est retirée : le contrat prend fin le {denunciation.former_ends_on:%d/%m/%Y}.",
        )
        return redirect("agreements:ending", contract.reference)
    context = {"contract": contract, "tab": TAB, "denunciation": denunciation, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "agreements/denunciation_withdraw.html", context, status=status)


def _own_party(request: HttpRequest, reference: str, pk: int) -> tuple[Contract, ContractParty]:
    """The contract and a party in whose name the person writes: 403 for another institution's."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    party = get_object_or_404(contract.parties.select_related("signatory"), pk=pk)
    if party not in parties_of(signed_in(request), contract):
        raise PermissionDenied
    if not other_parties(contract, party):
        raise Http404
    return contract, party

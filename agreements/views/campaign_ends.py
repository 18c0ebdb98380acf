"""« Prolonger la campagne »: the new last day, the contracts that it moves, then the gesture (rule C1)."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from agreements.actions.campaign_ends import extend_campaign
from agreements.campaign_ends import preview
from agreements.forms import CampaignEndForm
from cdppe.accounts.abilities import Ability, can
from cdppe.lib.errors import RuleViolation
from contracts.models import Campaign
from contracts.views.access import signed_in


@require_http_methods(["GET", "POST"])
def campaign_end(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for the day and the reason, show what becomes of each contract, move the ends once confirmed."""
    user = signed_in(request)
    if not can(user, Ability.CAMPAIGN_EXTEND):
        raise PermissionDenied("Seul un signataire de la DGCS prolonge une campagne.")
    campaign = get_object_or_404(Campaign, code=code)
    form = CampaignEndForm(request.POST or None, campaign=campaign)
    context = {
        "campaign": campaign,
        "form": form,
        "extensions": campaign.extensions.select_related("by"),
    }
    if "corriger" in request.POST:
        return render(request, "agreements/campaign_end.html", context)
    if request.method == "GET" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "agreements/campaign_end.html", context, status=status)
    ends_on, reason = form.cleaned_data["ends_on"], form.cleaned_data["reason"]
    if not form.cleaned_data["confirmed"]:
        context |= {"ends_on": ends_on, "reason": reason, "lines": preview(campaign, ends_on)}
        return render(request, "agreements/campaign_end_confirm.html", context)
    try:
        extend_campaign(campaign, ends_on=ends_on, reason=reason, by=user)
    except RuleViolation as refusal:
        form.add_error(None, str(refusal))
        return render(request, "agreements/campaign_end.html", context, status=422)
    messages.success(request, f"La campagne prend fin le {ends_on:%d/%m/%Y}. Les parties en sont averties.")
    return redirect("agreements:campaign-end", campaign.code)

"""The national deadlines of a campaign and DGCS's extensions of them (rules C2, C5, N1)."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_GET, require_http_methods

from cdppe.accounts.abilities import Ability, can
from cdppe.lib.business_days import day_off
from cdppe.lib.errors import RuleViolation, StaleVersion
from contracts.actions.calendar import grant_extension, withdraw_extension
from contracts.deadlines import national_deadlines
from contracts.forms import ExtensionForm
from contracts.forms.versions import rebase
from contracts.models import Campaign, Deadline, DeadlineExtension
from contracts.views.access import signed_in


def _campaign(request: HttpRequest, code: str, ability: Ability) -> Campaign:
    """The campaign `code`, for somebody who follows the nation with `ability`; 403 or 404 else."""
    if not can(signed_in(request), ability):
        raise PermissionDenied("Les échéances nationales sont suivies par l’administration centrale.")
    return get_object_or_404(Campaign, code=code)


@require_GET
def deadlines(request: HttpRequest, code: str) -> HttpResponse:
    """Every deadline of the campaign: how many contracts met it, are late, have an extension."""
    campaign = _campaign(request, code, Ability.NATION_FOLLOW)
    context = {
        "campaign": campaign,
        "campaigns": list(Campaign.objects.all()),
        "lines": national_deadlines(campaign, today=timezone.localdate()),
        "may_extend": can(signed_in(request), Ability.DEADLINE_EXTEND),
    }
    return render(request, "contracts/national_deadlines.html", context)


@require_http_methods(["GET", "POST"])
def deadline_extend(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Give one territory a later date, or change it (`?territoire=38` begins with that territory's)."""
    campaign = _campaign(request, code, Ability.DEADLINE_EXTEND)
    deadline = get_object_or_404(Deadline.objects.select_related("campaign"), campaign=campaign, pk=pk)
    form = ExtensionForm(request.POST or None, deadline=deadline, initial=_initial(request, deadline))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                extension = grant_extension(deadline, **data, by=signed_in(request))
            except StaleVersion as stale:
                status = 409
                form.add_error(None, f"{stale}{_said(stale.stored)}")
                rebase(form, stale.stored.version if stale.stored else 0)
            except RuleViolation as refusal:
                form.add_error("due_on", str(refusal))
            else:
                off = day_off(extension.due_on, extension.territory.holiday_calendar)
                warning = f" Attention, c’est un jour non ouvré : {off}." if off else ""
                messages.success(
                    request,
                    f"{extension.territory} a jusqu’au {date_format(extension.due_on)}.{warning}",
                )
                return redirect("contracts:deadlines", code)
    context = {"campaign": campaign, "deadline": deadline, "form": form}
    return render(request, "contracts/deadline_extend.html", context, status=status)


def _said(stored: DeadlineExtension | None) -> str:
    if stored is None:
        return " Elle n’existe plus."
    return f" Enregistrée : {date_format(stored.due_on)}, « {stored.reason} », par {stored.granted_by}."


def _initial(request: HttpRequest, deadline: Deadline) -> dict[str, object]:
    """The extension of the territory that the address names, if it has one."""
    code = request.GET.get("territoire", "")[:10].replace("\x00", "")
    territory = deadline.campaign.territories.filter(code=code).first() if code else None
    if territory is None:
        return {}
    stored = DeadlineExtension.objects.filter(deadline=deadline, territory=territory).first()
    if stored is None:
        return {"territory": territory}
    return {
        "territory": territory,
        "due_on": stored.due_on,
        "reason": stored.reason,
        "version": stored.version,
    }


@require_http_methods(["GET", "POST"])
def extension_withdraw(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Ask for a confirmation (GET), then let the national date hold again (POST)."""
    campaign = _campaign(request, code, Ability.DEADLINE_EXTEND)
    extension = get_object_or_404(
        DeadlineExtension.objects.select_related("deadline", "territory"), deadline__campaign=campaign, pk=pk
    )
    if request.method == "POST":
        try:
            withdraw_extension(extension, by=signed_in(request))
        except RuleViolation as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"La prolongation de {extension.territory} est retirée.")
        return redirect("contracts:deadlines", code)
    return render(
        request, "contracts/extension_withdraw.html", {"campaign": campaign, "extension": extension}
    )

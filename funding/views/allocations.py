"""DGCS shares the envelopes of a campaign (annexe 4; rules F5 to F8); publishing is in publications.py.

Reading takes the ability ALLOCATION_READ, computing ALLOCATION_RUN: both are national, so that
nobody of a territory sees what the others have (403).
"""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from cdppe.accounts.abilities import Ability, can
from cdppe.lib.errors import RuleViolation
from contracts.models import Campaign
from contracts.views.access import signed_in
from funding.actions.allocations import AllocationImpossible, run_allocation
from funding.figures_export import CONTENT_TYPES, export_matrix
from funding.models import AllocationRun
from funding.pictures import picture_of
from funding.steering import (
    RUN_SORTS,
    SORTS,
    campaign_allocation,
    campaigns_with_runs,
    criteria_matrix,
    run_detail,
)


@require_GET
def allocation_list(request: HttpRequest) -> HttpResponse:
    """The campaigns and their envelopes, each with its last run."""
    _require(request, Ability.ALLOCATION_READ)
    return render(request, "funding/allocation_list.html", {"campaigns": campaigns_with_runs()})


@require_GET
def allocation_campaign(request: HttpRequest, code: str) -> HttpResponse:
    """The amounts of each territory by envelope; `?annee=` and `?tri=` choose the year and the order."""
    _require(request, Ability.ALLOCATION_READ)
    campaign = _campaign(code)
    year = _asked_year(request.GET.get("annee", ""), campaign)
    sort = request.GET.get("tri", "")
    sort = sort if sort in SORTS else "code"
    context = {
        "campaign": campaign,
        "allocation": campaign_allocation(campaign, year, sort=sort),
        "sort": sort,
        "may_run": can(signed_in(request), Ability.ALLOCATION_RUN),
        "may_publish": can(signed_in(request), Ability.ALLOCATION_PUBLISH),
    }
    return render(request, "funding/allocation_campaign.html", context)


@require_GET
def allocation_criteria(request: HttpRequest, code: str) -> HttpResponse:
    """The figures of the criteria, each with its status; what is missing is said."""
    _require(request, Ability.ALLOCATION_READ)
    campaign = _campaign(code)
    context = {"campaign": campaign, "matrix": criteria_matrix(campaign)}
    return render(request, "funding/allocation_criteria.html", context)


@require_GET
def allocation_criteria_export(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """The same matrix as a file, each figure with its status, its note and where it comes from."""
    _require(request, Ability.ALLOCATION_READ)
    if kind not in CONTENT_TYPES:
        raise Http404
    campaign = _campaign(code)
    return HttpResponse(
        export_matrix(criteria_matrix(campaign), kind),
        content_type=CONTENT_TYPES[kind],
        headers={"Content-Disposition": f'attachment; filename="criteres-{campaign.code}.{kind}"'},
    )


@require_POST
def allocation_start(request: HttpRequest, code: str, envelope_code: str) -> HttpResponse:
    """Compute one envelope; a refusal shows every cell concerned."""
    _require(request, Ability.ALLOCATION_RUN)
    campaign = _campaign(code)
    envelope = get_object_or_404(campaign.envelopes.select_related("campaign"), code=envelope_code)
    typed = request.POST.get("annee", "")
    year = int(typed) if typed.isascii() and typed.isdigit() and len(typed) == 4 else 0
    try:
        run = run_allocation(envelope, year=year, by=signed_in(request))
    except RuleViolation as refusal:
        context = {
            "campaign": campaign,
            "envelope": envelope,
            "sentence": "" if isinstance(refusal, AllocationImpossible) else str(refusal),
            "obstacles": refusal.obstacles if isinstance(refusal, AllocationImpossible) else (),
        }
        return render(request, "funding/allocation_refused.html", context, status=409)
    messages.success(request, f"L’enveloppe « {envelope.label} » est répartie pour {run.year}.")
    return redirect("funding:allocation-run", campaign.code, run.pk)


@require_GET
def allocation_run(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One run: key, contributions, bound and amount of each territory, and the check of the sum."""
    _require(request, Ability.ALLOCATION_READ)
    run = _run(code, pk)
    sort = request.GET.get("tri", "")
    sort = sort if sort in RUN_SORTS else "code"
    detail = run_detail(run, sort=sort)
    context = {
        "campaign": run.envelope.campaign,
        "detail": detail,
        "picture": picture_of([(line.territory, line.amount) for line in detail.lines]),
        "sort": sort,
        "may_publish": can(signed_in(request), Ability.ALLOCATION_PUBLISH) and not detail.notified_count,
    }
    return render(request, "funding/allocation_run.html", context)


def _require(request: HttpRequest, ability: Ability) -> None:
    if not can(signed_in(request), ability):
        raise PermissionDenied


def _campaign(code: str) -> Campaign:
    return get_object_or_404(Campaign, code=code)


def _run(code: str, pk: int) -> AllocationRun:
    runs = AllocationRun.objects.select_related("envelope__campaign", "created_by")
    return get_object_or_404(runs, envelope__campaign__code=code, pk=pk)


def _asked_year(typed: str, campaign: Campaign) -> int:
    """The year that was asked for if it is one of the campaign's, else the campaign's own."""
    return next((year for year in campaign.years if str(year) == typed), campaign.year)

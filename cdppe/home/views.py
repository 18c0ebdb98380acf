"""The first page: what is next and by when in one's contracts (C5); for the ministry, the country (N1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import Region, Territory, User
from contracts.calendar import agenda
from contracts.compliance import Report, reports
from contracts.filters import plain, territories_without_contract
from contracts.models import Campaign, Contract
from contracts.overview import campaign_duties, duty_lines, reader_kinds, standing, with_facts
from contracts.views.access import signed_in
from contracts.workflow import ContractState

MISSING_SHOWN = 3
COMING_SHOWN = 2


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The ministry's page for those who follow the country, the territories' page for everybody else."""
    user = signed_in(request)
    if can(user, Ability.NATION_FOLLOW):
        return render(request, "home/national.html", _national(request.GET.get("campagne", "")))
    return render(request, "home/territories.html", _territories(user, timezone.localdate()))


def _territories(user: User, today: dt.date) -> dict[str, Any]:
    """The person's contracts with what is next in each, and the campaigns that wait for one."""
    contracts = list(with_facts(Contract.objects.visible_to(user)))
    compliance = reports(contracts, today=today)
    territories = Territory.objects.visible_to(user).select_related("region")
    return {
        "today": today,
        "has_institution": bool(user.current_memberships),
        "territories": list(territories),
        "cards": [_card(contract, user, today, compliance[contract.pk]) for contract in contracts],
        "openings": _openings(user, territories),
    }


def _card(contract: Contract, user: User, today: dt.date, report: Report) -> dict[str, Any]:
    """One contract: what the person has to do first, the next dates, how many have passed, its compliance."""
    where = standing(contract, reader=user, today=today)
    kinds = reader_kinds(user, contract)
    return {
        "contract": contract,
        "standing": where,
        "report": report,
        "missing": where.missing[:MISSING_SHOWN],
        "missing_rest": max(0, len(where.missing) - MISSING_SHOWN),
        "coming": duty_lines(where.mine.coming[:COMING_SHOWN], today=today, kinds=kinds),
        "last": duty_lines(where.mine.late[:1], today=today, kinds=kinds),
        "late_count": len(where.mine.late),
    }


def _openings(user: User, territories: Any) -> list[dict[str, Any]]:
    """[{"campaign", "lines": [{"territory", "may_create"}], "next"}] for territories without a contract."""
    openings = []
    for campaign in Campaign.objects.prefetch_related("deadlines"):
        waiting = territories_without_contract(campaign, territories)
        lines = [
            {"territory": each, "may_create": can(user, Ability.CONTRACT_CREATE, each)} for each in waiting
        ]
        if lines:
            coming = agenda(campaign_duties(campaign), today=timezone.localdate()).next
            openings.append({"campaign": campaign, "lines": lines, "next": coming})
    return openings


def _national(code: str) -> dict[str, Any]:
    """One campaign (the latest, or `code`) region by region: territories, contracts by state, none yet."""
    campaigns = list(Campaign.objects.all())
    campaign = next((each for each in campaigns if each.code == code), campaigns[0] if campaigns else None)
    regions: list[dict[str, Any]] = []
    waiting: list[Territory] = []
    if campaign is not None:
        rows = [_region_row(region) for region in _counted_regions(campaign)]
        # Sorted here: a database may put « Île-de-France » after « Pays de la Loire ».
        regions = sorted(rows, key=lambda row: plain(row["name"]))
        waiting = list(territories_without_contract(campaign, Territory.objects.all()))
    return {
        "campaigns": campaigns,
        "campaign": campaign,
        "states": ContractState.labels,
        "regions": regions,
        "total": _total(regions),
        "waiting": waiting,
    }


def _counted_regions(campaign: Campaign) -> Any:
    """The regions that the campaign concerns, with `territory_count` and one `count_<state>` a state."""
    of_campaign = Q(territories__contracts__campaign=campaign)
    eligible = Territory.objects.filter(campaigns=campaign)
    return Region.objects.filter(territories__in=eligible).annotate(
        territory_count=Count("territories", filter=Q(territories__in=eligible), distinct=True),
        **{
            f"count_{state.value}": Count(
                "territories__contracts",
                filter=of_campaign & Q(territories__contracts__state=state),
                distinct=True,
            )
            for state in ContractState
        },
    )


def _region_row(region: Any) -> dict[str, Any]:
    counts = [getattr(region, f"count_{state.value}") for state in ContractState]
    return {
        "name": region.name,
        "pk": region.pk,
        "territory_count": region.territory_count,
        "counts": counts,
        "without": region.territory_count - sum(counts),
    }


def _total(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "territory_count": sum(row["territory_count"] for row in rows),
        "counts": [sum(row["counts"][rank] for row in rows) for rank in range(len(ContractState))],
        "without": sum(row["without"] for row in rows),
    }

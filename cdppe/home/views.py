"""The first page: what is next and by when in one's contracts (C5); for the ministry, the country (N1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from agreements.models import Denunciation
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import Region, Territory, User
from contracts.calendar import Duty, agenda
from contracts.compliance import Report, reports
from contracts.deadlines import NationalDeadline, national_deadlines
from contracts.exchanges import concerning, thread_lines
from contracts.filters import plain, territories_without_contract
from contracts.models import Campaign, Contract
from contracts.overview import campaign_duties, duty_lines, reader_kinds, standing, with_facts
from contracts.places import way_page
from contracts.views.access import signed_in
from contracts.workflow import STAGES

LONGEST_PREVIEW = 100_000
"""Characters of one text that the preview shows, more than any field takes."""
MISSING_SHOWN = 3
COMING_SHOWN = 2
DEADLINES_SHOWN = 3
THREADS_SHOWN = 4
CAMPAIGN_GESTURES = (
    (Ability.AMENDMENT_PREPARE, "Avenants financiers de l’année", "agreements:campaign-amendments"),
    (Ability.CAMPAIGN_EXTEND, "Prolonger la campagne", "agreements:campaign-end"),
)
"""What the ministry does for all the contracts of a campaign: who may, the words, the page."""


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The ministry's page for those who follow the country, the territories' page for everybody else."""
    user = signed_in(request)
    if can(user, Ability.NATION_FOLLOW):
        context = _national(request.GET.get("campagne", "")) | _concerns(user)
        context["gestures"] = _gestures(user, context["campaign"])
        return render(request, "home/national.html", context)
    context = _territories(user, timezone.localdate()) | _concerns(user)
    return render(request, "home/territories.html", context)


def _concerns(user: User) -> dict[str, Any]:
    """The exchanges that concern the person: the first of them, those that wait first, and how many."""
    threads = concerning(user)
    total = threads.count()
    shown = thread_lines(list(threads[:THREADS_SHOWN]), user) if total else []
    return {"threads": shown, "thread_count": total}


@require_POST
def rich_text_preview(request: HttpRequest) -> HttpResponse:
    """The part of a page that shows the typed `text` formatted as pages and the PDF will; writes nothing."""
    text = request.POST.get("text", "")
    if len(text) > LONGEST_PREVIEW:
        sentence = "Ce texte est trop long pour être montré : raccourcissez-le."
        return render(request, "components/rich_text_preview.html", {"sentence": sentence}, status=422)
    return render(request, "components/rich_text_preview.html", {"sentence": "", "text": text})


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
        "way_url": way_page(contract),
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
        coming = agenda(campaign_duties(campaign), today=timezone.localdate()).next
        lines = [
            {
                "territory": each,
                "may_create": can(user, Ability.CONTRACT_CREATE, each),
                "own_next": _own_next(campaign, each, coming),
            }
            for each in waiting.prefetch_related("deadline_extensions")
        ]
        if lines:
            openings.append({"campaign": campaign, "lines": lines, "next": coming})
    return openings


def _own_next(campaign: Campaign, territory: Territory, national: Duty | None) -> Duty | None:
    """The next deadline of a territory when an extension makes it another one than the country's."""
    own = agenda(campaign_duties(campaign, territory), today=timezone.localdate()).next
    is_same = own is None or (national is not None and (own.on, own.code) == (national.on, national.code))
    return None if is_same else own


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
        "states": [label for label, _ in STAGES],
        "regions": regions,
        "deadlines": _around_today(campaign) if campaign is not None else (),
        "total": _total(regions),
        "waiting": waiting,
        "denounced": _denounced(campaign) if campaign is not None else (),
    }


def _gestures(user: User, campaign: Campaign | None) -> list[tuple[str, str]]:
    """[(words, address)] of what the person may do for every contract of the campaign."""
    if campaign is None:
        return []
    return [
        (label, reverse(route, args=[campaign.code]))
        for ability, label, route in CAMPAIGN_GESTURES
        if can(user, ability)
    ]


def _denounced(campaign: Campaign) -> list[Denunciation]:
    """The contracts of the campaign that a party denounced, those that end first at the head (rule D1)."""
    standing = Denunciation.objects.standing().filter(contract__campaign=campaign)
    return list(standing.select_related("contract__territory", "contract__campaign").order_by("effect_on"))


def _around_today(campaign: Campaign) -> list[NationalDeadline]:
    """The last national deadline that passed, and the next ones (C5)."""
    lines = national_deadlines(campaign, today=timezone.localdate())
    passed = [line for line in lines if line.is_past]
    coming = [line for line in lines if not line.is_past]
    return passed[-1:] + coming[:DEADLINES_SHOWN]


def _counted_regions(campaign: Campaign) -> Any:
    """The regions that the campaign concerns, with `territory_count` and one `count_<rank>` a stage."""
    of_campaign = Q(territories__contracts__campaign=campaign)
    eligible = Territory.objects.filter(campaigns=campaign)
    return Region.objects.filter(territories__in=eligible).annotate(
        territory_count=Count("territories", filter=Q(territories__in=eligible), distinct=True),
        **{
            f"count_{rank}": Count(
                "territories__contracts",
                filter=of_campaign & Q(territories__contracts__state__in=sorted(states)),
                distinct=True,
            )
            for rank, (_, states) in enumerate(STAGES)
        },
    )


def _region_row(region: Any) -> dict[str, Any]:
    counts = [getattr(region, f"count_{rank}") for rank in range(len(STAGES))]
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
        "counts": [sum(row["counts"][rank] for row in rows) for rank in range(len(STAGES))],
        "without": sum(row["without"] for row in rows),
    }

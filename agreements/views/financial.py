"""The financial amendment of a year: for one contract, or by the ministry for a campaign (V1, M7)."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agreements.actions.financial_amendments import (
    prepare_financial_amendment,
    request_drafts,
    take_moves_in,
)
from agreements.financial import YearOfContract, contracts_to_amend, year_of, years_of
from agreements.forms import ChosenContractsForm
from agreements.preparations import preparation_of
from cdppe.accounts.abilities import Ability, can
from cdppe.documents.actions.jobs import requeue_lost_jobs
from cdppe.lib.errors import RuleViolation
from contracts.models import Campaign
from contracts.views.access import get_contract, refusals_shown, signed_in

TAB = "amendments"
SHOWN = {"ecarts": "Ceux qui diffèrent", "tous": "Tous les contrats", "ouverts": "Avec un avenant en cours"}
"""{what the address asks: the words of its tab}."""


@require_http_methods(["GET", "POST"])
@refusals_shown
def financial(request: HttpRequest, reference: str) -> HttpResponse:
    """What a year has in force, notified and planned (GET); prepare the amendment of the year (POST)."""
    editing = Ability.CONTRACT_EDIT if request.method == "POST" else None
    contract = get_contract(request, reference, editing)
    year = _year(request, contract.years)
    if request.method == "POST":
        if year is None:
            raise RuleViolation("Choisissez une année du contrat.")
        done = prepare_financial_amendment(contract, year, by=signed_in(request))
        messages.success(request, f"L’avenant n° {done.number} est préparé : relisez-le, puis finalisez-le.")
        return redirect("agreements:amendment", contract.reference, done.number)
    money = year_of(contract, year or _this_year(contract.years))
    may_edit = can(signed_in(request), Ability.CONTRACT_EDIT, contract.territory)
    context = {
        "contract": contract,
        "tab": TAB,
        "money": money,
        "years": contract.years,
        "may_prepare": may_edit and money.may_be_prepared,
        "may_take": may_edit
        and bool(contract.credit_moves.free())
        and contract.open_amendment is not None
        and contract.is_editable,
    }
    return render(request, "agreements/financial.html", context)


@require_POST
@refusals_shown
def moves_take(request: HttpRequest, reference: str) -> HttpResponse:
    """Write the free moves of credits into the amendment that is being written (rule M7)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    count = take_moves_in(contract, by=signed_in(request))
    if count:
        messages.success(request, f"Mouvements de crédits repris dans l’avenant : {count}.")
    else:
        messages.info(request, "Aucun mouvement de crédits n’attend d’avenant.")
    return redirect("agreements:amendments", contract.reference)


@require_http_methods(["GET", "POST"])
def campaign_amendments(request: HttpRequest, code: str) -> HttpResponse:
    """Every contract in force of a campaign with the money of a year, then one draft for each that is ticked.

    A POST without `confirmed` says what would be made; with it, the drafts are asked for, and the page shows
    them come.
    """
    campaign = _get_campaign(request, code)
    contracts = contracts_to_amend(campaign)
    years = sorted({year for contract in contracts for year in contract.years} or campaign.years)
    year = _year(request, years) or _this_year(years)
    rows = years_of(contracts, campaign, year)
    context = {
        "campaign": campaign,
        "year": year,
        "years": years,
        "envelopes": list(campaign.envelopes.all()),
    }
    if request.method == "GET":
        asked = request.GET.get("voir", "")
        view = asked if asked in SHOWN else "ecarts"
        context |= {
            "view": view,
            "views": SHOWN,
            "rows": _shown(rows, view),
            "count": len(rows),
            "preparation": preparation_of(campaign, year),
        }
        return render(request, "agreements/campaign_amendments.html", context)
    form = ChosenContractsForm(request.POST, contracts=contracts)
    if not form.is_valid():
        context |= {"view": "tous", "views": SHOWN, "rows": rows, "count": len(rows), "form": form}
        return render(request, "agreements/campaign_amendments.html", context, status=422)
    chosen = form.chosen
    if not form.cleaned_data["confirmed"]:
        context["rows"] = [row for row in rows if row.contract in chosen]
        return render(request, "agreements/campaign_amendments_confirm.html", context)
    count = request_drafts(campaign, year, chosen, by=signed_in(request))
    messages.success(
        request, f"Avenants financiers {year} demandés : {count}. Leur préparation est suivie ici."
    )
    page = reverse("agreements:campaign-amendments", args=[campaign.code])
    return redirect(f"{page}?annee={year}&voir=tous#preparation")


@require_safe
@never_cache
def campaign_amendments_progress(request: HttpRequest, code: str, year: int) -> HttpResponse:
    """The part of the page of the campaign's amendments that changes while drafts are prepared."""
    campaign = _get_campaign(request, code)
    preparation = preparation_of(campaign, year)
    if preparation is not None and preparation.waiting and requeue_lost_jobs():
        # Somebody waits for jobs that nobody works on any more: they are on their way again.
        preparation = preparation_of(campaign, year)
    if preparation is None:
        raise Http404
    context = {
        "campaign": campaign,
        "year": year,
        "preparation": preparation,
        "is_partial": request.headers.get("HX-Request") == "true",
    }
    return render(request, "agreements/campaign_preparation.html", context)


def _get_campaign(request: HttpRequest, code: str) -> Campaign:
    if not can(signed_in(request), Ability.AMENDMENT_PREPARE):
        raise PermissionDenied("Les avenants de l’année se préparent à l’administration centrale.")
    return get_object_or_404(Campaign, code=code)


def _shown(rows: list[YearOfContract], view: str) -> list[YearOfContract]:
    if view == "ecarts":
        return [row for row in rows if row.differs]
    return [row for row in rows if row.open_amendment is not None] if view == "ouverts" else rows


def _year(request: HttpRequest, years: list[int]) -> int | None:
    """The year that the address or the form names, among `years`; None for any other text."""
    asked = request.POST.get("annee") or request.GET.get("annee", "")
    return next((year for year in years if str(year) == asked), None)


def _this_year(years: list[int]) -> int:
    """The calendar year if the contract covers it, else the nearest of its own."""
    today = timezone.localdate().year
    return min(max(today, years[0]), years[-1])

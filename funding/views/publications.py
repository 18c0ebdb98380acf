"""DGCS publishes the amounts of a year, and reads what was published (annexe 4; rules F8, M1).

Reading takes ALLOCATION_READ; publishing takes ALLOCATION_PUBLISH, which only who signs for DGCS has.
"""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from cdppe.accounts.abilities import Ability, can
from cdppe.lib.errors import RuleViolation
from contracts.models import Campaign
from contracts.views.access import signed_in
from funding.actions.publications import publish
from funding.forms import PublicationForm
from funding.letters import letters_context
from funding.models import AllocationRun, Publication
from funding.pictures import picture_of
from funding.publications import Preview, chosen_runs, history, preview
from funding.publications import publication_detail as detail_of

MOST_RUNS = 50


@require_GET
def publication_list(request: HttpRequest, code: str) -> HttpResponse:
    """The history of a campaign's publications, those that were replaced included."""
    _require(request, Ability.ALLOCATION_READ)
    campaign = get_object_or_404(Campaign, code=code)
    publications = history(campaign)
    context = {
        "campaign": campaign,
        "publications": publications,
        "is_all_official": not any(each.doubtful_count for each in publications),
        "may_publish": can(signed_in(request), Ability.ALLOCATION_PUBLISH),
    }
    return render(request, "funding/publication_list.html", context)


@require_GET
def publication_detail(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One publication: its amounts, what it changed, and what replaced it."""
    _require(request, Ability.ALLOCATION_READ)
    publication = get_object_or_404(
        Publication.objects.select_related("campaign", "published_by", "replaced_by"),
        campaign__code=code,
        pk=pk,
    )
    detail = detail_of(publication)
    context = letters_context(publication) | {
        "detail": detail,
        "picture": picture_of([(row.territory, row.total) for row in detail.rows]),
        "may_publish": can(signed_in(request), Ability.ALLOCATION_PUBLISH),
    }
    return render(request, "funding/publication_detail.html", context)


@require_http_methods(["GET", "POST"])
def publication_create(request: HttpRequest, code: str) -> HttpResponse:
    """Repeat what a publication will do (GET), then publish it (POST).

    `annee` is the year, `calcul` (several times) the runs; without it, the last one of each envelope. The
    confirmation sends back the state that it was shown: when somebody published meanwhile, it is refused.
    """
    _require(request, Ability.ALLOCATION_PUBLISH)
    campaign = get_object_or_404(Campaign, code=code)
    sent = request.POST if request.method == "POST" else request.GET
    year = next((year for year in campaign.years if str(year) == sent.get("annee", "")), None)
    if year is None:
        # A page answers for the campaign's own year; a confirmation is never given for another one.
        if request.method == "POST":
            raise Http404("This campaign has no such year.")
        year = campaign.year
    runs = _runs(campaign, year, sent.getlist("calcul"))
    shown = preview(campaign, year, runs)
    if request.method == "GET":
        return _page(request, shown, PublicationForm())
    form = PublicationForm(request.POST)
    if shown.is_replacement and not form.is_valid():
        return _page(request, shown, form, status=422)
    reason = form.cleaned_data["reason"] if shown.is_replacement else ""
    try:
        publication = publish(runs, by=signed_in(request), reason=reason, seen=request.POST.get("etat", ""))
    except RuleViolation as refusal:
        shown = preview(campaign, year, runs)
        return _page(request, shown, form, status=409, sentence=str(refusal))
    messages.success(request, f"Les montants {year} sont publiés : ils sont désormais notifiés.")
    return redirect("funding:publication-detail", campaign.code, publication.pk)


def _page(
    request: HttpRequest, shown: Preview, form: PublicationForm, *, status: int = 200, sentence: str = ""
) -> HttpResponse:
    context = {"campaign": shown.campaign, "preview": shown, "form": form, "sentence": sentence}
    return render(request, "funding/publication_create.html", context, status=status)


def _require(request: HttpRequest, ability: Ability) -> None:
    if not can(signed_in(request), ability):
        raise PermissionDenied


def _runs(campaign: Campaign, year: int, typed: list[str]) -> list[AllocationRun]:
    """The runs that were asked for; Http404 when one of them is not of this campaign and year."""
    if not typed:
        return chosen_runs(campaign, year, None)
    ids = {int(text) for text in typed if text.isascii() and text.isdigit() and len(text) < 19}
    runs = chosen_runs(campaign, year, sorted(ids)) if len(typed) <= MOST_RUNS else []
    if len(runs) != len(typed):
        raise Http404("Some of these runs do not exist.")
    return runs

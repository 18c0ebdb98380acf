"""DGCS tries ways of sharing the envelopes before it publishes one (annexe 4; rules F5 to F9).

Reading takes ALLOCATION_READ; writing, computing and duplicating take ALLOCATION_RUN. While one types,
nothing is stored until « Enregistrer ».
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cdppe.accounts.abilities import Ability, can
from cdppe.lib.errors import RuleViolation, StaleVersion
from contracts.forms.versions import EMPTY, Difference
from contracts.models import Campaign
from contracts.views.access import signed_in
from funding.actions.scenarios import duplicate_scenario, run_scenario, save_scenario
from funding.comparison import SORTS, compare
from funding.models import Scenario
from funding.pictures import picture_of
from funding.scenarios import (
    Draft,
    draft_of,
    read_draft,
    results_of,
    typed_of_campaign,
)


@require_GET
def scenario_list(request: HttpRequest, code: str) -> HttpResponse:
    """The scenarios of a campaign, the last changed first."""
    _require(request, Ability.ALLOCATION_READ)
    campaign = get_object_or_404(Campaign, code=code)
    context = {
        "campaign": campaign,
        "scenarios": campaign.scenarios.select_related("updated_by"),
        "may_run": can(signed_in(request), Ability.ALLOCATION_RUN),
    }
    return render(request, "funding/scenario_list.html", context)


@require_GET
def scenario_detail(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One scenario: what comes out of it now, and the runs that were computed from it."""
    _require(request, Ability.ALLOCATION_READ)
    scenario = _scenario(code, pk)
    user = signed_in(request)
    draft = draft_of(scenario)
    result = results_of(draft)
    context = {
        "campaign": scenario.campaign,
        "scenario": scenario,
        "draft": draft,
        "result": result,
        "is_live": False,
        "picture": picture_of([(row.territory, row.total) for row in result.rows]),
        "runs": scenario.runs.select_related("envelope").order_by("-pk")[: len(draft.blocks)],
        "may_run": can(user, Ability.ALLOCATION_RUN),
        "may_publish": can(user, Ability.ALLOCATION_PUBLISH),
    }
    return render(request, "funding/scenario_detail.html", context)


@require_GET
def scenario_compare(request: HttpRequest, code: str) -> HttpResponse:
    """Two scenarios side by side: `a` and `b` are their ids, `enveloppe` one envelope, `tri` the order."""
    _require(request, Ability.ALLOCATION_READ)
    campaign = get_object_or_404(Campaign, code=code)
    first, second = (_asked_scenario(campaign, request.GET.get(name, "")) for name in ("a", "b"))
    envelopes = list(campaign.envelopes.all())
    envelope = next((each for each in envelopes if each.code == request.GET.get("enveloppe")), None)
    sort = request.GET.get("tri", "")
    sort = sort if sort in SORTS else "code"
    context: dict[str, Any] = {
        "campaign": campaign,
        "scenarios": campaign.scenarios.all(),
        "first": first,
        "second": second,
        "envelopes": envelopes,
        "envelope": envelope,
        "sort": sort,
        "query": "",
        "comparison": None,
        "modulations": [],
        "is_all_official": True,
    }
    if first is not None and second is not None:
        results = [results_of(draft_of(each)) for each in (first, second)]
        context["comparison"] = compare(results[0], results[1], envelope=envelope, sort=sort)
        context["modulations"] = [
            {"scenario": scenario, "summaries": result.modulations, "of": f", {rank} scénario"}
            for scenario, result, rank in zip((first, second), results, ("premier", "second"), strict=True)
        ]
        context["is_all_official"] = all(each.is_all_official for each in results)
        asked = {"a": first.pk, "b": second.pk, "enveloppe": envelope.code if envelope is not None else ""}
        context["query"] = urlencode(asked)
    return render(request, "funding/scenario_compare.html", context)


@require_http_methods(["GET", "POST"])
def scenario_create(request: HttpRequest, code: str) -> HttpResponse:
    """A new scenario, filled from the campaign's file."""
    _require(request, Ability.ALLOCATION_RUN)
    campaign = get_object_or_404(Campaign, code=code)
    if request.method == "POST":
        return _save(request, campaign, None)
    draft = read_draft(campaign, *typed_of_campaign(campaign))
    # Nobody has typed a name yet: what is missing is said once the form is sent.
    return _page(request, None, replace(draft, name=replace(draft.name, error="")), version=0)


@require_http_methods(["GET", "POST"])
def scenario_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Change a scenario."""
    _require(request, Ability.ALLOCATION_RUN)
    scenario = _scenario(code, pk)
    if request.method == "POST":
        return _save(request, scenario.campaign, scenario)
    return _page(request, scenario, draft_of(scenario), version=scenario.version)


@require_POST
def scenario_results(request: HttpRequest, code: str) -> HttpResponse:
    """What comes out of the scenario as it is being typed; stores nothing."""
    _require(request, Ability.ALLOCATION_RUN)
    campaign = get_object_or_404(Campaign, code=code)
    draft = _typed(campaign, request.POST)
    context = {"result": results_of(draft), "draft": draft, "is_live": True}
    return render(request, "funding/scenario_results.html", context)


@require_POST
def scenario_duplicate(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Copy a scenario and open the copy."""
    _require(request, Ability.ALLOCATION_RUN)
    copy = duplicate_scenario(_scenario(code, pk), by=signed_in(request))
    messages.success(request, f"Le scénario est copié sous le nom « {copy.name} ».")
    return redirect("funding:scenario-edit", code, copy.pk)


@require_POST
def scenario_run(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Store the runs of a scenario; who may publish goes on to the confirmation of the publication."""
    _require(request, Ability.ALLOCATION_RUN)
    scenario = _scenario(code, pk)
    draft = draft_of(scenario)
    user = signed_in(request)
    stated = [(block.envelope, block.terms) for block in draft.blocks if block.is_stated]
    try:
        runs = run_scenario(scenario, stated, draft.chosen, by=user)
    except RuleViolation as refusal:
        messages.error(request, str(refusal))
        return redirect("funding:scenario-detail", code, pk)
    messages.success(request, f"Le scénario « {scenario.name} » est calculé, avec toutes ses entrées.")
    if not can(user, Ability.ALLOCATION_PUBLISH):
        return redirect("funding:scenario-detail", code, pk)
    query = QueryDict(mutable=True)
    query["annee"] = str(scenario.year)
    query.setlist("calcul", [str(run.pk) for run in runs])
    return redirect(f"{reverse('funding:publication-create', args=[code])}?{query.urlencode()}")


def _save(request: HttpRequest, campaign: Campaign, scenario: Scenario | None) -> HttpResponse:
    draft = _typed(campaign, request.POST)
    text = request.POST.get("version", "")
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if "add" in request.POST or "remove" in request.POST:
        return _page(request, scenario, draft, version=version)
    if not draft.is_valid:
        return _page(request, scenario, draft, version=version, status=422)
    try:
        saved = save_scenario(
            scenario,
            campaign,
            year=int(draft.year.typed),
            name=draft.name.typed,
            territories=draft.chosen,
            terms=draft.terms,
            version=version,
            by=signed_in(request),
            modulations=draft.modulations,
        )
    except StaleVersion as refusal:
        stored: Scenario = refusal.stored
        return _page(
            request,
            scenario,
            draft,
            version=stored.version,
            status=409,
            sentence=str(refusal),
            differences=_differences(draft_of(stored), draft),
        )
    except RuleViolation as refusal:
        return _page(request, scenario, draft, version=version, status=409, refusal=str(refusal))
    messages.success(request, f"Le scénario « {saved.name} » est enregistré.")
    return redirect("funding:scenario-detail", campaign.code, saved.pk)


def _differences(stored: Draft, typed: Draft) -> list[Difference]:
    before, after = stored.texts, typed.texts
    return [
        Difference(label, before[label] or EMPTY, after[label] or EMPTY)
        for label in before
        if before[label] != after[label]
    ]


def _page(
    request: HttpRequest,
    scenario: Scenario | None,
    draft: Draft,
    *,
    version: int,
    status: int = 200,
    sentence: str = "",
    differences: list[Difference] | None = None,
    refusal: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "campaign": draft.campaign,
        "scenario": scenario,
        "draft": draft,
        "result": results_of(draft),
        "version": version,
        "sentence": sentence,
        "differences": differences or [],
        "refusal": refusal,
        "is_refused": status == 422,
        "is_live": False,
    }
    return render(request, "funding/scenario_edit.html", context, status=status)


def _typed(campaign: Campaign, sent: QueryDict) -> Draft:
    """What was typed; `add` (an envelope) adds a row of modulation, `remove` (a row) takes one away."""
    removed = sent.get("remove", "")
    typed = {
        name: str(text) for name, text in sent.items() if not removed or not name.startswith(f"{removed}-")
    }
    return read_draft(campaign, typed, set(sent.getlist("territory")), new_row_in=sent.get("add", ""))


def _asked_scenario(campaign: Campaign, text: str) -> Scenario | None:
    """The scenario of an id, None when none is asked; Http404 when it is not the campaign's."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404("This is no scenario.")
    return get_object_or_404(Scenario.objects.select_related("campaign"), campaign=campaign, pk=int(text))


def _require(request: HttpRequest, ability: Ability) -> None:
    if not can(signed_in(request), ability):
        raise PermissionDenied


def _scenario(code: str, pk: int) -> Scenario:
    scenarios = Scenario.objects.select_related("campaign", "updated_by")
    return get_object_or_404(scenarios, campaign__code=code, pk=pk)

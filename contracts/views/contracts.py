"""The list of contracts, the creation of one, its overview and its way (rules C5, K1, K3)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import Territory
from cdppe.lib.errors import RuleViolation
from cdppe.lib.paging import query_without_page
from contracts.actions.contracts import create_contract, move_contract
from contracts.compliance import located, report_of
from contracts.filters import ContractFilter, matching, territories_without_contract
from contracts.forms import ContractForm
from contracts.forms.contracts import creatable_territories
from contracts.models import ActionSheet, Amendment, Campaign, Contract, ContractObjective, way_of
from contracts.notices import notices_of
from contracts.overview import (
    duty_lines,
    reader_kinds,
    signs,
    standing,
    with_facts,
)
from contracts.places import way_page
from contracts.views.access import get_contract, may, refusals_shown, signed_in
from contracts.workflow import EDITABLE_STATES, Page, Transition

CONTRACTS_PER_PAGE = 20
EVENTS_SHOWN = 8


@require_GET
def contract_list(request: HttpRequest) -> HttpResponse:
    """The contracts that the person follows, filtered, and the territories that have none yet."""
    user = signed_in(request)
    territories = Territory.objects.visible_to(user)
    found = ContractFilter(
        request.GET,
        queryset=Contract.objects.visible_to(user).with_context(),
        territories=territories,
    )
    # Counted in subqueries: two joins in one query would multiply each other's rows.
    contracts = found.qs.annotate(
        objective_count=_count_of(ContractObjective.objects),
        sheet_count=_count_of(ActionSheet.objects.in_plan()),
    )
    page = Paginator(contracts, CONTRACTS_PER_PAGE).get_page(request.GET.get("page"))
    notices = notices_of(list(page))
    rows = [(contract, notices[contract.pk]) for contract in page]
    context = {
        "filter": found,
        "page": page,
        "rows": rows,
        "is_filtered": any(request.GET.get(name) for name in ("q", "region", "campaign", "state")),
        "query": query_without_page(request),
        "without_contract": _without_contract(found, territories),
        "may_create": creatable_territories(user).exists(),
    }
    return render(request, "contracts/contract_list.html", context)


def _count_of(rows: Any) -> Any:
    """How many of `rows` each contract of the outer query has."""
    of_contract = rows.order_by().filter(contract=OuterRef("pk")).values("contract")
    return Coalesce(Subquery(of_contract.annotate(total=Count("pk")).values("total")), 0)


def _without_contract(found: ContractFilter, territories: Any) -> list[dict[str, Any]]:
    """[{"campaign", "territories"}] among those that the filter keeps; none when a state is asked."""
    values = found.form.cleaned_data if found.form.is_valid() else {}
    if values.get("state"):
        return []
    if values.get("q"):
        territories = territories.filter(pk__in=matching(territories, values["q"]))
    if values.get("region"):
        territories = territories.filter(region=values["region"])
    campaigns = [values["campaign"]] if values.get("campaign") else list(Campaign.objects.all())
    groups = [
        {"campaign": campaign, "territories": list(territories_without_contract(campaign, territories))}
        for campaign in campaigns
    ]
    return [group for group in groups if group["territories"]]


@require_http_methods(["GET", "POST"])
def contract_create(request: HttpRequest) -> HttpResponse:
    """Create the contract of a territory for a campaign."""
    user = signed_in(request)
    if not any(can(user, Ability.CONTRACT_CREATE, each) for each in Territory.objects.visible_to(user)):
        raise PermissionDenied("Seules les institutions parties à un contrat le créent.")
    initial = {"campaign": request.GET.get("campagne"), "territory": request.GET.get("territoire")}
    form = ContractForm(
        request.POST or None, user=user, initial={key: value for key, value in initial.items() if value}
    )
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                contract = create_contract(
                    form.cleaned_data["campaign"], form.cleaned_data["territory"], by=user
                )
            except RuleViolation as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, "Le contrat est créé avec ses objectifs fondamentaux.")
                return redirect("contracts:detail", contract.reference)
        status = 422
    return render(request, "contracts/contract_create.html", {"form": form}, status=status)


@require_GET
def contract_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """What is done, what is missing, whose turn and by when; the parties, the calendar, the journal."""
    user = signed_in(request)
    contract = get_object_or_404(with_facts(Contract.objects.visible_to(user)), reference=reference)
    today = timezone.localdate()
    where = standing(contract, reader=user, today=today)
    kinds = reader_kinds(user, contract)
    may_edit = can(user, Ability.CONTRACT_EDIT, contract.territory)
    recent, earlier = where.everybody.late_this_year, where.everybody.late_before
    context = {
        "contract": contract,
        "tab": "overview",
        "standing": where,
        "duties": duty_lines([*where.everybody.coming, *recent], today=today, kinds=kinds),
        "earlier": duty_lines(earlier, today=today, kinds=kinds),
        "closed": duty_lines(where.everybody.closed, today=today, kinds=kinds),
        "undated": where.everybody.undated,
        "parties": [party for party in contract.parties.all() if signs(party, contract)],
        "events": contract.events.select_related("by")[:EVENTS_SHOWN],
        "steps": _steps(contract) if may_edit else [],
        "way_url": way_page(contract),
        "may_edit": may(request, Ability.CONTRACT_EDIT, contract),
    }
    return render(request, "contracts/contract_detail.html", context)


def _steps(contract: Contract) -> list[dict[str, Any]]:
    """The gestures that the table offers; one that stops the writing asks for a confirmation."""
    return [
        {"transition": transition, "locks": _locks(transition)}
        for transition in way_of(contract).transitions(Page.OVERVIEW)
    ]


def _locks(transition: Transition) -> bool:
    return transition.source in EDITABLE_STATES and transition.target not in EDITABLE_STATES


@require_http_methods(["GET", "POST"])
@refusals_shown
def contract_move(request: HttpRequest, reference: str, code: str) -> HttpResponse:
    """Ask for a confirmation (GET), then make one transition of the contract's way (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    if request.method == "POST":
        moved = move_contract(contract, code, by=signed_in(request))
        messages.success(request, f"{moved.the_text} est à l’état « {moved.get_state_display()} ».")
        if isinstance(moved, Amendment):
            return redirect("agreements:amendment", contract.reference, moved.number)
        return redirect("contracts:detail", contract.reference)
    way = way_of(contract)
    transition = way.transition(code)
    if transition is None:
        raise Http404
    user = signed_in(request)
    complete = get_object_or_404(with_facts(Contract.objects.visible_to(user)), pk=contract.pk)
    report = report_of(complete)
    context = {
        "contract": contract,
        "tab": "overview",
        "way": way,
        "transition": transition,
        "locks": _locks(transition),
        "missing": standing(complete, reader=user, today=timezone.localdate()).missing,
        "blocking": located(complete, report.blocking),
        "to_check": located(complete, report.to_check),
    }
    return render(request, "contracts/contract_move.html", context)

"""The action plan of a contract (annexe 5.3; rules A3, M1, M2)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from contracts.views.access import get_contract
from funding.letters import letters_of_contract
from funding.plan import build_plan


@require_GET
def action_plan(request: HttpRequest, reference: str) -> HttpResponse:
    """The plan and its totals, beside what was notified and the department's share."""
    contract = get_contract(request, reference)
    context = {
        "contract": contract,
        "tab": "plan",
        "plan": build_plan(contract),
        "letters": letters_of_contract(contract),
    }
    return render(request, "funding/action_plan.html", context)

"""The tableau de bord of a contract: the whole page, and the boxes of one section."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation
from contracts.models import Contract
from contracts.views.access import get_contract, may, refusals_shown, signed_in
from indicators.actions.values import ValuesChanged, save_values
from indicators.dashboard import Dashboard, Section, build_dashboard
from indicators.grid import ValueGrid


@require_safe
def dashboard(request: HttpRequest, reference: str) -> HttpResponse:
    """Annexe 5.2 as one page: reference value, targets, levels, shares and gaps."""
    contract = get_contract(request, reference, Ability.CONTRACT_READ)
    context = {
        "contract": contract,
        "tab": "dashboard",
        "dashboard": build_dashboard(contract),
        "may_edit": may(request, Ability.CONTRACT_EDIT, contract),
    }
    return render(request, "indicators/dashboard.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@refusals_shown
def dashboard_edit(request: HttpRequest, reference: str, section_key: str) -> HttpResponse:
    """The boxes of one section; a refused save shows again what was typed, with the sentences."""
    is_save = request.method == "POST"
    # A save that comes after the contract was finalised is refused by the action: its text is kept then.
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=not is_save)
    board = build_dashboard(contract)
    section = find_section(board, section_key)
    grid = ValueGrid(section, request.POST.dict() if is_save else None)
    refusal = ""
    status = 422 if grid.problems else 200
    if grid.is_valid:
        try:
            written = save_values(contract, changes=grid.changes, by=signed_in(request))
        except ValuesChanged as conflict:
            refusal, status = str(conflict), 409
            grid.show_conflicts(conflict.stored)
        except RuleViolation as violation:
            refusal, status = str(violation), 409
        else:
            messages.success(request, _told(written))
            return redirect(section_address(contract, section.key))
    context = {
        "contract": contract,
        "tab": "dashboard",
        "dashboard": board,
        "section": section,
        "grid": grid,
        "column_count": len(board.columns) + 2,
        "refusal": refusal,
        "cancel_url": section_address(contract, section.key),
    }
    return render(request, "indicators/dashboard_edit.html", context, status=status)


def find_section(board: Dashboard, key: str) -> Section:
    """The section `key` of a tableau de bord; Http404 when it has none of that name."""
    section = board.section(key)
    if section is None:
        raise Http404
    return section


def section_address(contract: Contract, key: str) -> str:
    """The place of one section in the page of the whole tableau de bord."""
    return f"{reverse('indicators:dashboard', args=[contract.reference])}#{key}"


def _told(written: int) -> str:
    if not written:
        return "Rien n’a changé : aucune valeur n’était différente."
    return "1 valeur enregistrée." if written == 1 else f"{written} valeurs enregistrées."

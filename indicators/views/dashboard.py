"""The tableau de bord of a contract: the whole page, and its boxes, all of them or those of one section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation
from contracts.models import Contract
from contracts.views.access import get_contract, may, refusals_shown, signed_in
from indicators.actions.values import Settled, ValuesChanged, autosave_values, save_values
from indicators.dashboard import Dashboard, Section, build_dashboard
from indicators.grid import ValueGrid


@require_safe
def dashboard(request: HttpRequest, reference: str) -> HttpResponse:
    """Annexe 5.2 as one page: reference value, targets, levels, shares and gaps, and what is missing."""
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
def dashboard_fill(request: HttpRequest, reference: str) -> HttpResponse:
    """The boxes of the whole tableau de bord, filled as a spreadsheet is.

    The address of a cell leads here; who only reads is sent to the same cell of the page that is read.
    """
    if request.method != "POST":
        contract = get_contract(request, reference, Ability.CONTRACT_READ)
        if not may(request, Ability.CONTRACT_EDIT, contract):
            return redirect("indicators:dashboard", contract.reference)
    return _edit(request, reference, None)


@require_http_methods(["GET", "HEAD", "POST"])
@refusals_shown
def dashboard_edit(request: HttpRequest, reference: str, section_key: str) -> HttpResponse:
    """The boxes of one section."""
    return _edit(request, reference, section_key)


def _edit(request: HttpRequest, reference: str, section_key: str | None) -> HttpResponse:
    """The boxes of a section, or of all; a refused save shows again what was typed, with the sentences."""
    is_save = request.method == "POST"
    # A save that comes after the contract was finalised is refused by the action: its text is kept then.
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=not is_save)
    board = build_dashboard(contract)
    section = None if section_key is None else find_section(board, section_key)
    sections = [each for each in board.sections if each.rows] if section is None else [section]
    if is_save and request.headers.get("X-Autosave") == "1":
        return _autosave(request, contract, sections)
    grid = ValueGrid(sections, request.POST.dict() if is_save else None)
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
            return redirect(_address(contract, section))
    context = {
        "contract": contract,
        "tab": "dashboard",
        "dashboard": board,
        "section": section,
        "grid": grid,
        "column_count": len(board.columns) + 2,
        "half_column_count": len(board.half_years) + 2,
        "refusal": refusal,
        "cancel_url": _address(contract, section),
    }
    return render(request, "indicators/dashboard_edit.html", context, status=status)


def _autosave(request: HttpRequest, contract: Contract, sections: Sequence[Section]) -> JsonResponse:
    """The answer to a page that saves by itself: what is sound is written, the rest is told box by box.

    200 when all of it is stored, 422 with the sentence of each box that is not, 409 with one sentence when
    nothing may be written in the contract any more.
    """
    grid = ValueGrid(sections, request.POST.dict())
    changes = grid.sound_changes
    try:
        settled = (
            autosave_values(contract, changes=changes, by=signed_in(request)) if changes else Settled((), ())
        )
    except RuleViolation as violation:
        return JsonResponse({"sentence": str(violation), "html": ""}, status=409)
    answer: dict[str, Any] = grid.autosave_answer(settled)
    if settled.written or not answer["problems"]:
        answer["computed"] = _printed_texts(contract, sections) if settled.written else {}
        answer["saved_at"] = f"{timezone.localtime():%H:%M}"
    return JsonResponse(answer, status=422 if answer["problems"] else 200)


def _printed_texts(contract: Contract, sections: Sequence[Section]) -> dict[str, str]:
    """The cells of `sections` that are computed, from what is stored now."""
    keys = {section.key for section in sections}
    return ValueGrid([each for each in build_dashboard(contract).sections if each.key in keys]).printed_texts


def find_section(board: Dashboard, key: str) -> Section:
    """The section `key` of a tableau de bord; Http404 when it has none of that name."""
    section = board.section(key)
    if section is None:
        raise Http404
    return section


def section_address(contract: Contract, key: str) -> str:
    """The place of one section in the page of the whole tableau de bord."""
    return f"{reverse('indicators:dashboard', args=[contract.reference])}#{key}"


def _address(contract: Contract, section: Section | None) -> str:
    if section is None:
        return reverse("indicators:dashboard", args=[contract.reference])
    return section_address(contract, section.key)


def _told(written: int) -> str:
    if not written:
        return "Toutes les valeurs sont enregistrées : rien n’a changé depuis."
    return "1 valeur enregistrée." if written == 1 else f"{written} valeurs enregistrées."

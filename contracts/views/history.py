"""The history of a contract: who changed what, when; two moments compared; a former text brought back."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from cdppe.accounts.abilities import Ability
from cdppe.lib.paging import query_without_page
from contracts.actions.history import (
    last_texts,
    recreate_deleted_sheet,
    refusal_to_restore,
    restore_text,
)
from contracts.forms.history import CompareForm, HistoryFilterForm, last_days
from contracts.models import ActionSheet, Contract, FieldChange
from contracts.places import locate
from contracts.reading_history import between, line_of, read_known_place, sittings
from contracts.views.access import get_contract, may, refusals_shown, signed_in

CHANGES_PER_PAGE = 40


@require_GET
def history(request: HttpRequest, reference: str) -> HttpResponse:
    """Every change, newest first; `?endroit=sheets/12` keeps those of one object or field."""
    contract = get_contract(request, reference)
    form = HistoryFilterForm(request.GET or None, contract=contract)
    changes = FieldChange.objects.filter(contract=contract).select_related("by")
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    if chosen.get("partie"):
        changes = changes.filter(place__regex=rf"^{chosen['partie']}(/|$)")
    if chosen.get("auteur"):
        changes = changes.filter(by=chosen["auteur"])
    place = read_known_place(request.GET.get("endroit", ""))
    if place is not None:
        changes = changes.filter(place__regex=rf"^{place}(/|$)")
    page = Paginator(changes, CHANGES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "contract": contract,
        "tab": "history",
        "view": "changes",
        "form": form,
        "page": page,
        "query": query_without_page(request),
        "sittings": sittings(contract, page.object_list),
        "is_filtered": bool(chosen.get("partie") or chosen.get("auteur") or place),
        "place_label": _place_label(changes.first()) if place else "",
    }
    return render(request, "contracts/history.html", context)


def _place_label(newest: FieldChange | None) -> str:
    return newest.object_label if newest else "cet endroit"


@require_GET
def compare(request: HttpRequest, reference: str) -> HttpResponse:
    """What is different between two moments, field by field."""
    contract = get_contract(request, reference)
    is_asked = bool({"du", "au"} & set(request.GET))
    form = CompareForm(request.GET if is_asked else None, initial=last_days(contract))
    found = None
    if form.is_bound and form.is_valid():
        found = between(contract, form.cleaned_data["du"], form.cleaned_data["au"])
    elif not form.is_bound:
        moments = last_days(contract)
        found = between(contract, moments["du"], moments["au"])
    context = {
        "contract": contract,
        "tab": "history",
        "view": "compare",
        "form": form,
        "found": found,
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "contracts/history_compare.html", context, status=status)


@require_GET
def change(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """One change: the text before, the text after, what differs, and how to bring one of them back."""
    contract = get_contract(request, reference)
    return _change_page(request, contract, _change(contract, pk))


def _change(contract: Contract, pk: int) -> FieldChange:
    return get_object_or_404(FieldChange.objects.select_related("by"), contract=contract, pk=pk)


def _change_page(
    request: HttpRequest, contract: Contract, found: FieldChange, *, sentence: str = "", status: int = 200
) -> HttpResponse:
    place = read_known_place(found.place)
    located = locate(contract, [place]).get(place) if place else None
    is_deleted_sheet = (
        place is not None
        and place.part == "sheets"
        and bool(place.item)
        and not ActionSheet.objects.filter(contract=contract, pk=place.item).exists()
    )
    may_write = may(request, Ability.CONTRACT_EDIT, contract)
    context = {
        "contract": contract,
        "tab": "history",
        "change": found,
        "line": line_of(found, before=found.before),
        "located": located,
        "sentence": sentence,
        "texts": _texts(request, found, may_restore=may_write and located is not None),
        "deleted_texts": last_texts(contract, place.item) if place and is_deleted_sheet else {},
        "may_recreate": may_write and is_deleted_sheet,
        "is_deleted_sheet": is_deleted_sheet,
    }
    return render(request, "contracts/history_change.html", context, status=status)


def _texts(request: HttpRequest, found: FieldChange, *, may_restore: bool) -> list[dict[str, object]]:
    """The text before and the text after, each with its gesture or why it has none."""
    texts: list[dict[str, object]] = []
    for title, which, text in (("Avant", "avant", found.before), ("Après", "apres", found.after)):
        refusal = (
            refusal_to_restore(found, former=which == "avant", by=signed_in(request)) if may_restore else ""
        )
        texts.append(
            {
                "title": title,
                "which": which,
                "text": text,
                "refusal": refusal,
                "may_restore": may_restore and not refusal,
            }
        )
    return texts


@require_POST
@refusals_shown
def restore(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Write again the text before (`texte=avant`) or after (`texte=apres`) a change."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    found = _change(contract, pk)
    which = request.POST.get("texte")
    if which not in ("avant", "apres"):
        return _change_page(request, contract, found, sentence="Choisissez le texte à reprendre.", status=422)
    restore_text(found, former=which == "avant", by=signed_in(request))
    messages.success(request, f"Le texte de « {found.field_label} » est repris.")
    place = read_known_place(found.place)
    located = locate(contract, [place]).get(place) if place else None
    return redirect(located.url) if located else redirect("contracts:history", reference)


@require_POST
@refusals_shown
def recreate_sheet(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Make a new sheet with the texts of a deleted one."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    sheet = recreate_deleted_sheet(_change(contract, pk), by=signed_in(request))
    messages.success(
        request,
        f"La fiche est recréée sous le n° {sheet.number}, avec ses textes. "
        "Ses montants sont à saisir de nouveau.",
    )
    return redirect("funding:sheet-edit", contract.reference, sheet.number)

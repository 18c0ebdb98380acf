"""The journal of a contract: every gesture, who made it and when, and whether the chain is whole."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from cdppe.lib.table_export import write_csv
from contracts.forms.journal import JournalFilterForm
from contracts.journal_page import entries_of, rows_of
from contracts.models import Contract, JournalCheck
from contracts.views.access import get_contract

ENTRIES_PER_PAGE = 40
SHOWN_FINDINGS = 5
LONGEST_ASKED = 100
"""Characters of a filter that the way back to the page repeats."""


@require_GET
def journal(request: HttpRequest, reference: str) -> HttpResponse:
    """Every gesture on the contract, newest first; `?qui=&objet=&du=&au=` keeps some."""
    contract = get_contract(request, reference)
    form = _form(request, contract)
    chosen = _chosen(form)
    page = Paginator(entries_of(contract, chosen), ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    check = JournalCheck.objects.first()
    context = {
        "contract": contract,
        "tab": "history",
        "view": "journal",
        "form": form,
        "page": page,
        "query": query.urlencode(),
        "is_filtered": any(chosen.values()),
        "check": check,
        "findings": check.findings[:SHOWN_FINDINGS] if check else [],
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "contracts/journal.html", context, status=status)


@require_GET
def journal_export(request: HttpRequest, reference: str) -> HttpResponse:
    """The entries that the page lists, all of them, as a CSV file with their fingerprints."""
    contract = get_contract(request, reference)
    form = _form(request, contract)
    if form.is_bound and not form.is_valid():
        # The page says which day cannot be read; an address has its length.
        asked = {name: request.GET.get(name, "")[:LONGEST_ASKED] for name in JournalFilterForm.base_fields}
        return redirect(f"{reverse('contracts:journal', args=[reference])}?{urlencode(asked)}")
    answer = HttpResponse(
        write_csv(rows_of(entries_of(contract, _chosen(form)))), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="journal-{contract.reference}.csv"'
    return answer


def _form(request: HttpRequest, contract: Contract) -> JournalFilterForm:
    asked = {name for name in JournalFilterForm.base_fields if request.GET.get(name)}
    return JournalFilterForm(request.GET if asked else None, contract=contract)


def _chosen(form: JournalFilterForm) -> dict[str, Any]:
    return form.cleaned_data if form.is_bound and form.is_valid() else {}

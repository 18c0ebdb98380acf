"""The journal, of a contract or of what belongs to none: every gesture, who made it, when and from where."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from cdppe.lib.paging import query_without_page
from cdppe.lib.table_export import write_csv
from contracts.forms.journal import JournalFilterForm
from contracts.journal_page import entries_of, entries_of_no_contract, narrowed, rows_of
from contracts.models import JournalCheck, JournalEntry
from contracts.views.access import get_contract, signed_in

ENTRIES_PER_PAGE = 40
SHOWN_FINDINGS = 5
LONGEST_ASKED = 100
"""Characters of a filter that the way back to the page repeats."""


@require_GET
def journal(request: HttpRequest, reference: str) -> HttpResponse:
    """Every gesture on the contract, newest first; `?qui=&objet=&du=&au=` keeps some."""
    contract = get_contract(request, reference)
    context = {
        "contract": contract,
        "tab": "history",
        "view": "journal",
        "page_url": reverse("contracts:journal", args=[reference]),
        "export_url": reverse("contracts:journal-export", args=[reference]),
    }
    return _page(request, "contracts/journal.html", entries_of(contract), context)


@require_GET
def journal_export(request: HttpRequest, reference: str) -> HttpResponse:
    """The entries that the page lists, all of them, as a CSV file with their fingerprints."""
    contract = get_contract(request, reference)
    page_url = reverse("contracts:journal", args=[reference])
    return _export(request, entries_of(contract), page_url, f"journal-{contract.reference}.csv")


@require_GET
def site_journal(request: HttpRequest) -> HttpResponse:
    """The gestures that belong to no contract: campaigns, figures, amounts, members; same filter."""
    entries = _of_no_contract(request)
    context = {
        "page_url": reverse("contracts:site-journal"),
        "export_url": reverse("contracts:site-journal-export"),
    }
    return _page(request, "contracts/site_journal.html", entries, context)


@require_GET
def site_journal_export(request: HttpRequest) -> HttpResponse:
    """The entries that the page of what belongs to no contract lists, as a CSV file."""
    return _export(
        request, _of_no_contract(request), reverse("contracts:site-journal"), "journal-du-site.csv"
    )


def _of_no_contract(request: HttpRequest) -> QuerySet[JournalEntry]:
    entries = entries_of_no_contract(signed_in(request))
    if entries is None:
        raise PermissionDenied(
            "Le journal du site se lit au ministère, et par les personnes qui administrent une institution."
        )
    return entries


def _page(
    request: HttpRequest, template: str, entries: QuerySet[JournalEntry], context: dict[str, Any]
) -> HttpResponse:
    form = _form(request, entries)
    chosen = _chosen(form)
    page = Paginator(narrowed(entries, chosen), ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    check = JournalCheck.objects.first()
    context |= {
        "form": form,
        "page": page,
        "query": query_without_page(request),
        "is_filtered": any(chosen.values()),
        "check": check,
        "findings": check.findings[:SHOWN_FINDINGS] if check else [],
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, template, context, status=status)


def _export(
    request: HttpRequest, entries: QuerySet[JournalEntry], page_url: str, file_name: str
) -> HttpResponse:
    form = _form(request, entries)
    if form.is_bound and not form.is_valid():
        # The page says which day cannot be read; an address has its length.
        asked = {name: request.GET.get(name, "")[:LONGEST_ASKED] for name in JournalFilterForm.base_fields}
        return redirect(f"{page_url}?{urlencode(asked)}")
    table = write_csv(rows_of(narrowed(entries, _chosen(form))))
    answer = HttpResponse(table, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return answer


def _form(request: HttpRequest, entries: QuerySet[JournalEntry]) -> JournalFilterForm:
    asked = {name for name in JournalFilterForm.base_fields if request.GET.get(name)}
    return JournalFilterForm(request.GET if asked else None, entries=entries)


def _chosen(form: JournalFilterForm) -> dict[str, Any]:
    return form.cleaned_data if form.is_bound and form.is_valid() else {}

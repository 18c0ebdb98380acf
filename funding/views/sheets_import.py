"""Importing action sheets from a table: the model to fill, the file, the preview, the gesture that stores."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation
from cdppe.lib.table_export import XLSX_TYPE, write_xlsx
from cdppe.lib.tables import MAX_BYTES, Table, TableRefused, read_table, too_large
from contracts.models import Contract, ContractObjective
from contracts.views.access import get_contract, refusals_shown, signed_in
from funding.actions.sheets_import import (
    begin_sheets_import,
    columns_of,
    preview_sheets_import,
    store_sheets_import,
)
from funding.models import SheetsImport
from funding.sheets_import import SheetsPreview

SHOWN_PROBLEMS = 150


class SheetsFileForm(forms.Form):
    """The table to import; `table` holds what it says."""

    file = forms.FileField(
        label="Tableau des fiches",
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt"}),
        help_text=f"CSV ou Excel (.xlsx), {MAX_BYTES // 1024 // 1024} Mo au plus, une fiche par ligne.",
        error_messages={
            "required": "Choisissez le tableau à importer.",
            "empty": "Ce fichier est vide : choisissez celui qui contient le tableau.",
            "invalid": "Le fichier n’est pas arrivé : choisissez-le de nouveau.",
        },
    )
    table: Table

    def clean_file(self) -> UploadedFile:
        """The file, read as a table."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(too_large())
        try:
            self.table = read_table(file.read(), name=file.name or "fichier")
        except TableRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return file


@require_http_methods(["GET", "POST"])
@refusals_shown
def sheets_import(request: HttpRequest, reference: str) -> HttpResponse:
    """Choose the file; what follows is the preview."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    form = SheetsFileForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        form = SheetsFileForm(request.POST, request.FILES)
        if form.is_valid():
            name = form.cleaned_data["file"].name or "fichier"
            draft = begin_sheets_import(contract, form.table, file_name=name, by=signed_in(request))
            return redirect("funding:sheets-import-preview", contract.reference, draft.pk)
        status = 422
    context = {"contract": contract, "tab": "sheets", "form": form}
    return render(request, "funding/sheets_import.html", context, status=status)


@require_GET
@refusals_shown
def sheets_import_template(request: HttpRequest, reference: str) -> HttpResponse:
    """An empty workbook with the headings of this contract, and its objectives on a second sheet."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    columns = columns_of(contract)
    labels = ContractObjective.objects.filter(contract=contract).select_related("objective").in_bulk()
    objectives: list[list[Any]] = [["Objectif", "Intitulé"]]
    objectives += [[key, labels[pk].label] for key, pk in columns.objectives.items()]
    content = write_xlsx([("Fiches action", [columns.headings]), ("Objectifs", objectives)])
    answer = HttpResponse(content, content_type=XLSX_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="fiches-{contract.reference}.xlsx"'
    return answer


@require_http_methods(["GET", "POST"])
@refusals_shown
def sheets_import_preview(request: HttpRequest, reference: str, draft_id: UUID) -> HttpResponse:
    """Show what would be made and every problem (GET), then make it (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    drafts = SheetsImport.objects.visible_to(signed_in(request)).select_related(
        "contract__campaign", "contract__territory__region"
    )
    draft = get_object_or_404(drafts, pk=draft_id, contract=contract)
    sentence = ""
    if request.method == "POST":
        try:
            count = store_sheets_import(draft, by=signed_in(request))
        except RuleViolation as refusal:
            sentence = str(refusal)
        else:
            words = "1 fiche est importée." if count == 1 else f"{count} fiches sont importées."
            messages.success(request, words)
            return redirect("contracts:sheets", contract.reference)
    elif draft.stored_at is not None:
        return redirect("contracts:sheets", contract.reference)
    preview = preview_sheets_import(draft)
    context = {
        "contract": contract,
        "tab": "sheets",
        "draft": draft,
        "sentence": sentence,
        "preview": preview,
        "problems": preview.problems[:SHOWN_PROBLEMS],
        "problems_left": max(len(preview.problems) - SHOWN_PROBLEMS, 0),
        "rows": _rows(contract, preview),
    }
    return render(request, "funding/sheets_import_preview.html", context, status=409 if sentence else 200)


def _rows(contract: Contract, preview: SheetsPreview) -> list[dict[str, Any]]:
    labels = contract.objectives.select_related("objective").in_bulk()
    return [
        {
            "sheet": sheet,
            "title": sheet.texts.get("title", ""),
            "objective": labels[sheet.objective_id].short_label,
            "text_count": sum(1 for text in sheet.texts.values() if text),
        }
        for sheet in preview.sheets
    ]

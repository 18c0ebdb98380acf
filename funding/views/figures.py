"""The figures behind the criteria: their series and editions, the import of a new one, and the exports.

Reading takes the ability ALLOCATION_READ, importing ALLOCATION_RUN: both are national (403 otherwise). An
import begun by somebody is theirs alone (404).
"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from cdppe.accounts.abilities import Ability, can
from cdppe.lib.errors import RuleViolation
from contracts.views.access import signed_in
from funding.actions.figures import (
    ImportRefused,
    begin_import,
    preview_import,
    revise_import,
    store_import,
)
from funding.criteria import counted_statuses
from funding.figures import MISSING, edition_detail, series_with_editions, spec_row
from funding.figures_export import CONTENT_TYPES, export_edition
from funding.figures_forms import ImportForm
from funding.models import FigureStatus, ImportDraft, SeriesEdition

# A file that is wrong everywhere is wrong for one reason: the first problems tell it.
SHOWN_PROBLEMS = 150
FILTERS = [("", "Tous"), *FigureStatus.choices, (MISSING, "Manquant")]


@require_GET
def series_list(request: HttpRequest) -> HttpResponse:
    """The series and their editions."""
    _require(request, Ability.ALLOCATION_READ)
    context = {
        "series": series_with_editions(),
        "may_import": can(signed_in(request), Ability.ALLOCATION_RUN),
    }
    return render(request, "funding/series_list.html", context)


@require_GET
def series_edition(request: HttpRequest, code: str) -> HttpResponse:
    """One edition: where it comes from, its figures (`?statut=` keeps some), and who used it."""
    _require(request, Ability.ALLOCATION_READ)
    asked = request.GET.get("statut", "")
    status = asked if asked in dict(FILTERS) else ""
    context = {
        "detail": edition_detail(_edition(code), status=status),
        "filters": FILTERS,
        "status": status,
    }
    return render(request, "funding/series_edition.html", context)


@require_GET
def series_export(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """The figures of an edition as a file that the import reads back."""
    _require(request, Ability.ALLOCATION_READ)
    if kind not in CONTENT_TYPES:
        raise Http404
    edition = _edition(code)
    content = export_edition(edition_detail(edition), kind)
    answer = HttpResponse(content, content_type=CONTENT_TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{edition.code}.{kind}"'
    return answer


@require_http_methods(["GET", "POST"])
def series_import(request: HttpRequest) -> HttpResponse:
    """Describe an edition and send its file; what follows is the preview."""
    _require(request, Ability.ALLOCATION_RUN)
    user = signed_in(request)
    if request.method == "GET":
        form = ImportForm(initial={"series": request.GET.get("serie", "")})
        return render(request, "funding/series_import.html", {"form": form, "draft": None})
    form = ImportForm(request.POST, request.FILES)
    is_valid = form.is_valid()
    if form.table is None:
        return render(request, "funding/series_import.html", {"form": form, "draft": None}, status=422)
    # A file that could be read is kept with what was typed, even when the description is still wrong.
    draft = begin_import(
        form.description, form.table, is_described=is_valid, file_name=form.file_name, by=user
    )
    if not is_valid:
        return _form_again(request, draft)
    return redirect("funding:series-import-preview", draft.pk)


@require_http_methods(["GET", "POST"])
def series_import_edit(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Correct the description of an import, or send another file."""
    draft = _draft(request, draft_id)
    if draft.edition is not None:
        return redirect("funding:series-edition", draft.edition.code)
    if request.method == "GET":
        form = ImportForm(draft=draft)
        return render(request, "funding/series_import.html", {"form": form, "draft": draft})
    form = ImportForm(request.POST, request.FILES, draft=draft)
    is_valid = form.is_valid()
    if is_valid or form.table is not None:
        draft = revise_import(
            draft,
            form.description,
            form.table,
            is_described=is_valid,
            file_name=form.file_name,
            by=signed_in(request),
        )
    if not is_valid and form.table is None:
        return render(request, "funding/series_import.html", {"form": form, "draft": draft}, status=422)
    if not is_valid:
        return _form_again(request, draft)
    return redirect("funding:series-import-preview", draft.pk)


@require_http_methods(["GET", "POST"])
def series_import_preview(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Show what would be stored and every problem (GET), then store it (POST)."""
    draft = _draft(request, draft_id)
    if draft.edition is not None:
        return redirect("funding:series-edition", draft.edition.code)
    if not draft.is_described:
        return redirect("funding:series-import-edit", draft.pk)
    sentence = ""
    if request.method == "POST":
        try:
            edition = store_import(draft, by=signed_in(request))
        except RuleViolation as refusal:
            sentence = str(refusal)
        else:
            messages.success(request, f"L’édition « {edition} » est enregistrée.")
            return redirect("funding:series-edition", edition.code)
    return _preview_page(request, draft, sentence)


def _preview_page(request: HttpRequest, draft: ImportDraft, sentence: str) -> HttpResponse:
    context = {"draft": draft, "sentence": sentence, "preview": None}
    try:
        preview = preview_import(draft)
    except ImportRefused as refusal:
        context["sentence"] = str(refusal)
    else:
        figures = preview.figures
        context |= {
            "preview": preview,
            "figures": figures,
            "problems": figures.problems[:SHOWN_PROBLEMS],
            "problems_left": max(len(figures.problems) - SHOWN_PROBLEMS, 0),
            "remarks": figures.remarks[:SHOWN_PROBLEMS],
            "remarks_left": max(len(figures.remarks) - SHOWN_PROBLEMS, 0),
            "statuses": counted_statuses(each.status for each in figures.values if each.value is not None),
            "absent": [(code, preview.places.name(code)) for code in figures.absent],
            "rows": [spec_row(each, preview.places) for each in figures.values],
        }
    return render(request, "funding/series_preview.html", context, status=409 if context["sentence"] else 200)


def _form_again(request: HttpRequest, draft: ImportDraft) -> HttpResponse:
    """The form with its errors, now that the file is kept."""
    form = ImportForm(request.POST, draft=draft)
    return render(request, "funding/series_import.html", {"form": form, "draft": draft}, status=422)


def _require(request: HttpRequest, ability: Ability) -> None:
    if not can(signed_in(request), ability):
        raise PermissionDenied


def _edition(code: str) -> SeriesEdition:
    return get_object_or_404(SeriesEdition.objects.select_related("series", "loaded_by"), code=code)


def _draft(request: HttpRequest, draft_id: UUID) -> ImportDraft:
    _require(request, Ability.ALLOCATION_RUN)
    drafts = ImportDraft.objects.visible_to(signed_in(request)).select_related("edition")
    return get_object_or_404(drafts, pk=draft_id)

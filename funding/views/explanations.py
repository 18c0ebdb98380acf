"""Why this amount, and the workbook of a run (annexe 4; rules F5, F6, F8).

People of a territory read why once an amount is notified to them, from the run that it comes from. Those who
may read the allocation read every run; what others may not see does not exist for them (404).
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import Territory
from cdppe.lib.table_export import XLSX_TYPE
from contracts.models import Contract
from contracts.views.access import signed_in
from funding.explanation import explain
from funding.models import AllocationLine, AllocationRun, Envelope, NotifiedAmount
from funding.workbook import run_workbook


@require_GET
def amount_explanation(
    request: HttpRequest, code: str, territory_code: str, envelope_code: str, year: int
) -> HttpResponse:
    """The amount of one territory, step by step; `?calcul=` (a run) for those who may read the allocation."""
    user = signed_in(request)
    territory = get_object_or_404(Territory.objects.visible_to(user), code=territory_code)
    envelopes = Envelope.objects.select_related("campaign")
    envelope = get_object_or_404(envelopes, campaign__code=code, code=envelope_code)
    reads_runs = can(user, Ability.ALLOCATION_READ)
    notified = (
        NotifiedAmount.objects.visible_to(user)
        .filter(envelope=envelope, territory=territory, year=year)
        .select_related("run", "published_by")
        .first()
    )
    asked = request.GET.get("calcul", "")
    if not reads_runs and (notified is None or asked):
        raise Http404
    line = _line(envelope, territory, year, notified, asked)
    if line is None and notified is None:
        raise Http404
    explanation = None if line is None else explain(line.run, line)
    is_notified_run = notified is not None and line is not None and notified.run_id == line.run_id
    context = {
        "campaign": envelope.campaign,
        "envelope": envelope,
        "territory": territory,
        "year": year,
        "notified": notified,
        "explanation": explanation,
        "is_notified_run": is_notified_run,
        "departure": notified.amount - line.amount if notified and line and is_notified_run else None,
        "reads_runs": reads_runs,
        "contract": Contract.objects.visible_to(user)
        .filter(campaign=envelope.campaign, territory=territory)
        .first(),
    }
    return render(request, "funding/amount_explanation.html", context)


@require_GET
def run_workbook_download(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The run as a workbook with live formulas, for who may read the allocation."""
    if not can(signed_in(request), Ability.ALLOCATION_READ):
        raise PermissionDenied
    runs = AllocationRun.objects.select_related("envelope__campaign", "created_by")
    run = get_object_or_404(runs, envelope__campaign__code=code, pk=pk)
    name = slugify(f"repartition-{code}-{run.envelope.code}-{run.year}-calcul-{run.pk}")
    return HttpResponse(
        run_workbook(run),
        content_type=XLSX_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'},
    )


def _line(
    envelope: Envelope, territory: Territory, year: int, notified: NotifiedAmount | None, asked: str
) -> AllocationLine | None:
    """The line to explain: of the run that was asked for, else of the notified one, else of the last one.

    Raises Http404 when the run that was asked for is not one of this envelope, year and territory.
    """
    lines = AllocationLine.objects.filter(
        territory=territory, run__envelope=envelope, run__year=year
    ).select_related("run", "territory")
    if asked:
        if not (asked.isascii() and asked.isdigit() and len(asked) <= 18):
            raise Http404
        return get_object_or_404(lines, run=int(asked))
    if notified is not None:
        return None if notified.run_id is None else lines.filter(run=notified.run_id).first()
    return lines.order_by("-run__created_at", "-run__pk").first()

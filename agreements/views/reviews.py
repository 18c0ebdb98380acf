"""The transmissions that the central administration received, and what it does with one (rules K5, O7, P3).

A receipt, a question, an advice, a note: none of them is a visa, and none changes the contract.
"""

from __future__ import annotations

import uuid
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from agreements.actions.transmissions import acknowledge, write_remark
from agreements.forms.transmissions import (
    ASKED,
    BY_DEADLINE,
    BY_TERRITORY,
    RECEIVED,
    WAITING,
    ReceivedFilterForm,
    RemarkForm,
)
from agreements.models import RemarkKind, Transmission
from agreements.reading import changes_between, part_label
from agreements.transmissions import CODE, version_before
from cdppe.accounts.abilities import Ability, can
from cdppe.lib.errors import RuleViolation
from cdppe.lib.paging import query_without_page
from contracts.exchanges import thread_lines, with_ends
from contracts.models import Thread, ThreadState
from contracts.views.access import signed_in

PER_PAGE = 20
THREADS_SHOWN = 20
ORDERS = {
    BY_DEADLINE: ("due_on", "deadline", "contract__territory__code", "-number"),
    BY_TERRITORY: ("contract__territory__code", "contract__campaign__year", "-number"),
}
NEWEST_FIRST = ("-sent_at", "-pk")


def _require_nation(request: HttpRequest) -> None:
    if not can(signed_in(request), Ability.NATION_FOLLOW):
        raise PermissionDenied("Les transmissions reçues sont suivies par l’administration centrale.")


@require_safe
def received(request: HttpRequest) -> HttpResponse:
    """Every transmission, filtered and sorted by deadline, territory or date."""
    _require_nation(request)
    form = ReceivedFilterForm(request.GET)
    found = _filtered(Transmission.objects.visible_to(signed_in(request)).for_lists(), form)
    page = Paginator(found.order_by(*ORDERS.get(form.asked("tri"), NEWEST_FIRST)), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "filter": form,
        "page": page,
        "query": query_without_page(request),
        "is_filtered": any(form.asked(name) for name in form.fields if name != "tri"),
    }
    return render(request, "agreements/received.html", context)


def _filtered(found: Any, form: ReceivedFilterForm) -> Any:
    if campaign := form.asked("campagne"):
        found = found.filter(contract__campaign__code=campaign)
    if deadline := form.asked("echeance"):
        found = found.filter(deadline=int(deadline))
    if region := form.asked("region"):
        found = found.filter(contract__territory__region__code=region)
    if territory := form.asked("territoire"):
        found = found.filter(contract__territory__code=territory)
    state = form.asked("etat")
    if state == WAITING:
        found = found.filter(receipt__isnull=True)
    elif state == RECEIVED:
        found = found.filter(receipt__isnull=False)
    elif state == ASKED:
        found = found.filter(has_questions=True)
    return found


@require_safe
def review(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """One transmission: its version, what changed since the one before, findings, money, threads."""
    return _shown(request, _transmission(request, uid))


@require_POST
def transmission_acknowledge(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Say that it was received."""
    found = _reviewed(request, uid)
    try:
        acknowledge(found, by=signed_in(request))
    except RuleViolation as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La réception est accusée.")
    return redirect("agreements:transmission-review", uid)


@require_POST
def transmission_advise(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Give the parties a technical advice (O7)."""
    return _remarked(request, uid, RemarkKind.ADVICE, "L’avis technique est donné aux parties.")


@require_POST
def transmission_note(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Write a note for the file."""
    return _remarked(request, uid, RemarkKind.NOTE, "La note est au dossier.")


def _remarked(request: HttpRequest, uid: uuid.UUID, kind: RemarkKind, said: str) -> HttpResponse:
    found = _reviewed(request, uid)
    form = RemarkForm(request.POST, kind=kind)
    if form.is_valid():
        try:
            write_remark(found, kind, **form.cleaned_data, by=signed_in(request))
        except RuleViolation as refusal:
            form.add_error("text", str(refusal))
        else:
            messages.success(request, said)
            return redirect("agreements:transmission-review", uid)
    form.renew()
    return _shown(request, found, refused=form, status=422)


def _transmission(request: HttpRequest, uid: uuid.UUID) -> Transmission:
    """The transmission `uid` with its version, for somebody who follows the nation; 403 or 404 else."""
    _require_nation(request)
    listed = Transmission.objects.visible_to(signed_in(request)).for_lists()
    found: Transmission = get_object_or_404(listed, uid=uid)
    return found


def _reviewed(request: HttpRequest, uid: uuid.UUID) -> Transmission:
    if not can(signed_in(request), Ability.TRANSMISSION_REVIEW):
        raise PermissionDenied("Seule la DGCS accuse réception des transmissions et écrit à leur sujet.")
    return _transmission(request, uid)


def _shown(
    request: HttpRequest, found: Transmission, *, refused: RemarkForm | None = None, status: int = 200
) -> HttpResponse:
    user = signed_in(request)
    before = version_before(found)
    changed = changes_between(before, found.version) if before is not None else ()
    threads = (
        Thread.objects.visible_to(user)
        .filter(contract=found.contract)
        .for_reader(user)
        .order_by("state", "-last_message_at")
    )
    remarks = list(found.remarks.select_related("by"))
    forms = {
        kind: refused if refused is not None and refused.prefix == kind.value else RemarkForm(kind=kind)
        for kind in RemarkKind
    }
    context = {
        "contract": found.contract,
        "transmission": found,
        "before": before,
        "parts": [
            (part_label(code), list(objects)) for code, objects in groupby(changed, lambda each: each.part)
        ],
        "threads": thread_lines(list(with_ends(threads)[:THREADS_SHOWN]), user),
        "open_count": Thread.objects.filter(contract=found.contract, state=ThreadState.OPEN).count(),
        "place": CODE,
        "advices": [each for each in remarks if each.kind == RemarkKind.ADVICE],
        "notes": [each for each in remarks if each.kind == RemarkKind.NOTE],
        "may_review": can(user, Ability.TRANSMISSION_REVIEW),
        "advice_form": forms[RemarkKind.ADVICE],
        "note_form": forms[RemarkKind.NOTE],
    }
    return render(request, "agreements/review.html", context, status=status)

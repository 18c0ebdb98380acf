"""The calendar of a contract: its page, its Gantt, and the gestures on its steps (C2, C3, C4, C5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cdppe.accounts.abilities import Ability, can
from cdppe.lib.business_days import day_off
from cdppe.lib.errors import RuleViolation, StaleVersion
from contracts.actions.calendar import (
    add_step,
    bring_step_forward,
    mark_step,
    remove_step,
    save_step,
    set_effect_date,
    settle_deadline,
    step_values,
)
from contracts.actions.versions import Clashing
from contracts.autosave import autosaved, conflict, form_problems, is_autosave, refused, saved
from contracts.calendar_page import (
    deadline_lines,
    gantt_of,
    phases,
    step_lines,
    suggested_tasks,
    summary,
)
from contracts.feeds import feed_address
from contracts.forms import EffectDateForm, FeedForm, StepForm
from contracts.forms.versions import Difference, difference, rebase, taken_over
from contracts.models import Contract, ContractStep, Deadline
from contracts.overview import reader_kinds, with_facts
from contracts.retroplanning import Move
from contracts.views.access import get_contract, may, refusals_shown, signed_in

MOVES_SAID = 12


def _context(request: HttpRequest, reference: str) -> dict[str, Any]:
    """The contract with its calendar as the person sees it today."""
    user = signed_in(request)
    contract = get_object_or_404(with_facts(Contract.objects.visible_to(user)), reference=reference)
    today = timezone.localdate()
    kinds = reader_kinds(user, contract)
    lines = step_lines(contract, today=today, kinds=kinds)
    return {
        "contract": contract,
        "tab": "calendar",
        "today": today,
        "lines": lines,
        "steps_summary": summary(lines),
        "phases": phases(contract, lines, today=today),
        "gantt": gantt_of(contract, lines, today=today),
        "deadlines": deadline_lines(contract, today=today, kinds=kinds),
        "is_over": contract.ends_on < today,
        "effect_day_off": day_off(contract.planned_effect_on, contract.territory.holiday_calendar),
        # A finalised draft still has to be adopted and signed: its steps are written in every state.
        "may_edit": can(user, Ability.CONTRACT_EDIT, contract.territory),
        "may_set_effect": may(request, Ability.CONTRACT_EDIT, contract) and not contract.is_signed,
    }


@require_GET
def calendar(request: HttpRequest, reference: str) -> HttpResponse:
    """Phases, retroplanning, Gantt, national deadlines, and how to follow them elsewhere."""
    context = _context(request, reference)
    feed = signed_in(request).calendar_feeds.filter(contract=context["contract"]).first()
    context |= {
        "deadlines_summary": summary(context["deadlines"]),
        "suggested": suggested_tasks(context["contract"]) if context["may_edit"] else (),
        "feed": feed,
        "feed_address": feed_address(feed) if feed else "",
        "feed_form": FeedForm(
            initial={"contract": reference, "only_mine": feed.only_mine if feed else False}
        ),
    }
    return render(request, "contracts/calendar.html", context)


@require_GET
def gantt(request: HttpRequest, reference: str) -> HttpResponse:
    """The Gantt alone, with its table, laid out to be printed on a landscape sheet."""
    return render(request, "contracts/gantt.html", _context(request, reference))


@require_http_methods(["GET", "POST"])
@refusals_shown
def effect_date_edit(request: HttpRequest, reference: str) -> HttpResponse:
    """Write day J; the answer says which steps moved."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    form = EffectDateForm(request.POST or None, contract=contract)
    sentence, stored_on = "", contract.planned_effect_on
    if request.method == "POST" and form.is_valid():
        effect_on = form.cleaned_data["planned_effect_on"]
        try:
            found = set_effect_date(
                contract, effect_on=effect_on, version=form.cleaned_data["version"], by=signed_in(request)
            )
        except StaleVersion as stale:
            rebase(form, stale.stored.version)
            sentence, stored_on = str(stale), stale.stored.planned_effect_on
        else:
            messages.success(request, _said_moved(effect_on, found))
            return redirect("contracts:calendar", reference)
    context = {
        "contract": contract,
        "tab": "calendar",
        "form": form,
        "sentence": sentence,
        "stored_on": stored_on,
        "fixed_count": contract.calendar_steps.filter(fixed_on__isnull=False).count(),
    }
    status = 409 if sentence else 422 if form.errors else 200
    return render(request, "contracts/effect_date_edit.html", context, status=status)


def _said_moved(effect_on: dt.date | None, found: tuple[Move, ...]) -> str:
    start = f"La date de prise d’effet est {'enregistrée' if effect_on else 'effacée'}."
    if not found:
        return f"{start} Aucune étape n’a bougé."
    said = [
        f"{move.label} : {date_format(move.before) if move.before else 'sans date'} → "
        f"{date_format(move.after) if move.after else 'sans date'}"
        for move in found[:MOVES_SAID]
    ]
    rest = f" ; et {len(found) - MOVES_SAID} autres" if len(found) > MOVES_SAID else ""
    count = "1 étape a bougé" if len(found) == 1 else f"{len(found)} étapes ont bougé"
    return f"{start} {count}. {' ; '.join(said)}{rest}."


@require_http_methods(["GET", "POST"])
@refusals_shown
def step_create(request: HttpRequest, reference: str) -> HttpResponse:
    """Add a step of the territory's own; `?tache=3` begins with a task of annexe 3.3."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    form = StepForm(request.POST or None, contract=contract, initial=_initial_task(request, contract))
    if request.method == "POST" and form.is_valid():
        try:
            step = add_step(contract, fields=form.fields_to_save, by=signed_in(request))
        except RuleViolation as refusal:
            form.add_error("label", str(refusal))
        else:
            messages.success(request, _said_saved(contract, step, "ajoutée"))
            return redirect(f"{_calendar_url(contract)}#step-{step.pk}")
    context = {"contract": contract, "tab": "calendar", "form": form}
    return render(request, "contracts/step_create.html", context, status=422 if form.errors else 200)


def _initial_task(request: HttpRequest, contract: Contract) -> dict[str, str]:
    """What the form begins with: the theme and name of the task that the address asks for, if any."""
    tasks = contract.campaign.spec.get("gantt", ())
    asked = request.GET.get("tache", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 4 and int(asked) < len(tasks)):
        return {}
    task = tasks[int(asked)]
    return {"label": task["task"], "theme": task["theme"]}


@require_http_methods(["GET", "POST"])
@refusals_shown
@autosaved
def step_edit(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Write a step, by itself or by its button; on what two people changed, both texts are shown."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    step = get_object_or_404(
        ContractStep.objects.select_related("campaign_step", "contract"), contract=contract, pk=pk
    )
    if request.method == "POST":
        return _save_step(request, contract, step)
    return _step_page(request, contract, step, StepForm(instance=step, contract=contract))


def _save_step(request: HttpRequest, contract: Contract, step: ContractStep) -> HttpResponse:
    # The form writes into its instance: the page shows the step as it is stored.
    form = StepForm(request.POST, instance=copy(step), contract=contract)
    if not form.is_valid():
        if is_autosave(request):
            return refused(form_problems(form))
        return _step_page(request, contract, step, form, status=422)
    try:
        stored = save_step(
            step,
            fields=form.fields_to_save,
            version=form.cleaned_data["version"],
            by=signed_in(request),
            opened=form.opened(form.keys),
            is_autosave=is_autosave(request),
        )
    except Clashing as refusal:
        return _clashing_step(request, contract, form, refusal)
    if is_autosave(request):
        is_renamed = stored.label != step.label
        return saved(
            version=stored.version,
            url=request.path if is_renamed else "",
            heading=stored.label if is_renamed else "",
            fields=taken_over(form, step_values(stored)),
        )
    messages.success(request, _said_saved(contract, stored, "enregistrée"))
    return redirect(f"{_calendar_url(contract)}#step-{step.pk}")


def _clashing_step(
    request: HttpRequest, contract: Contract, form: StepForm, refusal: Clashing
) -> HttpResponse:
    """What was typed, and what somebody else saved in the meantime beside it, on the fields to choose."""
    stored: ContractStep = refusal.stored
    values = step_values(stored)
    found = [
        replace(difference(form, name, values[name]), label=form.label_of(name))
        for name in form.keys
        if name in refusal.clashes
    ]
    if is_autosave(request):
        others = {
            name: text for name, text in taken_over(form, values).items() if name not in form.raw_opened()
        }
        return conflict(request, str(refusal), found, version=stored.version, fields=others)
    rebase(form, stored.version)
    return _step_page(request, contract, stored, form, status=409, sentence=str(refusal), differences=found)


def _step_page(
    request: HttpRequest,
    contract: Contract,
    step: ContractStep,
    form: StepForm,
    *,
    status: int = 200,
    sentence: str = "",
    differences: Sequence[Difference] = (),
) -> HttpResponse:
    on = step.on(contract.planned_effect_on)
    context = {
        "contract": contract,
        "tab": "calendar",
        "form": form,
        "step": step,
        "place": f"calendar/{step.pk}",
        "on": on,
        "computed": contract.step_date(step.days_before),
        "day_off": day_off(on, contract.territory.holiday_calendar),
        "sentence": sentence,
        "differences": differences,
    }
    return render(request, "contracts/step_edit.html", context, status=status)


def _calendar_url(contract: Contract) -> str:
    return str(redirect("contracts:calendar", contract.reference)["Location"])


def _said_saved(contract: Contract, step: ContractStep, done: str) -> str:
    """What the page says after a save: and what the date falls on, when it is no working day."""
    on = step.on(contract.planned_effect_on)
    off = day_off(on, contract.territory.holiday_calendar)
    said = f"L’étape « {step.label} » est {done}."
    return (
        f"{said} Attention, elle tombe un jour non ouvré : {date_format(on)}, {off}." if on and off else said
    )


@require_http_methods(["GET", "POST"])
@refusals_shown
def step_remove(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Ask for a confirmation (GET), then take an own step out (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    step = get_object_or_404(ContractStep, contract=contract, pk=pk)
    if request.method == "POST":
        remove_step(step, by=signed_in(request))
        messages.success(request, f"L’étape « {step.label} » est retirée du calendrier.")
        return redirect("contracts:calendar", reference)
    return render(
        request, "contracts/step_remove.html", {"contract": contract, "tab": "calendar", "step": step}
    )


@require_POST
@refusals_shown
def step_mark(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Say that a step is done today, or to be done again (`done` is « yes » or « no »)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    step = get_object_or_404(ContractStep, contract=contract, pk=pk)
    is_done = _is_done(request)
    mark_step(step, done_on=timezone.localdate() if is_done else None, by=signed_in(request))
    messages.success(request, f"« {step.label} » : {'faite' if is_done else 'à faire de nouveau'}.")
    return redirect(f"{_calendar_url(contract)}#step-{pk}")


def _is_done(request: HttpRequest) -> bool:
    return request.POST.get("done", "yes") != "no"


@require_POST
@refusals_shown
def step_bring_forward(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Fix the date of a step that falls on a day off on the working day before."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    step = get_object_or_404(ContractStep, contract=contract, pk=pk)
    version = request.POST.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise RuleViolation("Rechargez la page du calendrier : le numéro de version de l’étape manque.")
    moved = bring_step_forward(step, version=int(version), by=signed_in(request))
    messages.success(request, f"« {moved.label} » est avancée au {date_format(moved.fixed_on, 'l j F Y')}.")
    return redirect(f"{_calendar_url(contract)}#step-{pk}")


@require_POST
@refusals_shown
def deadline_settle(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Say that the contract met a national deadline today, or that it did not."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    deadline = get_object_or_404(Deadline, campaign=contract.campaign_id, pk=pk)
    is_done = _is_done(request)
    settle_deadline(
        contract, deadline, done_on=timezone.localdate() if is_done else None, by=signed_in(request)
    )
    messages.success(request, f"« {deadline.label} » : {'tenue' if is_done else 'à tenir'}.")
    return redirect(f"{_calendar_url(contract)}#deadline-{pk}")

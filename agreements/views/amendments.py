"""« Avenants »: the list, opening one, what it changes, giving it up; the contract at a date (V1, V2)."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from agreements.actions.amendments import (
    abandon_amendment,
    open_amendment,
    require_written,
    save_amendment,
)
from agreements.actions.moves import remaining_without_moves
from agreements.actions.way import take_back_if_changed
from agreements.amending import in_the_contract
from agreements.amendments_page import (
    changes_of,
    data_rows,
    json_of,
    linked,
    text_of_amendment,
    texts_of,
)
from agreements.content import Entry
from agreements.forms import AbandonForm, AmendmentForm, DayForm, OpenAmendmentForm
from agreements.models import TextInForce
from agreements.page import way_page
from agreements.reading import changes, masked
from agreements.views.versions import changed_parts, read_parts
from cdppe.accounts.abilities import Ability, can
from cdppe.lib.errors import WrongState
from cdppe.lib.table_export import CSV_TYPE, write_csv
from contracts.models import Amendment, Contract
from contracts.views.access import get_contract, refusals_in, refusals_shown, signed_in
from contracts.workflow import Page

TAB = "amendments"


@require_safe
def amendments(request: HttpRequest, reference: str) -> HttpResponse:
    """Every amendment of the contract, the newest first; the way to open one."""
    contract = get_contract(request, reference)
    found = contract.amendments.select_related("opened_by", "abandoned_by").order_by("-number")
    may_write = can(signed_in(request), Ability.CONTRACT_EDIT, contract.territory)
    context = {
        "contract": contract,
        "tab": TAB,
        "amendments": list(found),
        "texts": texts_of(contract),
        "may_open": may_write and contract.is_in_force and contract.open_amendment is None,
    }
    return render(request, "agreements/amendments.html", context)


@require_http_methods(["GET", "POST"])
@refusals_shown
def amendment_open(request: HttpRequest, reference: str) -> HttpResponse:
    """Say what will happen and ask for the object and the reason (GET), then open (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    if not contract.is_in_force:
        raise WrongState(
            f"Le contrat est à l’état « {contract.get_state_display()} » : seul un contrat en vigueur se "
            "modifie par un avenant."
        )
    if contract.open_amendment is not None:
        raise WrongState(
            f"L’avenant n° {contract.open_amendment.number} est déjà ouvert : il n’y en a qu’un à la fois."
        )
    form = OpenAmendmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        opened = open_amendment(contract, **form.cleaned_data, by=signed_in(request))
        messages.success(
            request, f"L’avenant n° {opened.number} est ouvert : modifiez le contrat, il en dira le texte."
        )
        return redirect("agreements:amendment", contract.reference, opened.number)
    context = {"contract": contract, "tab": TAB, "form": form}
    return render(request, "agreements/amendment_open.html", context, status=422 if form.is_bound else 200)


@require_safe
@refusals_shown
def amendment(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """One amendment: where it stands, what it changes, what to do next."""
    contract = get_contract(request, reference)
    found = _amendment(contract, number)
    if found.is_open and take_back_if_changed(contract) is not None:
        contract = get_contract(request, reference)
        found = _amendment(contract, number)
    user = signed_in(request)
    may_write = found.is_open and can(user, Ability.CONTRACT_EDIT, contract.territory)
    text = text_of_amendment(found)
    context = {
        "contract": contract,
        "tab": TAB,
        "amendment": found,
        "text": text,
        "parts": changes_of(contract, found, text),
        "way": way_page(contract, user) if found.is_open else None,
        "steps": found.transitions(Page.OVERVIEW) if may_write else (),
        "may_write": may_write and found.is_written,
        "may_render": can(user, Ability.DOCUMENT_RENDER, contract.territory),
    }
    return render(request, "agreements/amendment.html", context)


@require_http_methods(["GET", "POST"])
@refusals_shown
def amendment_edit(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Write again the object, the reason and the dates of the open amendment."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    found = _written_amendment(contract, number)
    form = AmendmentForm(request.POST or None, amendment=found)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            save_amendment(contract, **form.cleaned_data, by=signed_in(request))
            messages.success(request, f"L’avenant n° {number} est enregistré.")
            return redirect("agreements:amendment", contract.reference, number)
    context = {"contract": contract, "tab": TAB, "form": form, "amendment": found}
    return render(request, "agreements/amendment_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@refusals_shown
def amendment_abandon(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show what would be left in the contract (GET); give the amendment up with a reason (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    found = _written_amendment(contract, number)
    form = AbandonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        abandon_amendment(contract, **form.cleaned_data, by=signed_in(request))
        told = f"L’avenant n° {number} est abandonné : le texte en vigueur n’a pas changé."
        messages.success(request, told)
        return redirect("agreements:amendments", contract.reference)
    context = {
        "contract": contract,
        "tab": TAB,
        "form": form,
        "amendment": found,
        "parts": linked(contract, remaining_without_moves(contract), with_places=True),
    }
    return render(request, "agreements/amendment_abandon.html", context, status=422 if form.is_bound else 200)


@require_safe
@refusals_shown
def contract_at(request: HttpRequest, reference: str) -> HttpResponse:
    """The contract as it stood on a day: its text, its PDF, its data, what each amendment changed (V2)."""
    contract = get_contract(request, reference)
    texts = texts_of(contract)
    is_asked = "le" in request.GET
    form = DayForm(request.GET if is_asked else None, contract=contract, initial={"le": timezone.localdate()})
    if is_asked and not form.is_valid():
        context = {"contract": contract, "tab": TAB, "form": form, "texts": texts}
        return render(request, "agreements/contract_at.html", context, status=422)
    on: dt.date = form.cleaned_data["le"] if is_asked else timezone.localdate()
    law = _law_on(contract, on)
    before = _law_before(contract, law)
    found = (
        changes(in_the_contract(before.reading.entries), in_the_contract(law.reading.entries))
        if law is not None and before is not None
        else ()
    )
    context = {
        "contract": contract,
        "tab": TAB,
        "form": form,
        "texts": texts,
        "on": on,
        "law": law,
        "before": before,
        "changed": changed_parts(found),
        "parts": read_parts(law.reading.entries) if law is not None else (),
        "may_render": can(signed_in(request), Ability.DOCUMENT_RENDER, contract.territory),
    }
    return render(request, "agreements/contract_at.html", context)


@require_safe
def version_data(request: HttpRequest, reference: str, number: int, kind: str) -> HttpResponse:
    """What a version says, entry by entry, as CSV or JSON; the account is masked as on the pages."""
    contract = get_contract(request, reference)
    version = get_object_or_404(contract.versions.select_related("contract"), number=number)
    entries: list[Entry] = [masked(entry) for entry in version.entries]
    name = f"contrat-{contract.reference}-version-{number}.{kind}"
    if kind == "csv":
        answer = HttpResponse(write_csv(data_rows(entries)), content_type=CSV_TYPE)
    elif kind == "json":
        answer = HttpResponse(json_of(version, entries), content_type="application/json; charset=utf-8")
    else:
        raise Http404
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _amendment(contract: Contract, number: int) -> Amendment:
    # The very object that the rest of the page reads, where it is the open one.
    if contract.open_amendment is not None and contract.open_amendment.number == number:
        return contract.open_amendment
    return get_object_or_404(contract.amendments.select_related("opened_by", "abandoned_by"), number=number)


def _written_amendment(contract: Contract, number: int) -> Amendment:
    """The amendment `number`, if it still changes; WrongState, with its sentence, once it does not."""
    found = _amendment(contract, number)
    if not found.is_open:
        what = "abandonné" if found.is_abandoned else "en vigueur"
        raise WrongState(f"{found.the_text} est {what} : il ne change plus.")
    require_written(found)
    return found


def _law_on(contract: Contract, on: dt.date) -> TextInForce | None:
    texts = TextInForce.objects.filter(contract=contract).on(on)
    found: TextInForce | None = texts.select_related("reading", "version", "amendment").first()
    return found


def _law_before(contract: Contract, law: TextInForce | None) -> TextInForce | None:
    if law is None:
        return None
    earlier = TextInForce.objects.filter(contract=contract, pk__lt=law.pk).order_by("-effect_on", "-pk")
    found: TextInForce | None = earlier.select_related("reading", "amendment").first()
    return found

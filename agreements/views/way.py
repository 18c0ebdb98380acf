"""« Accord et signature »: the page of the way, and one view a gesture (rules K3, K4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from agreements.actions.assembly import correct_assembly, correct_odpe, inform_odpe, record_assembly
from agreements.actions.signatures import record_signature, withdraw_signature
from agreements.actions.way import (
    agree,
    propose_text,
    proposed_version,
    reopen,
    send_back,
    take_back_if_changed,
    withdraw_agreement,
)
from agreements.forms import AgreementForm, AssemblyForm, OdpeForm, ReasonForm, SignatureForm
from agreements.needs import missing_of
from agreements.page import way_page
from agreements.signature_files import copies_block
from cdppe.accounts.abilities import Ability, speaks_for
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.compliance import blocking_findings
from contracts.models import Contract, ContractParty, Way, way_of
from contracts.views.access import get_contract, refusals_in, refusals_shown, signed_in
from contracts.workflow import ContractState, Need, Page, Transition

TAB = "agreements"
BACK: Mapping[str, Callable[..., Way]] = {
    "correct-odpe": correct_odpe,
    "correct-assembly": correct_assembly,
    "send-back": send_back,
    "reopen": reopen,
}
"""{code of the table: the gesture that goes back, with a reason}."""
WHAT_HAPPENS = {
    "correct-odpe": "Le contrat revient au texte final. Ce qui est enregistré de l’ODPE reste proposé.",
    "correct-assembly": "Le contrat revient avant l’assemblée. La délibération enregistrée reste proposée.",
    "send-back": "Le texte n’est plus proposé et les accords déjà donnés sont repris. La négociation "
    "n’est pas rouverte : le même texte peut être proposé de nouveau.",
    "reopen": "Le contrat s’écrit de nouveau. Les accords déjà donnés sont repris ; l’information de "
    "l’ODPE et la délibération restent enregistrées et seront à confirmer.",
}


@require_GET
@refusals_shown
def way(request: HttpRequest, reference: str) -> HttpResponse:
    """Where the contract is on its way, whose turn, what is missing; who agreed to what and when."""
    contract = get_contract(request, reference)
    # What changed unseen (an amount notified meanwhile) is seen at the latest when somebody looks.
    if take_back_if_changed(contract) is not None:
        contract = get_contract(request, reference)
    found = way_page(contract, signed_in(request))
    is_barred = way_of(contract).state in (
        ContractState.DRAFT,
        ContractState.ODPE_INFORMED,
        ContractState.ADOPTED,
    )
    context = {
        "contract": contract,
        "tab": TAB,
        "way": found,
        "blocking": blocking_findings(contract) if is_barred else (),
        "missing": _missing(contract, found.forward),
        "forward_url": _address(contract, found.forward),
        "copies": copies_block(found.standing, contract, signed_in(request)),
    }
    return render(request, "agreements/way.html", context)


def _missing(contract: Contract, forward: Transition | None) -> tuple[str, ...]:
    """What the next gesture needs besides what its own form asks."""
    if forward is None or Need.NOTHING_BLOCKING not in forward.needs:
        return ()
    return missing_of(way_of(contract), forward, today=timezone.localdate())


def _address(contract: Contract, forward: Transition | None) -> str:
    routes = {"inform-odpe": "odpe", "record-assembly": "assembly", "propose": "propose"}
    return reverse(f"agreements:{routes[forward.code]}", args=[contract.reference]) if forward else ""


@require_http_methods(["GET", "POST"])
@refusals_shown
def odpe(request: HttpRequest, reference: str) -> HttpResponse:
    """Record when the ODPE was informed, or why it was not."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    transition = _offered(contract, "inform-odpe")
    form = OdpeForm(request.POST or None, way=way_of(contract))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            inform_odpe(contract, **form.cleaned_data, by=signed_in(request))
            return _done(request, contract, "L’information de l’ODPE est enregistrée.")
    note = "Le texte final est présenté à l’observatoire pour information, avant l’assemblée départementale."
    return _form_page(request, contract, transition, form, note=note)


@require_http_methods(["GET", "POST"])
@refusals_shown
def assembly(request: HttpRequest, reference: str) -> HttpResponse:
    """Record the deliberation of the assembly."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    transition = _offered(contract, "record-assembly")
    form = AssemblyForm(request.POST or None, way=way_of(contract))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            record_assembly(contract, **form.cleaned_data, by=signed_in(request))
            return _done(request, contract, "La délibération est enregistrée.")
    note = "La délibération autorise le président du conseil départemental à signer le contrat."
    return _form_page(request, contract, transition, form, note=note)


@require_http_methods(["GET", "POST"])
@refusals_shown
def propose(request: HttpRequest, reference: str) -> HttpResponse:
    """Say what will happen (GET), then freeze the text and propose it (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    transition = _offered(contract, "propose")
    if request.method == "POST":
        proposal = propose_text(contract, by=signed_in(request))
        told = f"La version {proposal.version.number} est proposée à l’accord des parties."
        return _done(request, contract, told)
    context = {
        "contract": contract,
        "tab": TAB,
        "transition": transition,
        "way": way_page(contract, signed_in(request)),
        "blocking": blocking_findings(contract),
        "missing": missing_of(way_of(contract), transition, today=timezone.localdate()),
    }
    return render(request, "agreements/propose.html", context)


@require_http_methods(["GET", "POST"])
@refusals_shown
def agreement_give(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Show which exact text is agreed to (GET), then give the agreement of a party (POST)."""
    contract, party = _engaged(request, reference, pk)
    if request.method == "POST":
        form = AgreementForm(request.POST)
        if not form.is_valid():
            raise RuleViolation(
                " ".join(dict.fromkeys(str(each) for errors in form.errors.values() for each in errors))
            )
        agree(contract, party, **form.cleaned_data, by=signed_in(request))
        return _done(request, contract, f"L’accord est donné pour {party.signatory}.")
    take_back_if_changed(contract)
    contract = get_contract(request, reference)
    transition = _offered(contract, "agree")
    version = proposed_version(contract)
    if version is None:
        raise Http404
    form = AgreementForm(initial={"version_uid": version.uid, "version_hash": version.hash})
    context = {
        "contract": contract,
        "tab": TAB,
        "transition": transition,
        "party": party,
        "version": version,
        "form": form,
    }
    return render(request, "agreements/agree.html", context)


@require_http_methods(["GET", "POST"])
@refusals_shown
def agreement_withdraw(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Take the agreement of a party back, with a reason."""
    contract, party = _engaged(request, reference, pk)
    transition = _offered(contract, "withdraw-agreement")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        withdraw_agreement(contract, party, **form.cleaned_data, by=signed_in(request))
        return _done(request, contract, f"L’accord est retiré pour {party.signatory}.")
    note = f"L’accord donné pour {party.signatory} ne comptera plus ; il pourra être donné de nouveau."
    return _form_page(request, contract, transition, form, note=note)


@require_http_methods(["GET", "POST"])
@refusals_shown
def signature_record(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Record by hand that a party signed the paper."""
    contract, party = _party(request, reference, pk, Ability.CONTRACT_EDIT)
    transition = _offered(contract, "sign")
    form = SignatureForm(request.POST or None)
    version = proposed_version(contract)
    if request.method == "POST" and form.is_valid():
        if version is None:
            raise Http404
        with refusals_in(form, "signed_on"):
            record_signature(version, party, **form.cleaned_data, by=signed_in(request))
            return _done(request, contract, f"La signature est enregistrée pour {party.signatory}.")
    number = version.number if version else ""
    note = f"Vous constatez que le papier de la version {number} porte la signature de {party.signatory}."
    return _form_page(request, contract, transition, form, note=note)


@require_http_methods(["GET", "POST"])
@refusals_shown
def signature_withdraw(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Take back a signature that was recorded by mistake."""
    contract, party = _party(request, reference, pk, Ability.CONTRACT_EDIT)
    transition = _offered(contract, "withdraw-signature")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        withdraw_signature(contract, party, **form.cleaned_data, by=signed_in(request))
        return _done(request, contract, f"La signature est retirée pour {party.signatory}.")
    note = f"La signature enregistrée pour {party.signatory} ne comptera plus."
    return _form_page(request, contract, transition, form, note=note)


@require_http_methods(["GET", "POST"])
@refusals_shown
def step_back(request: HttpRequest, reference: str, code: str) -> HttpResponse:
    """Go back on the way, with a reason: correct, send back, reopen."""
    if code not in BACK:
        raise Http404
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    transition = _offered(contract, code)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        moved = BACK[code](contract, **form.cleaned_data, by=signed_in(request))
        return _done(request, contract, f"{moved.the_text} est à l’état « {moved.get_state_display()} ».")
    return _form_page(request, contract, transition, form, note=WHAT_HAPPENS[code])


def _offered(contract: Contract, code: str) -> Transition:
    """The row `code` from where the contract is; WrongState, with its sentence, when there is none."""
    on_its_way = way_of(contract)
    transition = on_its_way.transition(code, Page.WAY)
    if transition is None:
        raise WrongState(
            f"{on_its_way.the_text} est à l’état « {on_its_way.get_state_display()} » : ce geste n’est pas "
            "possible. La page « Accord et signature » dit où il en est."
        )
    return transition


def _party(request: HttpRequest, reference: str, pk: int, ability: Ability) -> tuple[Contract, ContractParty]:
    contract = get_contract(request, reference, ability)
    return contract, get_object_or_404(contract.parties.select_related("signatory"), pk=pk)


def _engaged(request: HttpRequest, reference: str, pk: int) -> tuple[Contract, ContractParty]:
    """The contract and the party whose institution the person may engage."""
    contract = get_contract(request, reference)
    party = get_object_or_404(contract.parties.select_related("signatory"), pk=pk)
    if speaks_for(signed_in(request), party.signatory.institution_kind, contract.territory) is None:
        raise PermissionDenied
    return contract, party


def _form_page(
    request: HttpRequest, contract: Contract, transition: Transition, form: Any, *, note: str
) -> HttpResponse:
    context = {"contract": contract, "tab": TAB, "transition": transition, "form": form, "note": note}
    return render(request, "agreements/gesture.html", context, status=422 if form.is_bound else 200)


def _done(request: HttpRequest, contract: Contract, told: str) -> HttpResponse:
    messages.success(request, told)
    return redirect("agreements:way", contract.reference)

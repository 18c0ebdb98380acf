"""The general information of a contract and the department's bank account (annexe 5.1, article 4; K1, M6)."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cdppe.accounts.abilities import Ability, can
from contracts.actions.bank_accounts import save_bank_account
from contracts.actions.contracts import representative_keys, save_details
from contracts.actions.journal import require_editable
from contracts.actions.versions import Clashing
from contracts.autosave import autosaved, conflict, form_problems, is_autosave, refused, saved
from contracts.forms import BankAccountForm, DetailsForm
from contracts.forms.versions import difference, rebase, taken_over
from contracts.models import BankAccount, Contract
from contracts.overview import signs
from contracts.views.access import get_contract, may, refusals_shown, signed_in


@require_http_methods(["GET", "POST"])
@refusals_shown
@autosaved
def details_edit(request: HttpRequest, reference: str) -> HttpResponse:
    """Read the general information; write it when the role and the contract's state allow it."""
    if request.method == "POST":
        return _save_details(request, get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True))
    contract = get_contract(request, reference)
    if may(request, Ability.CONTRACT_EDIT, contract):
        return render(
            request, "contracts/details_edit.html", _details_context(request, contract, _form(contract))
        )
    return render(request, "contracts/details.html", _details_context(request, contract, None))


def _form(contract: Contract) -> DetailsForm:
    return DetailsForm(instance=contract)


def _save_details(request: HttpRequest, contract: Contract) -> HttpResponse:
    form = DetailsForm(request.POST, instance=contract)
    if not form.is_valid():
        if is_autosave(request):
            return refused(form_problems(form))
        return render(
            request, "contracts/details_edit.html", _details_context(request, contract, form), status=422
        )
    try:
        stored = save_details(
            contract,
            fields=form.fields_to_save,
            representatives=form.representatives,
            version=form.cleaned_data["version"],
            by=signed_in(request),
            opened=form.opened(form.saved_names),
            is_autosave=is_autosave(request),
        )
    except Clashing as refusal:
        return _clashing_details(request, contract, form, refusal)
    if is_autosave(request):
        return saved(version=stored.version, fields=_taken_over(form, stored))
    messages.success(request, "Les informations du contrat sont enregistrées.")
    return redirect("contracts:details-edit", contract.reference)


def _clashing_details(
    request: HttpRequest, contract: Contract, form: DetailsForm, refusal: Clashing
) -> HttpResponse:
    """What was typed, and what somebody else saved in the meantime beside it, on the fields to choose."""
    stored: Contract = refusal.stored
    found = [
        replace(each, label=_clear_label(form, name, each.label))
        for name in form.saved_names
        if name in refusal.clashes
        for each in [difference(form, name, form.stored_value(stored, name))]
    ]
    if is_autosave(request):
        others = {
            name: text for name, text in _taken_over(form, stored).items() if name not in form.raw_opened()
        }
        return conflict(request, str(refusal), found, version=stored.version, fields=others)
    rebase(form, stored.version)
    context = _details_context(request, contract, form) | {"sentence": str(refusal), "differences": found}
    return render(request, "contracts/details_edit.html", context, status=409)


def _clear_label(form: DetailsForm, name: str, label: str) -> str:
    """The label of a field away from its place: whose name, whose title."""
    for party in form.parties:
        if name in representative_keys(party.pk):
            return f"{label} : {party.signatory}"
    return label


def _taken_over(form: DetailsForm, stored: Contract) -> dict[str, str]:
    return taken_over(form, {name: form.stored_value(stored, name) for name in form.saved_names})


def _details_context(request: HttpRequest, contract: Contract, form: DetailsForm | None) -> dict[str, object]:
    return {
        "contract": contract,
        "tab": "details",
        "form": form,
        "sentence": "",
        "differences": [],
        "account": _account(contract),
        "may_edit_account": may(request, Ability.BANK_ACCOUNT_EDIT, contract),
        "parties": []
        if form is not None
        else [
            party
            for party in contract.parties.select_related("signatory", "institution")
            if signs(party, contract)
        ],
        "may_reopen": can(signed_in(request), Ability.CONTRACT_EDIT, contract.territory),
    }


def _account(contract: Contract) -> BankAccount | None:
    return BankAccount.objects.filter(contract=contract).first()


@require_http_methods(["GET", "POST"])
@refusals_shown
def bank_account_edit(request: HttpRequest, reference: str) -> HttpResponse:
    """Write the department's account: its own people only; the stored one is masked, never sent back."""
    contract = get_contract(request, reference, Ability.BANK_ACCOUNT_EDIT)
    require_editable(contract)
    account = _account(contract)
    form = BankAccountForm(
        request.POST or None, account=account, default_holder=contract.territory.collectivity
    )
    status = 200
    if request.method == "POST":
        if form.is_valid():
            save_bank_account(contract, **form.cleaned_data, by=signed_in(request))
            messages.success(request, "Le compte bancaire est enregistré.")
            return redirect("contracts:details-edit", contract.reference)
        status = 422
    context = {"contract": contract, "tab": "details", "form": form, "account": account}
    return render(request, "contracts/bank_account_edit.html", context, status=status)

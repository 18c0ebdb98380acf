"""The page of the shared diagnosis (annexes 3 and 6; rules C3, C4)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cdppe.accounts.abilities import Ability
from contracts.actions.diagnosis import UNWRITTEN, save_diagnosis
from contracts.actions.versions import Clashing
from contracts.autosave import autosaved, conflict, form_problems, is_autosave, refused, saved
from contracts.diagnosis import sections_of, written_sections
from contracts.forms import DiagnosisForm
from contracts.forms.versions import difference, rebase, taken_over
from contracts.models import Contract, Diagnosis
from contracts.views.access import get_contract, may, refusals_shown, signed_in


@require_http_methods(["GET", "POST"])
@refusals_shown
@autosaved
def diagnosis_edit(request: HttpRequest, reference: str) -> HttpResponse:
    """Read the shared diagnosis; write it when the role and the contract's state allow it."""
    if request.method == "POST":
        return _save(request, get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True))
    contract = get_contract(request, reference)
    diagnosis = _diagnosis(contract)
    if may(request, Ability.CONTRACT_EDIT, contract):
        return _page(request, contract, DiagnosisForm(contract=contract, diagnosis=diagnosis))
    context = {
        "contract": contract,
        "tab": "diagnosis",
        "sections": written_sections(contract, diagnosis),
        "diagnosis": diagnosis,
    }
    return render(request, "contracts/diagnosis.html", context)


def _save(request: HttpRequest, contract: Contract) -> HttpResponse:
    form = DiagnosisForm(request.POST, contract=contract, diagnosis=_diagnosis(contract))
    if not form.is_valid():
        if is_autosave(request):
            return refused(form_problems(form))
        return _page(request, contract, form, status=422)
    opened = form.opened(form.names)
    try:
        stored = save_diagnosis(
            contract,
            texts=form.texts,
            version=form.cleaned_data["version"],
            by=signed_in(request),
            opened=None if opened is None else {form.names[name]: texts for name, texts in opened.items()},
            is_autosave=is_autosave(request),
        )
    except Clashing as refusal:
        return _clashing(request, contract, form, refusal)
    if is_autosave(request):
        version = UNWRITTEN if stored is None else stored.version
        return saved(version=version, fields=_taken_over(form, contract, stored))
    messages.success(request, "Le diagnostic est enregistré.")
    return redirect("contracts:diagnosis", contract.reference)


def _clashing(
    request: HttpRequest, contract: Contract, form: DiagnosisForm, refusal: Clashing
) -> HttpResponse:
    """What was typed, and what somebody else saved in the meantime beside it, on the sections to choose."""
    stored: Diagnosis | None = refusal.stored
    version = UNWRITTEN if stored is None else stored.version
    found = [
        difference(form, section.field, section.text)
        for section in written_sections(contract, stored)
        if section.code in refusal.clashes
    ]
    if is_autosave(request):
        others = {
            name: text
            for name, text in _taken_over(form, contract, stored).items()
            if name not in form.raw_opened()
        }
        return conflict(request, str(refusal), found, version=version, fields=others)
    rebase(form, version)
    return _page(request, contract, form, status=409, sentence=str(refusal), differences=found)


def _taken_over(form: DiagnosisForm, contract: Contract, stored: Diagnosis | None) -> dict[str, str]:
    return taken_over(form, {each.field: each.text for each in written_sections(contract, stored)})


def _page(
    request: HttpRequest,
    contract: Contract,
    form: DiagnosisForm,
    *,
    status: int = 200,
    sentence: str = "",
    differences: object = (),
) -> HttpResponse:
    context = {
        "contract": contract,
        "tab": "diagnosis",
        "form": form,
        "fields": form.bound_sections,
        "is_divided": len(sections_of(contract.campaign)) > 1,
        "sentence": sentence,
        "differences": differences,
    }
    return render(request, "contracts/diagnosis_edit.html", context, status=status)


def _diagnosis(contract: Contract) -> Diagnosis | None:
    return (
        Diagnosis.objects.filter(contract=contract)
        .select_related("updated_by")
        .prefetch_related("texts")
        .first()
    )

"""The contacts of each institution: naming, correcting, replacing, ending, inviting them (rule P2)."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from cdppe.accounts.models import Institution
from cdppe.lib.errors import RuleViolation, StaleVersion
from contracts.actions.contacts import (
    CONTACT_FIELDS,
    correct_contact,
    end_contact,
    invite_contact,
    name_contact,
    replace_contact,
)
from contracts.forms.contacts import ContactForm, LeavingForm, ReplacementForm
from contracts.forms.versions import differences, rebase
from contracts.models import Contact, Contract
from contracts.people import may_name_contacts, party_institutions
from contracts.views.access import get_contract, signed_in


def _address(contract: Contract) -> str:
    return f"{reverse('contracts:details-edit', args=[contract.reference])}#id_contacts"


def _require_own(request: HttpRequest, institution: Institution) -> None:
    if not may_name_contacts(signed_in(request), institution):
        raise PermissionDenied(f"Seules les personnes de « {institution} » nomment ses contacts.")


def _contact(request: HttpRequest, reference: str, pk: int) -> Contact:
    """A current contact of the contract, of the person's own institution."""
    contract = get_contract(request, reference)
    contact = get_object_or_404(
        Contact.objects.current().select_related("institution"), contract=contract, pk=pk
    )
    contact.contract = contract
    _require_own(request, contact.institution)
    return contact


@require_http_methods(["GET", "POST"])
def contact_create(request: HttpRequest, reference: str, institution_pk: int) -> HttpResponse:
    """Name a contact of one's own institution."""
    contract = get_contract(request, reference)
    institution = get_object_or_404(party_institutions(contract), pk=institution_pk)
    _require_own(request, institution)
    form = ContactForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contact = name_contact(contract, institution, fields=form.fields_to_save, by=signed_in(request))
        except RuleViolation as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{contact.name} est contact de « {institution} ».")
            return redirect(_address(contract))
    context = {
        "contract": contract,
        "tab": "details",
        "institution": institution,
        "form": form,
        "title": "Nommer un contact",
        "button": "Nommer ce contact",
    }
    return render(
        request, "contracts/contacts/form.html", context, status=422 if request.method == "POST" else 200
    )


@require_http_methods(["GET", "POST"])
def contact_edit(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Correct a contact of one's own institution; a save over somebody else's shows both texts."""
    contact = _contact(request, reference, pk)
    form = ContactForm(request.POST or None, instance=contact)
    context = {
        "contract": contact.contract,
        "tab": "details",
        "institution": contact.institution,
        "form": form,
        "title": "Corriger un contact",
        "button": "Enregistrer",
        "sentence": "",
        "differences": [],
    }
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            saved = correct_contact(
                contact,
                fields=form.fields_to_save,
                version=form.cleaned_data["version"],
                by=signed_in(request),
            )
        except StaleVersion as refusal:
            rebase(form, refusal.stored.version)
            context |= {
                "sentence": str(refusal),
                "differences": differences(form, refusal.stored, CONTACT_FIELDS),
            }
            status = 409
        except RuleViolation as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Le contact {saved.name} est enregistré.")
            return redirect(_address(contact.contract))
    return render(request, "contracts/contacts/form.html", context, status=status)


@require_http_methods(["GET", "POST"])
def contact_replace(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Say when a contact leaves and who follows."""
    contact = _contact(request, reference, pk)
    form = ReplacementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            successor = replace_contact(
                contact,
                left_on=form.cleaned_data["left_on"],
                fields=form.fields_to_save,
                by=signed_in(request),
            )
        except RuleViolation as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{successor.name} remplace {contact.name}.")
            return redirect(_address(contact.contract))
    return _leaving(request, contact, form, title=f"Remplacer {contact.name}", button="Remplacer ce contact")


@require_http_methods(["GET", "POST"])
def contact_end(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Say when a contact leaves, without a successor."""
    contact = _contact(request, reference, pk)
    form = LeavingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            end_contact(contact, left_on=form.cleaned_data["left_on"], by=signed_in(request))
        except RuleViolation as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{contact.name} n’est plus contact de « {contact.institution} ».")
            return redirect(_address(contact.contract))
    return _leaving(
        request, contact, form, title=f"Noter le départ de {contact.name}", button="Noter ce départ"
    )


def _leaving(
    request: HttpRequest, contact: Contact, form: LeavingForm, *, title: str, button: str
) -> HttpResponse:
    context = {
        "contract": contact.contract,
        "tab": "details",
        "institution": contact.institution,
        "contact": contact,
        "form": form,
        "title": title,
        "button": button,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "contracts/contacts/form.html", context, status=status)


@require_POST
def contact_invite(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Invite a contact without an account to join the institution: one gesture, for who administers it."""
    contact = _contact(request, reference, pk)
    try:
        invitation = invite_contact(contact, by=signed_in(request))
    except RuleViolation as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"L’invitation de {invitation.email} part par courriel ; son lien vaut sept jours."
        )
    return redirect(_address(contact.contract))

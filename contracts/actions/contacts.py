"""Naming, correcting, replacing and inviting the contacts of an institution (circ. I-B, rule P2).

Each gesture locks the contract's row, so that two people cannot name a third contact together. None asks for
the contract's state: people leave after signature too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction

from cdppe.accounts.actions.invitations import send_invitation
from cdppe.accounts.models import Institution, Invitation, Role, User
from cdppe.lib.errors import NotAllowed, RuleViolation, StaleVersion, WrongState
from contracts.actions.journal import locked_contract, record
from contracts.history import keeps_history
from contracts.models import Contact, Contract
from contracts.models.contacts import CONTACTS_AT_MOST
from contracts.people import may_name_contacts, party_institutions

CONTACT_FIELDS = ("name", "position", "email", "phone")
"""What a person writes of a contact."""


@keeps_history("details")
@transaction.atomic
def name_contact(
    contract: Contract, institution: Institution, *, fields: Mapping[str, str], by: User
) -> Contact:
    """A new contact of `institution` for `contract`; `fields`: {name of `CONTACT_FIELDS`: text}.

    Raises NotAllowed when `by` does not name the contacts of the institution, RuleViolation when it has two
    already, when the address is one of theirs, or when it is no party of the contract.
    """
    locked = _locked_contract(contract, institution, by=by)
    contact = _create(locked, institution, fields, by=by)
    record(locked, "contact.named", f"Contact de « {institution} » : {contact.name}.", by=by)
    return contact


@keeps_history("details")
@transaction.atomic
def correct_contact(contact: Contact, *, fields: Mapping[str, str], version: int, by: User) -> Contact:
    """Correct a current contact, which must still be at `version`; the stored contact.

    Raises StaleVersion, whose `stored` is the contact as somebody else saved it since, WrongState when they
    have left, NotAllowed and RuleViolation as `name_contact`.
    """
    locked = _locked_contract(contact.contract, contact.institution, by=by)
    stored = _current(contact)
    if stored.version != version:
        raise StaleVersion(
            "Ce contact a été modifié par quelqu’un d’autre pendant que vous l’écriviez. Comparez les deux "
            "textes ci-dessous, puis enregistrez de nouveau.",
            stored=stored,
        )
    _require_free_address(locked, contact.institution, fields["email"], but=stored)
    for name in CONTACT_FIELDS:
        setattr(stored, name, fields[name])
    stored.version += 1
    stored.save()
    record(
        locked, "contact.corrected", f"Contact de « {contact.institution} » corrigé : {stored.name}.", by=by
    )
    return stored


@keeps_history("details")
@transaction.atomic
def replace_contact(contact: Contact, *, left_on: dt.date, fields: Mapping[str, str], by: User) -> Contact:
    """End `contact` on `left_on` and name their successor, who takes their seat; the successor.

    What the one who leaves did keeps their name. Raises as `name_contact` and `end_contact`.
    """
    locked = _locked_contract(contact.contract, contact.institution, by=by)
    stored = _current(contact)
    _end(stored, left_on)
    successor = _create(locked, contact.institution, fields, by=by, seat=stored.seat, joined_on=left_on)
    stored.successor = successor
    stored.save(update_fields=["successor"])
    record(
        locked,
        "contact.replaced",
        f"Contact de « {contact.institution} » : {successor.name} remplace {stored.name}.",
        by=by,
    )
    return successor


@keeps_history("details")
@transaction.atomic
def end_contact(contact: Contact, *, left_on: dt.date, by: User) -> Contact:
    """End `contact` on `left_on` without a successor; they stay in the history.

    Raises WrongState when they have left already, RuleViolation for a date before they came.
    """
    locked = _locked_contract(contact.contract, contact.institution, by=by)
    stored = _current(contact)
    _end(stored, left_on)
    record(locked, "contact.ended", f"{stored.name} n’est plus contact de « {contact.institution} ».", by=by)
    return stored


@transaction.atomic
def invite_contact(contact: Contact, *, by: User) -> Invitation:
    """Invite a current contact to join their institution as an editor.

    Raises as `name_contact`, and as `send_invitation`: only who administers the institution invites.
    """
    _locked_contract(contact.contract, contact.institution, by=by)
    stored = _current(contact)
    return send_invitation(
        contact.institution, email=stored.email, role=Role.EDITOR, is_administrator=False, by=by
    )


def _locked_contract(contract: Contract, institution: Institution, *, by: User) -> Contract:
    locked = locked_contract(contract, editable=False)
    if not may_name_contacts(by, institution):
        raise NotAllowed(f"Seules les personnes de « {institution} » nomment ses contacts.")
    if not party_institutions(locked).filter(pk=institution.pk).exists():
        raise RuleViolation(f"« {institution} » n’est pas partie à ce contrat.")
    return locked


def _current(contact: Contact) -> Contact:
    stored = Contact.objects.get(pk=contact.pk)
    if not stored.is_current:
        raise WrongState(f"{stored.name} n’est plus contact de l’institution : rien n’a été modifié.")
    return stored


def _create(
    contract: Contract,
    institution: Institution,
    fields: Mapping[str, str],
    *,
    by: User,
    seat: int = 0,
    joined_on: dt.date | None = None,
) -> Contact:
    taken = set(contract.contacts.current().filter(institution=institution).values_list("seat", flat=True))
    free = [each for each in range(1, CONTACTS_AT_MOST + 1) if each not in taken]
    if not free:
        raise RuleViolation(
            f"« {institution} » a déjà deux contacts, le plus que prévoit la circulaire : "
            "remplacez l’un d’eux."
        )
    _require_free_address(contract, institution, fields["email"])
    dates = {} if joined_on is None else {"joined_on": joined_on}
    return Contact.objects.create(
        contract=contract,
        institution=institution,
        seat=seat or free[0],
        named_by=by,
        **{name: fields[name] for name in CONTACT_FIELDS},
        **dates,
    )


def _require_free_address(
    contract: Contract, institution: Institution, email: str, *, but: Contact | None = None
) -> None:
    others = contract.contacts.current().filter(institution=institution, email__iexact=email)
    if but is not None:
        others = others.exclude(pk=but.pk)
    if others.exists():
        raise RuleViolation(f"L’adresse {email} est déjà celle d’un contact de « {institution} ».")


def _end(contact: Contact, left_on: dt.date) -> None:
    if left_on < contact.joined_on:
        raise RuleViolation(
            f"{contact.name} est contact depuis le {contact.joined_on:%d/%m/%Y} : "
            "la date de départ ne peut pas être antérieure."
        )
    contact.left_on = left_on
    contact.version += 1
    contact.save(update_fields=["left_on", "version"])

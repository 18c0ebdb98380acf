"""The contacts of a contract as its page shows them to one person (rule P2)."""

from __future__ import annotations

from dataclasses import dataclass

from cdppe.accounts.abilities import administers
from cdppe.accounts.models import Institution, Invitation, Membership, User
from cdppe.lib.phones import dialled
from contracts.models import Contact, Contract
from contracts.models.contacts import CONTACTS_AT_MOST
from contracts.people import may_name_contacts, party_institutions
from contracts.progress import ALL_PARTIES


@dataclass(frozen=True)
class ContactLine:
    """A contact: whether they can be reached here, were invited, and may be invited by the reader."""

    contact: Contact
    tel: str
    has_account: bool
    is_invited: bool
    may_be_invited: bool


@dataclass(frozen=True)
class ContactCard:
    """The contacts of one institution: those of today, those who have left, and what the reader may do."""

    institution: Institution
    current: tuple[ContactLine, ...]
    former: tuple[Contact, ...]
    may_edit: bool

    @property
    def may_add(self) -> bool:
        return self.may_edit and len(self.current) < CONTACTS_AT_MOST


def contact_cards(contract: Contract, user: User) -> list[ContactCard]:
    """One card for each party of `contract`, in a number of queries that does not depend on the contacts."""
    institutions = sorted(party_institutions(contract), key=lambda each: ALL_PARTIES.index(each.kind))
    contacts = list(
        Contact.objects.filter(contract=contract)
        .select_related("successor")
        .order_by("seat", "-left_on", "pk")
    )
    emails = {contact.email.lower() for contact in contacts}
    # Compared in lower case: accounts, invitations and contacts all store their address so.
    members = set(
        Membership.objects.filter(institution__in=institutions, user__email__in=emails).values_list(
            "institution_id", "user__email"
        )
    )
    invited = set(
        Invitation.objects.filter(
            institution__in=institutions, email__in=emails, accepted_at__isnull=True
        ).values_list("institution_id", "email")
    )
    return [
        ContactCard(
            institution=institution,
            current=tuple(
                ContactLine(
                    contact=contact,
                    tel=dialled(contact.phone),
                    has_account=(institution.pk, contact.email) in members,
                    is_invited=(institution.pk, contact.email) in invited,
                    may_be_invited=may_name_contacts(user, institution)
                    and administers(user, institution)
                    and (institution.pk, contact.email) not in members,
                )
                for contact in contacts
                if contact.institution_id == institution.pk and contact.is_current
            ),
            former=tuple(
                contact
                for contact in contacts
                if contact.institution_id == institution.pk and not contact.is_current
            ),
            may_edit=may_name_contacts(user, institution),
        )
        for institution in institutions
    ]

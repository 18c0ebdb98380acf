"""Inviting people into an institution: a link by e-mail, that serves once and for seven days.

Only the SHA-256 of the link's secret is stored: who reads the database cannot accept an invitation.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.abilities import administers
from cdppe.accounts.mail import mail_on_commit
from cdppe.accounts.models import Institution, Invitation, Membership, User
from cdppe.lib.errors import NotAllowed, RuleViolation, WrongState
from cdppe.lib.gestures import record_gesture

INVITATION_LIFETIME = dt.timedelta(days=7)
TOKEN_BYTES = 32


@dataclass(frozen=True)
class NewPerson:
    """What a person without an account writes when accepting."""

    first_name: str
    last_name: str
    phone: str
    password: str


@transaction.atomic
def send_invitation(
    institution: Institution, *, email: str, role: str, is_administrator: bool, by: User
) -> Invitation:
    """Invite `email` into `institution` and mail the link; an invitation still open for it is replaced.

    `by` administers the institution, or is a technical administrator (who invites its first members). Raises
    NotAllowed otherwise, RuleViolation when the person is a member already.
    """
    locked = Institution.objects.select_for_update().get(pk=institution.pk)
    if not (administers(by, locked) or by.is_superuser):
        raise NotAllowed(f"Seules les personnes qui administrent « {locked} » peuvent y inviter quelqu’un.")
    address = email.strip().lower()
    if locked.memberships.filter(user__email__iexact=address).exists():
        raise RuleViolation(f"La personne dont l’adresse est {address} fait déjà partie de « {locked} ».")
    locked.invitations.filter(email__iexact=address, accepted_at__isnull=True).delete()
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = timezone.now()
    invitation = Invitation.objects.create(
        institution=locked,
        email=address,
        role=role,
        is_administrator=is_administrator,
        token_hash=_hash(token),
        invited_by=by,
        created_at=now,
        expires_at=now + INVITATION_LIFETIME,
    )
    mail_on_commit(
        "accounts/invitation",
        {
            "invitation": invitation,
            "url": f"{settings.PUBLIC_URL}{reverse('accounts:invitation-accept', args=[token])}",
        },
        to=address,
    )
    # Not the address: the journal keeps for ever, and whoever never joins must be forgotten.
    record_gesture(
        "invitation.sent",
        f"« {locked} » : une personne est invitée, avec le rôle « {invitation.get_role_display()} ».",
        by=by,
        institution=locked.name,
    )
    return invitation


@transaction.atomic
def revoke_invitation(invitation: Invitation, *, by: User) -> None:
    """Withdraw an invitation: its link serves no more.

    Raises NotAllowed when `by` does not administer the institution, WrongState when it was accepted
    meanwhile. Withdrawing it a second time changes nothing.
    """
    if not administers(by, invitation.institution):
        raise NotAllowed(
            f"Seules les personnes qui administrent « {invitation.institution} » peuvent annuler "
            "une invitation."
        )
    stored = Invitation.objects.select_for_update().filter(pk=invitation.pk).first()
    if stored is None:
        return
    if stored.accepted_at is not None:
        raise WrongState(
            f"L’invitation de {stored.email} vient d’être acceptée : retirez plutôt la personne de la liste."
        )
    stored.delete()
    record_gesture(
        "invitation.revoked",
        f"« {invitation.institution} » : une invitation est annulée.",
        by=by,
        institution=invitation.institution.name,
    )


def find_invitation(token: str) -> Invitation | None:
    """The invitation whose link carries `token`, if it still serves: not accepted, withdrawn or late."""
    return (
        Invitation.objects.select_related("institution", "invited_by")
        .filter(token_hash=_hash(token), accepted_at__isnull=True, expires_at__gt=timezone.now())
        .first()
    )


@transaction.atomic
def accept_invitation(invitation: Invitation, *, by: User) -> Membership:
    """Make `by`, to whom the invitation is addressed, a member of its institution.

    Raises NotAllowed when it is addressed to somebody else, WrongState when it no longer serves.
    """
    locked = _locked(invitation)
    if by.email.lower() != locked.email.lower():
        raise NotAllowed(
            f"Cette invitation est adressée à {locked.email} : connectez-vous avec cette adresse."
        )
    return _join(locked, by)


@transaction.atomic
def accept_invitation_with_new_account(invitation: Invitation, *, person: NewPerson) -> Membership:
    """Open an account for the invited e-mail and make it a member of the institution.

    The link came to that address, so the account needs no other proof of it. Raises WrongState when the
    invitation no longer serves, RuleViolation when an account has the address already.
    """
    locked = _locked(invitation)
    if User.objects.filter(email__iexact=locked.email).exists():
        raise RuleViolation(
            f"Un compte existe déjà pour {locked.email} : connectez-vous pour accepter l’invitation."
        )
    user = User.objects.create_user(
        locked.email,
        person.password,
        first_name=person.first_name,
        last_name=person.last_name,
        phone=person.phone,
    )
    return _join(locked, user)


def _join(invitation: Invitation, user: User) -> Membership:
    # A member already (invited twice under two spellings, say) keeps the role that they have.
    membership, _ = Membership.objects.get_or_create(
        institution=invitation.institution,
        user=user,
        defaults={"role": invitation.role, "is_administrator": invitation.is_administrator},
    )
    invitation.accepted_at = timezone.now()
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    institution = invitation.institution
    record_gesture(
        "invitation.accepted",
        f"« {institution} » : {user} en fait partie, avec le rôle « {membership.get_role_display()} ».",
        by=user,
        institution=institution.name,
    )
    return membership


def _locked(invitation: Invitation) -> Invitation:
    stored = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("institution")
        .filter(pk=invitation.pk, accepted_at__isnull=True, expires_at__gt=timezone.now())
        .first()
    )
    if stored is None:
        raise WrongState(
            "Cette invitation n’est plus valable : demandez-en une nouvelle à votre institution."
        )
    return stored


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Changing and removing the members of an institution, which always keeps one person to administer it."""

from __future__ import annotations

from django.db import transaction

from cdppe.accounts.abilities import administers
from cdppe.accounts.models import Institution, Membership, User
from cdppe.lib.errors import NotAllowed, RuleViolation, WrongState
from cdppe.lib.gestures import record_gesture


@transaction.atomic
def change_membership(membership: Membership, *, role: str, is_administrator: bool, by: User) -> Membership:
    """Give a member another role, or make them administrator or not.

    Raises NotAllowed when `by` does not administer the institution, RuleViolation when it would be left
    without an administrator, WrongState when the person was removed meanwhile.
    """
    stored = _locked(membership, by=by)
    if stored.is_administrator and not is_administrator:
        _require_another_administrator(stored)
    stored.role = role
    stored.is_administrator = is_administrator
    stored.save(update_fields=["role", "is_administrator"])
    administers_too = ", administre l’institution" if is_administrator else ""
    record_gesture(
        "membership.changed",
        f"« {stored.institution} » : {stored.user} a le rôle « {stored.get_role_display()} »"
        f"{administers_too}.",
        by=by,
        institution=stored.institution.name,
    )
    return stored


@transaction.atomic
def remove_membership(membership: Membership, *, by: User) -> None:
    """Take a person out of the institution; their account stays, without what the institution let them see.

    Raises as `change_membership`.
    """
    stored = _locked(membership, by=by)
    if stored.is_administrator:
        _require_another_administrator(stored)
    stored.delete()
    record_gesture(
        "membership.removed",
        f"« {stored.institution} » : {stored.user} n’en fait plus partie.",
        by=by,
        institution=stored.institution.name,
    )


def _locked(membership: Membership, *, by: User) -> Membership:
    # The institution's row, not the member's: two administrators who remove each other must wait in turn.
    institution = Institution.objects.select_for_update().get(pk=membership.institution_id)
    if not administers(User.objects.get(pk=by.pk), institution):
        raise NotAllowed(f"Seules les personnes qui administrent « {institution} » peuvent faire cela.")
    stored = institution.memberships.select_related("user", "institution").filter(pk=membership.pk).first()
    if stored is None:
        raise WrongState(f"Cette personne ne fait plus partie de « {institution} ».")
    return stored


def _require_another_administrator(membership: Membership) -> None:
    others = Membership.objects.filter(
        institution_id=membership.institution_id, is_administrator=True, user__is_active=True
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise RuleViolation(
            f"{membership.user} est la seule personne qui administre cette institution : "
            "confiez d’abord l’administration à quelqu’un d’autre."
        )

"""Who speaks for whom around a contract: who sees it, which institutions are its parties (rule P1)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from cdppe.accounts.abilities import ABILITIES, Ability, can, covers
from cdppe.accounts.models import Institution, InstitutionScope, Membership, Territory, User
from cdppe.accounts.models.institutions import SCOPE_OF_KIND
from contracts.models import Contract
from contracts.progress import ALL_PARTIES

_SCOPES = list(InstitutionScope)


@dataclass(frozen=True)
class Present:
    """Somebody who sees a contract, and the institution for which they do."""

    person: User
    institution: Institution


def people_who_see(contract: Contract) -> list[Present]:
    """Everybody with an active account who sees `contract`, each once, the parties' people first; one query.

    Somebody who belongs to several institutions stands under the one by which they speak.
    """
    national = [kind for kind, scope in SCOPE_OF_KIND.items() if scope == InstitutionScope.NATION]
    territory = contract.territory
    memberships = (
        Membership.objects.filter(user__is_active=True)
        .filter(
            Q(institution__territory=territory)
            | Q(institution__region=territory.region_id)
            | Q(institution__kind__in=national)
        )
        .select_related("user", "institution")
    )
    found: dict[int, Present] = {}
    for membership in sorted(memberships, key=_nearest):
        found.setdefault(membership.user_id, Present(membership.user, membership.institution))
    return list(found.values())


def institution_of(user: User, territory: Territory) -> Institution | None:
    """For which institution `user` speaks around `territory`: the nearest to it, None when they do not."""
    covering = [each for each in user.current_memberships if covers(each, territory)]
    return min(covering, key=_nearest).institution if covering else None


def _nearest(membership: Membership) -> tuple[bool, int, str, str, str]:
    institution, user = membership.institution, membership.user
    return (
        institution.kind not in ALL_PARTIES,
        _SCOPES.index(institution.scope),
        institution.name,
        user.last_name,
        user.first_name,
    )


def party_institutions(contract: Contract) -> QuerySet[Institution]:
    """The institutions that are the three parties of `contract` (rule P1)."""
    territory = contract.territory
    return Institution.objects.filter(kind__in=ALL_PARTIES).filter(
        Q(territory=territory) | Q(region=territory.region_id)
    )


def may_name_contacts(user: User, institution: Institution) -> bool:
    """Whether `user` names the contacts of `institution`: its own editors, signatories and administrators."""
    if not user.is_authenticated or not user.is_active or institution.kind not in ALL_PARTIES:
        return False
    return any(
        membership.institution_id == institution.pk
        and (
            membership.is_administrator
            or Ability.CONTACT_EDIT in ABILITIES[membership.institution.kind][membership.role]
        )
        for membership in user.current_memberships
    )


def may_comment(user: User, contract: Contract) -> bool:
    """Whether `user` may speak in the exchanges of `contract`, in whatever state it is (rule P3)."""
    return can(user, Ability.CONTRACT_COMMENT, contract.territory)

"""Who may do what, in one table: (kind of institution, role) → abilities.

Seeing is not here: `visible_to(user)` of each QuerySet decides what exists for a person (what does not,
answers 404). This table decides which gestures a person may make on what they see (rules P1, P3).
"""

from __future__ import annotations

from enum import StrEnum

from cdppe.accounts.models import (
    Institution,
    InstitutionKind,
    InstitutionScope,
    Membership,
    Role,
    Territory,
    User,
)


class Ability(StrEnum):
    """A gesture, named noun.verb."""

    CONTRACT_READ = "contract.read"
    CONTRACT_CREATE = "contract.create"
    CONTRACT_EDIT = "contract.edit"
    CONTRACT_COMMENT = "contract.comment"
    CONTACT_EDIT = "contact.edit"
    BANK_ACCOUNT_EDIT = "bank_account.edit"
    DOCUMENT_RENDER = "document.render"
    NATION_FOLLOW = "nation.follow"
    ALLOCATION_READ = "allocation.read"
    ALLOCATION_RUN = "allocation.run"
    ALLOCATION_PUBLISH = "allocation.publish"
    DEADLINE_EXTEND = "deadline.extend"
    TRANSMISSION_SEND = "transmission.send"
    TRANSMISSION_REVIEW = "transmission.review"
    AGREEMENT_GIVE = "agreement.give"
    AMENDMENT_PREPARE = "amendment.prepare"
    CAMPAIGN_EXTEND = "campaign.extend"
    CONTRACT_PUBLISH = "contract.publish"


# Whoever sees a contract may speak in its exchanges, readers and the ministry too.
_READ = frozenset({Ability.CONTRACT_READ, Ability.CONTRACT_COMMENT})
_EDIT = _READ | {
    Ability.CONTRACT_CREATE,
    Ability.CONTRACT_EDIT,
    Ability.CONTACT_EDIT,
    Ability.DOCUMENT_RENDER,
    Ability.TRANSMISSION_SEND,
    # What the parties signed is theirs to put online (K6).
    Ability.CONTRACT_PUBLISH,
}
# A signatory of a party may do what its editors may, and engages it: agrees to one exact text (K4).
_PARTY: dict[str, frozenset[Ability]] = {
    Role.READER: _READ | {Ability.DOCUMENT_RENDER},
    Role.EDITOR: _EDIT,
    Role.SIGNATORY: _EDIT | {Ability.AGREEMENT_GIVE},
}
# The account is the department's own (article 4): its people enter it.
_COUNCIL: dict[str, frozenset[Ability]] = {
    Role.READER: _PARTY[Role.READER],
    Role.EDITOR: _EDIT | {Ability.BANK_ACCOUNT_EDIT},
    Role.SIGNATORY: _EDIT | {Ability.BANK_ACCOUNT_EDIT, Ability.AGREEMENT_GIVE},
}
_FOLLOWER = dict.fromkeys(Role.values, _READ | {Ability.DOCUMENT_RENDER})
_MINISTRY_READER = _READ | {Ability.DOCUMENT_RENDER, Ability.NATION_FOLLOW, Ability.ALLOCATION_READ}

ABILITIES: dict[str, dict[str, frozenset[Ability]]] = {
    InstitutionKind.PREFECTURE: _PARTY,
    InstitutionKind.ARS: _PARTY,
    InstitutionKind.COUNCIL: _COUNCIL,
    InstitutionKind.REGIONAL_DIRECTORATE: _FOLLOWER,
    InstitutionKind.DGS: dict.fromkeys(Role.values, _MINISTRY_READER),
    InstitutionKind.DGCS: {
        Role.READER: _MINISTRY_READER,
        Role.EDITOR: _MINISTRY_READER
        | {
            Ability.ALLOCATION_RUN,
            Ability.DEADLINE_EXTEND,
            Ability.TRANSMISSION_REVIEW,
            Ability.AMENDMENT_PREPARE,
        },
        # An editor prepares the amounts; who signs for the ministry makes them the year's.
        Role.SIGNATORY: _MINISTRY_READER
        | {
            Ability.ALLOCATION_RUN,
            Ability.ALLOCATION_PUBLISH,
            Ability.DEADLINE_EXTEND,
            Ability.TRANSMISSION_REVIEW,
            Ability.AMENDMENT_PREPARE,
            Ability.CAMPAIGN_EXTEND,
        },
    },
}


def can(user: User, ability: Ability, territory: Territory | None = None) -> bool:
    """Whether `user` may make the gesture, on `territory` where the gesture has one.

    Without a territory the gesture is national, and only a membership of a national institution gives it.
    A disabled or anonymous account may do nothing.
    """
    if not user.is_authenticated or not user.is_active:
        return False
    return any(
        ability in ABILITIES[membership.institution.kind][membership.role]
        for membership in user.current_memberships
        if covers(membership, territory)
    )


def may_be_engaged(kind: str) -> bool:
    """Whether an institution of this `kind` has a role that may give its agreement."""
    return any(Ability.AGREEMENT_GIVE in abilities for abilities in ABILITIES.get(kind, {}).values())


def speaks_for(user: User, kind: str, territory: Territory) -> Institution | None:
    """The institution of this `kind` around `territory` that `user` may engage, or None."""
    return acts_for(user, Ability.AGREEMENT_GIVE, kind, territory)


def acts_for(user: User, ability: Ability, kind: str, territory: Territory) -> Institution | None:
    """The institution of this `kind` around `territory` in whose name `user` may do `ability`, or None."""
    if not user.is_authenticated or not user.is_active:
        return None
    return next(
        (
            membership.institution
            for membership in user.current_memberships
            if membership.institution.kind == kind
            and ability in ABILITIES[kind][membership.role]
            and covers(membership, territory)
        ),
        None,
    )


def administers(user: User, institution: Institution) -> bool:
    """Whether `user` invites, changes and removes the members of `institution`."""
    if not user.is_authenticated or not user.is_active:
        return False
    return any(
        membership.is_administrator and membership.institution_id == institution.pk
        for membership in user.current_memberships
    )


def covers(membership: Membership, territory: Territory | None) -> bool:
    """Whether the institution of `membership` follows `territory`; without one, whether it is national."""
    institution = membership.institution
    if institution.scope == InstitutionScope.NATION:
        return True
    if territory is None:
        return False
    if institution.scope == InstitutionScope.REGION:
        return institution.region_id == territory.region_id
    return institution.territory_id == territory.pk

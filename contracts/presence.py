"""Who is on a page of a contract right now, and in which words its other readers are told.

A page says every `HEARTBEAT_SECONDS` that it is open, and once that it is being left. What nobody heard of
for `LIFETIME` is over. Nothing of it is kept: it is no record of people's work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch
from django.utils import timezone

from cdppe.accounts.abilities import Ability, can, covers
from cdppe.accounts.models import InstitutionKind, Membership, User
from contracts.models import Contract, Presence

HEARTBEAT_SECONDS = 25
LIFETIME = dt.timedelta(seconds=70)
"""Two heartbeats lost and a little more."""

KIND_WORDS = {
    InstitutionKind.PREFECTURE: "préfecture",
    InstitutionKind.ARS: "ARS",
    InstitutionKind.COUNCIL: "département",
    InstitutionKind.REGIONAL_DIRECTORATE: "direction régionale",
    InstitutionKind.DGCS: "DGCS",
    InstitutionKind.DGS: "DGS",
}


@dataclass(frozen=True)
class Companion:
    """Somebody else on the same page: « Claude Fabre (préfecture) », and whether they may write there."""

    name: str
    may_write: bool


def come(contract: Contract, place: str, *, user: User, tab: UUID) -> None:
    """`user` has the page of `place` open in `tab`; what is over is forgotten on the way."""
    now = timezone.now()
    Presence.objects.filter(contract=contract, seen_at__lt=now - LIFETIME).delete()
    Presence.objects.update_or_create(
        contract=contract, user=user, tab=tab, defaults={"place": place, "seen_at": now}
    )


def leave(contract: Contract, *, user: User, tab: UUID) -> None:
    """`user` closes `tab`, or goes to another page in it."""
    Presence.objects.filter(contract=contract, user=user, tab=tab).delete()


def companions(contract: Contract, place: str, *, reader: User) -> list[Companion]:
    """The others on the page of `place`, by name, each once; only people who see the contract."""
    here = Presence.objects.filter(
        contract=contract, place=place, seen_at__gte=timezone.now() - LIFETIME
    ).exclude(user=reader)
    memberships = Membership.objects.select_related("institution__territory", "institution__region")
    people = User.objects.filter(pk__in=here.values("user"), is_active=True).prefetch_related(
        Prefetch("memberships", memberships)
    )
    found = []
    for person in people:
        # What `can` reads: already loaded, for all of them in one query.
        person.current_memberships = list(person.memberships.all())
        if can(person, Ability.CONTRACT_READ, contract.territory):
            found.append(
                Companion(_named(person, contract), can(person, Ability.CONTRACT_EDIT, contract.territory))
            )
    return found


def _named(person: User, contract: Contract) -> str:
    kinds = [
        KIND_WORDS[InstitutionKind(each.institution.kind)]
        for each in person.current_memberships
        if covers(each, contract.territory)
    ]
    return f"{person} ({', '.join(dict.fromkeys(kinds))})"


def told(others: Iterable[Companion], *, here: str) -> str:
    """One sentence a page: « Claude Fabre (préfecture) est aussi sur cette fiche. », empty for nobody.

    here: the page in words (« cette fiche »).
    """
    writers = [each.name for each in others if each.may_write]
    readers = [f"{each.name}, en lecture" for each in others if not each.may_write]
    names = [*writers, *readers]
    if not names:
        return ""
    if len(names) == 1:
        return f"{names[0]} est aussi sur {here}."
    return f"{' ; '.join(names[:-1])} et {names[-1]} sont aussi sur {here}."

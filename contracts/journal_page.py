"""What people read of the journal: which entries, under which words, and as a table to take away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.lib.table_export import Value
from contracts.models import Contract, JournalEntry

SUBJECTS = {
    "contract": "Contrat : création, informations, étapes",
    "diagnosis": "Diagnostic",
    "objective": "Objectifs",
    "action_sheet": "Fiches action",
    "indicator_values": "Tableau de bord : valeurs",
    "local_indicator": "Tableau de bord : indicateurs locaux",
    "own_means": "Moyens propres du département",
    "bank_account": "Compte bancaire",
    "calendar": "Calendrier",
    "contact": "Contacts",
    "thread": "Échanges",
    "finding": "Réponses aux constats de conformité",
    "takeover": "Reprise d’un contrat signé",
    "campaign": "Campagnes",
    "membership": "Membres des institutions",
    "invitation": "Invitations",
}
"""What an entry is about: the noun of its code, and the words of the filter."""

COLUMNS = ("N°", "Date", "Heure", "Qui", "Au titre de", "Geste", "Objet", "D’où", "Nature", "Empreinte")


def register_subject(noun: str, label: str) -> None:
    """Have the filter of the journal call by `label` the gestures whose code starts with `noun`."""
    SUBJECTS[noun] = label


def subject_of(code: str) -> str:
    """What the gesture `code` is about, in French; the noun itself when nobody named it.

    >>> subject_of("thread.opened")
    'Échanges'
    """
    noun = code.partition(".")[0]
    return SUBJECTS.get(noun, noun)


def entries_of(contract: Contract) -> QuerySet[JournalEntry]:
    """The entries of `contract`, newest first."""
    return JournalEntry.objects.filter(contract=contract)


def entries_of_no_contract(user: User) -> QuerySet[JournalEntry] | None:
    """What belongs to no contract and `user` may read, newest first; None when the page is not theirs.

    Whoever follows the nation reads all of it; who administers an institution, what was done in its name
    (members, invitations), under the name that it has today.
    """
    entries = JournalEntry.objects.filter(contract=None)
    if can(user, Ability.NATION_FOLLOW):
        return entries
    names = [each.institution.name for each in user.current_memberships if each.is_administrator]
    return entries.filter(institution__in=names) if names else None


def narrowed(entries: QuerySet[JournalEntry], chosen: Mapping[str, Any]) -> QuerySet[JournalEntry]:
    """Those of `entries` that answer `chosen`: who, subject, from a day, to a day."""
    if chosen.get("qui"):
        entries = entries.filter(by=chosen["qui"])
    if chosen.get("objet"):
        entries = entries.filter(code__startswith=f"{chosen['objet']}.")
    if chosen.get("du"):
        entries = entries.filter(at__gte=_midnight(chosen["du"]))
    if chosen.get("au"):
        entries = entries.filter(at__lt=_midnight(chosen["au"] + dt.timedelta(days=1)))
    return entries


def rows_of(entries: Iterable[JournalEntry]) -> list[list[Value]]:
    """The entries as rows of a table, the heading first, moments as they are lived in France."""
    rows: list[list[Value]] = [list(COLUMNS)]
    for entry in entries:
        at = timezone.localtime(entry.at)
        rows.append(
            [
                entry.sequence,
                f"{at:%d/%m/%Y}",
                f"{at:%H:%M:%S}",
                entry.actor,
                entry.institution,
                entry.sentence,
                subject_of(entry.code),
                entry.origin,
                entry.code,
                entry.hash,
            ]
        )
    return rows


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))

"""What every gesture on a contract starts and ends with: the lock on its row, the entry of the journal.

Entries are numbered and chained (`contracts.chain`), one chain for the whole site, so the writers of the
journal come one after the other. To hold the others up as little as possible, and never to wait for a
contract while holding the journal:

* the contract's row is locked first, the journal last: after its first entry a gesture takes no lock that it
  has not yet (several contracts at once: all their rows in the order of their keys, then the entries
  together, with `record_all`);
* the lock of the journal is PostgreSQL's advisory one of the transaction: no row to contend for or to lose.
  SQLite has one writer at a time anyway.

docs/decisions/journal.md says what was weighed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import connection, transaction
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import WrongState
from cdppe.lib.origin import current_origin
from contracts.chain import GENESIS, Link, fingerprint
from contracts.history import institution_of
from contracts.models import Contract, JournalEntry, Way, contract_of

JOURNAL_LOCK = 0x6A6F75726E616C
"""The advisory lock of the journal's end: « journal » in ASCII."""

SAME_SITTING = dt.timedelta(minutes=15)
"""Saves of one person on one thing within so long are one line of the journal."""


def locked_contract(contract: Contract, *, editable: bool = True) -> Contract:
    """The stored `contract`, its row locked until the end of the transaction.

    Raises WrongState when `editable` is asked and the state of the contract, as it is now stored, allows no
    writing: the sentence says what to do.
    """
    locked = (
        Contract.objects.select_for_update(of=("self",))
        .select_related("campaign", "territory__region", "takeover")
        .get(pk=contract.pk)
    )
    if editable:
        require_editable(locked)
    return locked


def require_editable(contract: Contract) -> None:
    """Refuse, with the sentence to show, when nothing may be written in `contract` in its state."""
    if contract.is_editable:
        return
    amendment = contract.open_amendment
    if amendment is not None:
        raise WrongState(
            f"{amendment.the_text} est à l’état « {amendment.get_state_display()} » : rien n’est modifié. "
            "Rouvrez d’abord la négociation depuis la page « Accord et signature »."
        )
    if contract.is_in_force:
        raise WrongState(
            f"Le contrat est à l’état « {contract.get_state_display()} » : rien n’y est modifié sans "
            "avenant. Ouvrez-en un depuis la page « Avenants »."
        )
    raise WrongState(
        f"Le contrat est à l’état « {contract.get_state_display()} » : rien n’y est modifié. "
        "Rouvrez d’abord la négociation depuis la synthèse du contrat."
    )


@dataclass(frozen=True)
class Gesture:
    """What `record_all` writes; without `institution`, the one by which `by` follows the territory."""

    contract: Contract | None
    code: str
    sentence: str
    by: User | None
    place: str = ""
    institution: str | None = None


def record(contract: Contract, code: str, sentence: str, *, by: User | None, place: str = "") -> JournalEntry:
    """One entry of the contract's journal: what happened, who did it and for whom, now, where and from where.

    `code` is noun.verb; `sentence` is French and cut at 300 characters; `place` is of `contracts.places`.
    """
    (entry,) = record_all([Gesture(contract, code, sentence, by, place)])
    return entry


def record_step(way: Way, code: str, sentence: str, *, by: User | None, place: str = "") -> JournalEntry:
    """`record` that `way` made the step `code` of the table: an amendment is named before the sentence."""
    noun, said = ("amendment", f"{way} : {sentence}") if way.is_amendment else ("contract", sentence)
    return record(contract_of(way), f"{noun}.{code}", said, by=by, place=place)


def record_elsewhere(code: str, sentence: str, *, by: User | None, institution: str = "") -> JournalEntry:
    """One entry that belongs to no contract; without an `institution`, the national one of `by` if any."""
    (entry,) = record_all([Gesture(None, code, sentence, by, institution=institution or None)])
    return entry


def record_all(gestures: Sequence[Gesture]) -> list[JournalEntry]:
    """The entries of `gestures`, in their order, behind the last one: three queries however many they are."""
    institutions = [_institution(each) for each in gestures]
    with transaction.atomic(savepoint=False):
        _wait_for_the_end()
        last = JournalEntry.objects.order_by("-sequence").values_list("sequence", "hash").first()
        sequence, previous_hash = last or (0, GENESIS)
        entries = []
        for gesture, institution in zip(gestures, institutions, strict=True):
            sequence += 1
            link = Link(
                sequence=sequence,
                # Once the journal is held, so that moments follow the order of the numbers.
                at=timezone.now(),
                contract=gesture.contract.pk if gesture.contract is not None else None,
                by=gesture.by.pk if gesture.by is not None else None,
                actor=str(gesture.by)[:200] if gesture.by is not None else "",
                institution=institution,
                origin=current_origin(),
                code=gesture.code,
                sentence=gesture.sentence[:300],
                place=gesture.place,
                previous_hash=previous_hash,
            )
            link = replace(link, hash=fingerprint(link))
            entries.append(entry_of(link))
            previous_hash = link.hash
        return JournalEntry.objects.bulk_create(entries, batch_size=500)


def entry_of(link: Link) -> JournalEntry:
    """The row, not stored yet, that holds `link`."""
    return JournalEntry(
        sequence=link.sequence,
        at=link.at,
        contract_id=link.contract,
        by_id=link.by,
        actor=link.actor,
        institution=link.institution,
        origin=link.origin,
        code=link.code,
        sentence=link.sentence,
        place=link.place,
        previous_hash=link.previous_hash,
        hash=link.hash,
    )


def record_once(contract: Contract, code: str, sentence: str, *, by: User, place: str) -> None:
    """The entry of a page that saves by itself: one a person, gesture and place in `SAME_SITTING`."""
    is_told = JournalEntry.objects.filter(
        contract=contract, code=code, by=by, place=place, at__gt=timezone.now() - SAME_SITTING
    ).exists()
    if not is_told:
        record(contract, code, sentence, by=by, place=place)


def _wait_for_the_end() -> None:
    """Nobody else adds an entry until this transaction ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [JOURNAL_LOCK])


def _institution(gesture: Gesture) -> str:
    if gesture.institution is not None:
        return gesture.institution[:200]
    return institution_of(gesture.by, gesture.contract)

"""The calendar's section of the digest: who is told what, before and after a date (C5).

What we chose where the text is silent: a reminder goes to the members of an institution whose turn it is and
who may act (not its readers); it is told once before the date and once after, again only when the date moves;
a date missed for over a month is no longer told, nor anything of a contract whose period is over. Who has
nothing left to do of the pieces that a national deadline is for (fixtures/calendar/deadlines.csv) is not
reminded of it, even while the others still have.
"""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils.formats import date_format

from cdppe.accounts.abilities import covers
from cdppe.accounts.digest import DigestLine, DigestSection
from cdppe.accounts.models import DigestFrequency, DigestSettings, Role, User
from contracts.calendar import Duty
from contracts.models import Contract
from contracts.overview import PARTIES, distance, duties_of, facts_of, with_facts
from contracts.progress import Piece, missing, pieces
from contracts.retroplanning import pieces_of_deadline

SECTION = "calendar"
LATE_DAYS = 30
"""How long after its date a duty is still told."""
DAYS_TO_NEXT_WEEKLY = 6
"""A weekly digest also tells what would come due before the next one."""


def due_lines(user: User, settings: DigestSettings, on: dt.date) -> DigestSection | None:
    """What `user` is to be reminded of on the day `on`, late ones first, then from the soonest."""
    horizon = settings.days_before
    if settings.frequency == DigestFrequency.WEEKLY:
        horizon += DAYS_TO_NEXT_WEEKLY
    found: list[tuple[dt.date, DigestLine]] = []
    for contract in with_facts(Contract.objects.visible_to(user).filter(ends_on__gte=on)):
        kinds = acting_kinds(user, contract)
        left = missing(pieces(facts_of(contract)))
        for duty in duties_of(contract, today=on):
            if duty.on is None or not awaits(duty, kinds, left):
                continue
            days = (duty.on - on).days
            if (settings.tells_before and 0 <= days <= horizon) or (
                settings.tells_late and -LATE_DAYS <= days < 0
            ):
                found.append((duty.on, _line(contract, duty, on)))
    found.sort(key=lambda each: (each[0], each[1].key))
    return DigestSection("Échéances", tuple(line for _, line in found)) if found else None


def acting_kinds(user: User, contract: Contract) -> frozenset[str]:
    """The kinds of institution for which `user` may act on `contract`: a reader of one is not reminded."""
    return frozenset(
        membership.institution.kind
        for membership in user.current_memberships
        if membership.role != Role.READER and covers(membership, contract.territory)
    )


def awaits(duty: Duty, kinds: frozenset[str], left: tuple[Piece, ...]) -> bool:
    """Whether `duty` still waits for one of `kinds`, `left` being the contract's pieces that are not done."""
    mine = kinds & set(duty.turn or PARTIES)
    if duty.done_on is not None or duty.is_closed or not mine:
        return False
    codes = pieces_of_deadline(duty.code)
    return not codes or any(piece.code in codes and mine & set(piece.turn) for piece in left)


def _line(contract: Contract, duty: Duty, today: dt.date) -> DigestLine:
    assert duty.on is not None  # due_lines keeps the dated ones
    when = "late" if duty.on < today else "before"
    late = "en retard, " if duty.on < today else ""
    off = f", {duty.day_off}" if duty.day_off else ""
    note = f" {duty.note}" if duty.note else ""
    return DigestLine(
        key=f"{contract.reference}/{duty.anchor}/{when}/{duty.on.isoformat()}",
        text=(
            f"{contract} : {duty.label}, {late}le {date_format(duty.on)} "
            f"({distance(duty.on, today)}{off}).{note}"
        ),
        path=f"{reverse('contracts:calendar', args=[contract.reference])}#{duty.anchor}",
    )

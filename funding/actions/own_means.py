"""Writing the department's own means (article 2.2.2; rule M3), cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, StaleVersion
from cdppe.lib.money import format_euros
from contracts.actions.journal import locked_contract, record, record_once
from contracts.history import keeps_history
from contracts.models import Contract
from funding.models import OwnMeans, Service


@dataclass(frozen=True)
class MeansChange:
    """One amount as its page was opened with, and as the person wants it; None is "not stated"."""

    service: str
    year: int
    opened_with: Decimal | None
    wanted: Decimal | None
    sent: tuple[Decimal | None, ...] = ()
    """What the page sent since without learning whether it was stored: its own, found stored or not."""


@transaction.atomic
@keeps_history("financing")
def save_own_means(
    contract: Contract, *, changes: Sequence[MeansChange], by: User, is_autosave: bool = False
) -> int:
    """Write `changes`, all of them or none; how many amounts are really different.

    Raises WrongState when the contract is no longer written, RuleViolation for a year that is neither the
    reference year nor one of the contract's, StaleVersion, whose `stored` is {(service, year): euros or
    None}, when somebody else wrote one of these amounts since the page was opened.
    """
    locked = locked_contract(contract)
    years = {locked.campaign.reference_year, *locked.years}
    for change in changes:
        if change.year not in years or change.service not in Service.values:
            raise RuleViolation(f"{change.year} n’est ni l’année de référence, ni une année du contrat.")
    rows = {(row.service, row.year): row for row in OwnMeans.objects.filter(contract=locked)}
    stored = {key: row.amount for key, row in rows.items()}
    conflicts = {
        (change.service, change.year): stored.get((change.service, change.year))
        for change in changes
        if stored.get((change.service, change.year)) not in (change.opened_with, change.wanted, *change.sent)
    }
    if conflicts:
        shown = " ; ".join(
            f"{Service(service).label}, {year} : {'vide' if amount is None else format_euros(amount)}"
            for (service, year), amount in conflicts.items()
        )
        raise StaleVersion(
            "Quelqu’un d’autre a écrit entre-temps des montants que vous changiez. Rien n’est enregistré ; "
            f"voici les siens : {shown}. Gardez ou corrigez les vôtres, puis enregistrez de nouveau.",
            stored=conflicts,
        )
    written = 0
    for change in changes:
        row = rows.get((change.service, change.year))
        if (row.amount if row else None) == change.wanted:
            continue
        written += 1
        if change.wanted is None:
            if row is not None:
                row.delete()
        else:
            OwnMeans.objects.update_or_create(
                contract=locked,
                service=change.service,
                year=change.year,
                defaults={"amount": change.wanted, "updated_by": by, "updated_at": timezone.now()},
            )
    if written:
        words = "1 montant modifié" if written == 1 else f"{written} montants modifiés"
        if is_autosave:
            record_once(
                locked, "own_means.saved", "Moyens propres du département modifiés.", by=by, place="financing"
            )
        else:
            record(
                locked,
                "own_means.saved",
                f"Moyens propres du département : {words}.",
                by=by,
                place="financing",
            )
    return written

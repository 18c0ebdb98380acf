"""Writing the moves of credits into the sheets of an amendment, and bringing them back out (rule M7).

Source: circulaire 2020/34, annexe 5.1, article 4: the moves « seront inscrites au contrat lors de l’adoption
de l’avenant financier annuel ». An exact sum of Decimals, to the cent.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from agreements.amending import what_remains
from agreements.comparison import ChangedObject
from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from cdppe.lib.money import format_euros
from contracts.actions.journal import locked_contract, record
from contracts.models import ActionSheet, Amendment, Contract
from funding.models import ActionFinancing, Contributor, CreditMove
from funding.models.moves import CreditMoveQuerySet
from funding.moves import texts_of


def take_in(amendment: Amendment, moves: CreditMoveQuerySet, *, by: User) -> int:
    """Write `moves` into the sheets, in the order in which they were decided, and mark them."""
    taken = list(moves.select_related("envelope", "from_sheet", "to_sheet").order_by("decided_on", "pk"))
    if not taken:
        return 0
    for move in taken:
        _shift(move, move.to_sheet, move.amount)
    for move in taken:
        _shift(move, move.from_sheet, -move.amount)
    CreditMove.objects.filter(pk__in=[move.pk for move in taken]).update(amendment=amendment)
    total = format_euros(sum((move.amount for move in taken), Decimal(0)))
    told = f"{amendment} : mouvements de crédits repris ({len(taken)}, {total})."
    record(amendment.contract, "amendment.moves_taken", told, by=by, place="amendments")
    return len(taken)


def release_moves(amendment: Amendment) -> int:
    """Bring the moves that `amendment` took in back out of the sheets: they are free again; how many.

    To be called under the lock, within an action that keeps the history of the sheets. Raises RuleViolation
    when an action no longer has what came to it: people wrote over it.
    """
    moves = list(
        CreditMove.objects.filter(amendment=amendment)
        .select_related("envelope", "from_sheet", "to_sheet")
        .order_by("-pk")
    )
    if not moves:
        return 0
    text = texts_of([amendment.contract])[amendment.contract_id]
    for move in moves:
        _shift(move, move.from_sheet, move.amount)
    for move in moves:
        _shift(move, move.to_sheet, -move.amount, drops_zero=_key(move, move.to_sheet) not in text.amounts)
    CreditMove.objects.filter(pk__in=[move.pk for move in moves]).update(amendment=None)
    return len(moves)


def remaining_without_moves(contract: Contract) -> tuple[ChangedObject, ...]:
    """What would be left in the contract if its open amendment were given up now; nothing is written."""
    with transaction.atomic():
        stored = locked_contract(contract, editable=False)
        if stored.open_amendment is not None:
            # Where somebody wrote over what came, the difference itself is what is left.
            with suppress(RuleViolation):
                release_moves(stored.open_amendment)
        found = what_remains(stored)
        transaction.set_rollback(True)
    return found


def _key(move: CreditMove, sheet: ActionSheet) -> tuple[int, int, int]:
    return (sheet.pk, move.envelope_id, move.year)


def _shift(move: CreditMove, sheet: ActionSheet, by_euros: Decimal, *, drops_zero: bool = False) -> None:
    """Add `by_euros` to what `sheet` has of the move's envelope and year; the sheet counts one more save.

    `drops_zero` removes the amount that nothing is left of, where there was none before the move.
    """
    row = ActionFinancing.objects.filter(
        action_sheet=sheet, envelope=move.envelope, year=move.year, contributor=Contributor.STATE
    ).first()
    amount = (row.amount if row is not None else Decimal(0)) + by_euros
    if amount < 0:
        raise RuleViolation(
            f"La fiche n° {sheet.number} n’a pas assez de {move.envelope.label} en {move.year} pour le "
            f"mouvement du {move.decided_on:%d/%m/%Y} ({format_euros(move.amount)}) : corrigez d’abord son "
            "montant, ou le mouvement."
        )
    if row is None:
        ActionFinancing.objects.create(
            action_sheet=sheet,
            envelope=move.envelope,
            year=move.year,
            contributor=Contributor.STATE,
            amount=amount,
        )
    elif drops_zero and not amount:
        row.delete()
    else:
        row.amount = amount
        row.save(update_fields=["amount"])
    # A page opened before says so when it is sent: its amounts are no longer the sheet's.
    ActionSheet.objects.filter(pk=sheet.pk).update(version=F("version") + 1, updated_at=timezone.now())

"""What every gesture on a contract starts and ends with: the lock on its row, the line of its journal."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import WrongState
from contracts.models import Contract, ContractEvent

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
    if not contract.is_editable:
        raise WrongState(
            f"Le contrat est à l’état « {contract.get_state_display()} » : rien n’y est modifié. "
            "Rouvrez d’abord la négociation depuis la synthèse du contrat."
        )


def record(
    contract: Contract, code: str, sentence: str, *, by: User | None, place: str = ""
) -> ContractEvent:
    """One line of the contract's journal: what happened, who did it, now, and where (`contracts.places`)."""
    return ContractEvent.objects.create(
        contract=contract, code=code, sentence=sentence[:300], by=by, place=place
    )


def record_once(contract: Contract, code: str, sentence: str, *, by: User, place: str) -> None:
    """The line of a page that saves by itself: one a person, gesture and place in `SAME_SITTING`."""
    is_told = ContractEvent.objects.filter(
        contract=contract, code=code, by=by, place=place, at__gt=timezone.now() - SAME_SITTING
    ).exists()
    if not is_told:
        record(contract, code, sentence, by=by, place=place)

"""The one way in which a contract moves: the table is asked under the lock, then the state changes (K3)."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from agreements.needs import missing_of
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.lib.errors import MissingPiece, NotAllowed, WrongState
from contracts.actions.journal import locked_contract, record
from contracts.models import Contract
from contracts.workflow import Page, Transition, Who, find_transition

LONGEST_REASON = 200
"""The journal tells it whole."""

NOT_THEIRS = "Votre rôle ne permet pas ce geste : il revient aux institutions parties au contrat."


def stored_for(contract: Contract, code: str, *, by: User | None) -> tuple[Contract, Transition]:
    """The contract under its lock and the row of the table, if `by` may make the gesture from where it is.

    `by` is None for the program alone. Raises WrongState when the table has no such row from the stored
    state, NotAllowed when the row is not for this person.
    """
    stored = locked_contract(contract, editable=False)
    transition = find_transition(stored.state, code, page=Page.WAY)
    if transition is None:
        raise WrongState(
            f"Le contrat est à l’état « {stored.get_state_display()} » : ce geste n’est pas possible. "
            "Quelqu’un l’a peut-être fait avancer depuis que vous avez ouvert la page."
        )
    require_author(stored, transition, by=by)
    return stored, transition


def require_author(contract: Contract, transition: Transition, *, by: User | None) -> None:
    """Refuse who the row is not for: a person where the program acts, the program where a person does."""
    if transition.who == Who.PROGRAM:
        if by is not None:
            raise NotAllowed("Ce passage se fait tout seul : personne n’a à le demander.")
        return
    if by is None or not can(by, Ability(transition.who.value), contract.territory):
        raise NotAllowed(NOT_THEIRS)


def require_needs(
    contract: Contract, transition: Transition, *, reason: str = "", today: dt.date | None = None
) -> None:
    """Refuse while something is missing: every sentence at once."""
    missing = missing_of(contract, transition, today=today or timezone.localdate(), reason=reason)
    if missing:
        raise MissingPiece(" ".join(missing))


def move(contract: Contract, transition: Transition, *, told: str, by: User | None, reason: str = "") -> None:
    """Write the state that the row leads to, with what else of `contract` changed; tell the journal."""
    contract.state = transition.target
    contract.save()
    sentence = f"{told} Raison : {reason}" if reason else told
    record(contract, f"contract.{transition.code}", sentence, by=by, place="agreements")

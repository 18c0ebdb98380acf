"""The one way in which a contract or an amendment moves: the table is asked under the lock (K3, V1)."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from agreements.needs import missing_of
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.lib.errors import MissingPiece, NotAllowed, WrongState
from contracts.actions.journal import locked_contract, record_step
from contracts.models import Contract, Way, contract_of, way_of
from contracts.workflow import Page, Transition, Who

LONGEST_REASON = 200
"""The journal tells it whole."""

NOT_THEIRS = "Votre rôle ne permet pas ce geste : il revient aux institutions parties au contrat."


def stored_for(contract: Contract, code: str, *, by: User | None) -> tuple[Way, Transition]:
    """What is on its way and the row of the table, if `by` may make the gesture from where it stands.

    The contract's row is locked; what is on its way is its open amendment, or itself. `by` is None for the
    program alone. Raises WrongState when the table has no such row from the stored state, NotAllowed when the
    row is not for this person.
    """
    way = way_of(locked_contract(contract, editable=False))
    transition = way.transition(code, Page.WAY)
    if transition is None:
        raise WrongState(
            f"{way.the_text} est à l’état « {way.get_state_display()} » : ce geste n’est pas possible. "
            "Quelqu’un l’a peut-être fait avancer depuis que vous avez ouvert la page."
        )
    require_author(contract_of(way), transition, by=by)
    return way, transition


def require_author(contract: Contract, transition: Transition, *, by: User | None) -> None:
    """Refuse who the row is not for: a person where the program acts, the program where a person does."""
    if transition.who == Who.PROGRAM:
        if by is not None:
            raise NotAllowed("Ce passage se fait tout seul : personne n’a à le demander.")
        return
    if by is None or not can(by, Ability(transition.who.value), contract.territory):
        raise NotAllowed(NOT_THEIRS)


def require_needs(
    way: Way, transition: Transition, *, reason: str = "", today: dt.date | None = None
) -> None:
    """Refuse while something is missing: every sentence at once."""
    missing = missing_of(way, transition, today=today or timezone.localdate(), reason=reason)
    if missing:
        raise MissingPiece(" ".join(missing))


def move(way: Way, transition: Transition, *, told: str, by: User | None, reason: str = "") -> None:
    """Write the state that the row leads to, with what else of `way` changed; tell the journal."""
    way.state = transition.target
    way.save()
    sentence = f"{told} Raison : {reason}" if reason else told
    record_step(way, transition.code, sentence, by=by, place="agreements")

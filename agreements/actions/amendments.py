"""Opening, saying again and abandoning an amendment to a contract in force (rule V1).

The contract itself stays in force; its row is locked by each gesture, which makes the amendments of one
contract come one after the other.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agreements.actions.moves import release_moves
from agreements.actions.texts import text_in_force_of
from agreements.amending import what_remains
from agreements.endings import standing_denunciation
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation, WrongState
from contracts.actions.journal import locked_contract, record
from contracts.history import keeps_history
from contracts.models import Amendment, AmendmentKind, Contract
from funding.models import CreditMove

LONGEST_OBJECT = 300
LONGEST_REASON = 1000
LONGEST_ABANDON = 500
LATEST_END = 5
"""The end of a contract is moved by so many years at most: beyond, the date is mistyped."""


@transaction.atomic
def open_amendment(
    contract: Contract,
    *,
    about: str,
    reason: str,
    by: User,
    kind: AmendmentKind = AmendmentKind.ORDINARY,
    year: int | None = None,
) -> Amendment:
    """Open an amendment to `contract`, which is in force and has no other open: people may write again.

    `about` is its object, in words. The number follows the last one's, abandoned ones included. Raises
    NotAllowed, WrongState when the contract is not in force or another amendment is open, RuleViolation
    without an object or a reason, MissingPiece when the campaign has no model contract.
    """
    stored = locked_contract(contract, editable=False)
    _require_party(stored, by)
    return open_on(stored, about=about, reason=reason, by=by, kind=kind, year=year)


def open_on(
    stored: Contract, *, about: str, reason: str, by: User, kind: AmendmentKind, year: int | None
) -> Amendment:
    """Open an amendment on a contract that is locked, whoever `by` is: the caller asked who may.

    Raises what `open_amendment` says but NotAllowed.
    """
    what, why = _texts(about, reason)
    if not stored.is_in_force:
        raise WrongState(
            f"Le contrat est à l’état « {stored.get_state_display()} » : seul un contrat en vigueur se "
            "modifie par un avenant."
        )
    if stored.open_amendment is not None:
        raise WrongState(
            f"L’avenant n° {stored.open_amendment.number} est déjà ouvert : il n’y en a qu’un à la fois. "
            "Complétez-le, ou attendez qu’il soit signé ou abandonné."
        )
    text_in_force_of(stored)
    last = Amendment.objects.filter(contract=stored).aggregate(last=Max("number"))["last"]
    amendment: Amendment = Amendment.objects.create(
        contract=stored,
        number=(last or 0) + 1,
        kind=kind,
        year=year,
        object=what,
        reason=why,
        opened_by=by,
    )
    record(stored, "amendment.opened", f"{amendment} ouvert : {what}", by=by, place="amendments")
    return amendment


@transaction.atomic
def save_amendment(
    contract: Contract,
    *,
    about: str,
    reason: str,
    planned_effect_on: dt.date | None,
    new_ends_on: dt.date | None,
    by: User,
) -> Amendment:
    """Write again what the open amendment of `contract` says itself, while it is being written.

    `new_ends_on` moves the end of the contract: None leaves it where it is. Raises NotAllowed, WrongState,
    RuleViolation for an empty text or a date out of its bounds.
    """
    stored = locked_contract(contract)
    amendment = stored.open_amendment
    if amendment is None:
        raise WrongState("Aucun avenant n’est ouvert sur ce contrat : ouvrez-en un d’abord.")
    _require_party(stored, by)
    amendment.object, amendment.reason = _texts(about, reason)
    end = new_ends_on if new_ends_on != stored.ends_on else None
    require_end_in_bounds(stored, end)
    is_new_day = planned_effect_on != amendment.planned_effect_on
    if planned_effect_on is not None and is_new_day and planned_effect_on < timezone.localdate():
        raise RuleViolation(
            "La prise d’effet prévue est passée : écrivez une date à venir, ou laissez la case vide."
        )
    if planned_effect_on is not None and planned_effect_on > stored.ends_on:
        raise RuleViolation(
            f"L’avenant prend effet avant la fin du contrat, le {stored.ends_on:%d/%m/%Y} : écrivez une date "
            "antérieure, ou laissez la case vide."
        )
    amendment.planned_effect_on, amendment.new_ends_on = planned_effect_on, end
    amendment.save()
    record(
        stored, "amendment.saved", f"{amendment} : objet, motif ou dates modifiés.", by=by, place="amendments"
    )
    return amendment


def require_end_in_bounds(contract: Contract, ends_on: dt.date | None) -> None:
    """Refuse, with its sentence, an end of `contract` that has passed, or that is years too late."""
    if ends_on is None:
        return
    if standing_denunciation(contract) is not None:
        raise RuleViolation("Ce contrat est dénoncé : un avenant ne déplace plus sa fin.")
    today = timezone.localdate()
    latest = dt.date(contract.ends_on.year + LATEST_END, 12, 31)
    if ends_on <= today:
        raise RuleViolation("La nouvelle fin du contrat est passée : écrivez une date à venir.")
    if ends_on > latest:
        raise RuleViolation(
            f"La nouvelle fin du contrat est trop lointaine : le {latest:%d/%m/%Y} au plus tard, soit "
            f"{LATEST_END} ans après l’année où il finit."
        )


@transaction.atomic
@keeps_history("sheets")
def abandon_amendment(contract: Contract, *, reason: str, by: User) -> Amendment:
    """Give the open amendment of `contract` up, with a reason: nothing of it may be left in the contract.

    The moves of credits that it took in are free again. Raises NotAllowed, WrongState unless it is being
    written, MissingPiece while the contract still says
    something else than its text in force, RuleViolation without a reason.
    """
    stored = locked_contract(contract, editable=False)
    amendment = stored.open_amendment
    if amendment is None:
        raise WrongState("Aucun avenant n’est ouvert sur ce contrat : rien n’a changé.")
    _require_party(stored, by)
    require_written(amendment)
    why = reason.strip()
    if not why:
        raise RuleViolation("Écrivez la raison : les autres parties la liront.")
    if len(why) > LONGEST_ABANDON:
        raise RuleViolation(f"Cette raison est trop longue : {LONGEST_ABANDON} caractères au plus.")
    release_moves(amendment)
    remaining = what_remains(stored)
    if remaining:
        named = ", ".join(dict.fromkeys(each.label for each in remaining))
        raise MissingPiece(
            f"Le contrat dit encore autre chose que le texte en vigueur ({named[:300]}) : reprenez-y d’abord "
            "l’ancien texte. La page de l’avenant dit où."
        )
    _close(amendment, why, by=by)
    return amendment


def require_written(amendment: Amendment) -> None:
    """Refuse, with its sentence, unless the open `amendment` is still being written."""
    if not amendment.is_written:
        raise WrongState(
            f"{amendment.the_text} est à l’état « {amendment.get_state_display()} » : rouvrez d’abord la "
            "négociation depuis la page « Accord et signature »."
        )


def close_with_the_contract(stored: Contract) -> None:
    """A contract that ends takes its open amendment with it: the last signed text was the law to the end."""
    amendment = stored.open_amendment
    if amendment is None:
        return
    # Nothing of its way is the law: a date of signature without an effect says nothing any more.
    amendment.signed_on = amendment.effect_on = None
    # The sheets stay as they were being written: nobody reads them as the law. The moves were never taken in.
    CreditMove.objects.filter(amendment=amendment).update(amendment=None)
    _close(
        amendment,
        f"Le contrat a pris fin le {stored.ends_on:%d/%m/%Y} avant que cet avenant prenne effet.",
        by=None,
    )


def _close(amendment: Amendment, why: str, *, by: User | None) -> None:
    amendment.abandoned_at, amendment.abandoned_by = timezone.now(), by
    amendment.abandoned_reason = why
    amendment.save()
    told = f"{amendment} abandonné. Raison : {why}"
    record(amendment.contract, "amendment.abandoned", told, by=by, place="amendments")


def _require_party(contract: Contract, by: User) -> None:
    if not can(by, Ability.CONTRACT_EDIT, contract.territory):
        raise NotAllowed(
            "Votre rôle ne permet pas ce geste : il revient aux institutions parties au contrat."
        )


def _texts(about: str, reason: str) -> tuple[str, str]:
    what, why = about.strip(), reason.strip()
    if not what or not why:
        raise RuleViolation("Écrivez l’objet de l’avenant et son motif : les autres parties les liront.")
    if len(what) > LONGEST_OBJECT or len(why) > LONGEST_REASON:
        raise RuleViolation(
            f"L’objet ou le motif est trop long : {LONGEST_OBJECT} et {LONGEST_REASON} caractères au plus."
        )
    return what, why

"""Moving credits between actions of one envelope, and correcting a move by its opposite (article 4; M7).

The amounts of the sheets, which the parties signed, are not touched: the next yearly amendment takes the
moves in (`agreements.actions.financial_amendments`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.lib.errors import NotAllowed, RuleViolation, WrongState
from cdppe.lib.money import format_euros
from contracts.actions.journal import locked_contract, record
from contracts.models import ActionSheet, Contract
from funding.models import CreditMove, Envelope
from funding.moves import amounts_after_moves, texts_of

PLACE = "financing"


@dataclass(frozen=True)
class Information:
    """The information that comes before a move: who was told, and on which day."""

    who: str
    on: dt.date


@transaction.atomic
def record_move(
    contract: Contract,
    *,
    year: int,
    envelope: Envelope,
    from_sheet: ActionSheet,
    to_sheet: ActionSheet,
    amount: Decimal,
    decided_on: dt.date,
    information: Information,
    reason: str,
    token: UUID,
    by: User,
) -> CreditMove:
    """Record that `amount` euros of `envelope` for `year` go from one action to another.

    A `token` already used gives the move that it made. Raises NotAllowed unless `by` writes in the contract,
    WrongState unless it is in force, RuleViolation for what may not move (more than the action has, an action
    that the text in force does not have, another contract's envelope, an objective that the envelope does not
    finance, an information after the move).
    """
    stored = locked_contract(contract, editable=False)
    if not can(by, Ability.CONTRACT_EDIT, stored.territory):
        raise NotAllowed(
            "Votre rôle ne permet pas ce geste : il revient aux institutions parties au contrat."
        )
    made: CreditMove | None = CreditMove.objects.filter(contract=stored, token=token).first()
    if made is not None:
        return made
    _require_in_force(stored)
    _require_fitting(stored, year, envelope, from_sheet, to_sheet)
    if amount <= 0:
        raise RuleViolation("Écrivez un montant plus grand que zéro.")
    _require_days(stored, decided_on, information)
    if not reason.strip() or not information.who.strip():
        raise RuleViolation("Écrivez qui a été informé, et la raison du mouvement.")
    _require_enough(stored, year, envelope, from_sheet, amount)
    move = CreditMove.objects.create(
        contract=stored,
        year=year,
        envelope=envelope,
        from_sheet=from_sheet,
        to_sheet=to_sheet,
        amount=amount,
        decided_on=decided_on,
        informed_kind=envelope.payer,
        informed_who=information.who.strip(),
        informed_on=information.on,
        reason=reason.strip(),
        token=token,
        recorded_by=by,
    )
    record(stored, "credit_move.recorded", f"{_told(move)} Raison : {move.reason}", by=by, place=PLACE)
    return move


@transaction.atomic
def correct_move(
    move: CreditMove, *, decided_on: dt.date, information: Information, reason: str, by: User
) -> CreditMove:
    """Undo `move` by its opposite, with a reason: both stay readable.

    Raises NotAllowed, WrongState when it was corrected already, is itself a correction, or the contract is no
    longer in force; RuleViolation when the action that received has no longer enough.
    """
    stored = locked_contract(move.contract, editable=False)
    if not can(by, Ability.CONTRACT_EDIT, stored.territory):
        raise NotAllowed(
            "Votre rôle ne permet pas ce geste : il revient aux institutions parties au contrat."
        )
    _require_in_force(stored)
    kept = CreditMove.objects.select_related("envelope", "from_sheet", "to_sheet").get(pk=move.pk)
    if kept.corrects_id is not None or CreditMove.objects.filter(corrects=kept).exists():
        raise WrongState("Ce mouvement est déjà corrigé, ou en corrige un autre : rien n’a changé.")
    _require_days(stored, decided_on, information)
    if not reason.strip() or not information.who.strip():
        raise RuleViolation("Écrivez qui a été informé, et la raison de la correction.")
    _require_enough(stored, kept.year, kept.envelope, kept.to_sheet, kept.amount)
    opposite = CreditMove.objects.create(
        contract=stored,
        year=kept.year,
        envelope=kept.envelope,
        from_sheet=kept.to_sheet,
        to_sheet=kept.from_sheet,
        amount=kept.amount,
        decided_on=decided_on,
        informed_kind=kept.envelope.payer,
        informed_who=information.who.strip(),
        informed_on=information.on,
        reason=reason.strip(),
        corrects=kept,
        # One correction a move: its own key is the token, whoever sends it twice.
        token=_opposite_token(kept.token),
        recorded_by=by,
    )
    told = f"Correction du mouvement du {kept.decided_on:%d/%m/%Y}. {_told(opposite)}"
    record(stored, "credit_move.corrected", f"{told} Raison : {opposite.reason}", by=by, place=PLACE)
    return opposite


def _require_in_force(contract: Contract) -> None:
    if not contract.is_in_force:
        raise WrongState(
            f"Le contrat est à l’état « {contract.get_state_display()} » : les crédits se déplacent entre "
            "actions pendant qu’il est en vigueur. Avant, corrigez les montants des fiches."
        )


def _require_fitting(
    contract: Contract, year: int, envelope: Envelope, from_sheet: ActionSheet, to_sheet: ActionSheet
) -> None:
    """The year, the envelope and the two actions are those of the contract that is in force."""
    if year not in contract.years:
        raise RuleViolation(f"{year} n’est pas une année du contrat.")
    if envelope.campaign_id != contract.campaign_id:
        raise RuleViolation("Cette enveloppe n’est pas de la campagne du contrat.")
    if from_sheet.pk == to_sheet.pk:
        raise RuleViolation("Choisissez deux actions différentes.")
    sheets = texts_of([contract])[contract.pk].sheets
    for sheet in (from_sheet, to_sheet):
        if sheet.contract_id != contract.pk or sheet.pk not in sheets:
            raise RuleViolation(
                f"La fiche n° {sheet.number} n’est pas dans le texte en vigueur : une action nouvelle "
                "demande un avenant."
            )
    open_to = Envelope.objects.that_may_finance(to_sheet.contract_objective)
    if not open_to.filter(pk=envelope.pk).exists():
        raise RuleViolation(
            f"{envelope.label} ne finance pas l’objectif de la fiche n° {to_sheet.number} : les crédits ne "
            "peuvent pas y aller."
        )


def _require_days(contract: Contract, decided_on: dt.date, information: Information) -> None:
    if decided_on > timezone.localdate():
        raise RuleViolation("Le mouvement est daté dans le futur : enregistrez-le une fois décidé.")
    if contract.effect_on is not None and decided_on < contract.effect_on:
        raise RuleViolation(
            f"Le contrat est en vigueur depuis le {contract.effect_on:%d/%m/%Y} : un mouvement ne le précède "
            "pas."
        )
    if information.on > decided_on:
        raise RuleViolation("L’information est préalable : elle est datée du jour du mouvement ou d’avant.")


def _require_enough(
    contract: Contract, year: int, envelope: Envelope, sheet: ActionSheet, amount: Decimal
) -> None:
    """The action has at least `amount` left, in the text in force and after the moves already made."""
    pending = CreditMove.objects.filter(contract=contract, envelope=envelope, year=year).outside_the_text()
    after = amounts_after_moves(texts_of([contract])[contract.pk], pending)
    left = after.get((sheet.pk, envelope.pk, year), Decimal(0))
    if amount > left:
        raise RuleViolation(
            f"La fiche n° {sheet.number} n’a plus que {format_euros(left)} de {envelope.label} en {year} : "
            f"{format_euros(amount)} ne peuvent pas en partir."
        )


def _opposite_token(token: UUID) -> UUID:
    return UUID(int=token.int ^ ((1 << 128) - 1))


def _told(move: CreditMove) -> str:
    return (
        f"{format_euros(move.amount)} de {move.envelope.label} {move.year} passent de la fiche "
        f"n° {move.from_sheet.number} à la fiche n° {move.to_sheet.number}."
    )

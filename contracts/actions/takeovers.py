"""Taking over a contract signed on paper: its parts written, its signed file attached, then in force.

What the contract lacks is shown and never stands in the way: the text was signed as it is (rule K4), the site
only comes after it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from cdppe.accounts.models import Territory, User
from cdppe.documents.actions.files import store_file
from cdppe.documents.registry import RenderedDocument
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.contracts import create_contract
from contracts.actions.journal import locked_contract, record
from contracts.models import Campaign, Contract, Takeover
from contracts.registry import FileGuard, file_guards, serving_guards
from contracts.workflow import ContractState, Page, find_transition

MAX_BYTES = 20 * 1024 * 1024
END_OF_FILE_WITHIN = 2 * 1024
"""Where the last mark of a whole PDF stands, from its end, in bytes."""
PUT_IN_FORCE = "put-in-force"


@transaction.atomic
def start_takeover(campaign: Campaign, territory: Territory, *, by: User) -> Contract:
    """The contract of `territory` for `campaign`, to be filled as it was signed.

    Raises RuleViolation when the territory already has one (it may be taken over itself, see
    `mark_as_taken_over`) or when the campaign does not concern it.
    """
    contract = create_contract(campaign, territory, by=by)
    contract.state = ContractState.NEGOTIATION
    contract.save(update_fields=["state"])
    Takeover.objects.create(contract=contract, started_by=by)
    record(contract, "takeover.started", "Reprise d’un contrat signé sur papier commencée.", by=by)
    return contract


@transaction.atomic
def mark_as_taken_over(contract: Contract, *, by: User) -> Takeover:
    """Say that `contract`, already begun here, was in fact signed on paper. Raises WrongState."""
    locked = locked_contract(contract)
    takeover, is_new = Takeover.objects.get_or_create(contract=locked, defaults={"started_by": by})
    if is_new:
        record(locked, "takeover.started", "Reprise d’un contrat signé sur papier commencée.", by=by)
    return takeover


class SignedFileRefused(RuleViolation):
    """The signed file is not kept, or not given back: its sentence says why."""


def complete_takeover(
    contract: Contract, *, signed_on: dt.date, content: bytes, file_name: str, by: User
) -> Contract:
    """Attach the signed file, byte for byte, and put the contract in force.

    Raises WrongState when the contract is not being taken over or is no longer written, RuleViolation for a
    date in the future, SignedFileRefused for a file that is no PDF, is over 20 MB, carries what a signed copy
    may not, or that the antivirus has not found clean.
    """
    # Before any lock: both may take seconds.
    check_signed_file(content)
    _ask(file_guards(), content)
    return _complete(contract, signed_on=signed_on, content=content, file_name=file_name, by=by)


@transaction.atomic
def _complete(
    contract: Contract, *, signed_on: dt.date, content: bytes, file_name: str, by: User
) -> Contract:
    locked = locked_contract(contract)
    takeover = Takeover.objects.select_for_update().filter(contract=locked).first()
    if takeover is None or takeover.is_completed:
        raise WrongState("Ce contrat n’est pas en cours de reprise : rien n’a été enregistré.")
    if signed_on > timezone.localdate():
        raise RuleViolation("La date de signature est dans le futur : écrivez celle qui est sur le contrat.")
    transition = find_transition(locked.state, PUT_IN_FORCE, page=Page.TAKEOVER)
    if transition is None:
        raise WrongState(
            f"Le contrat est à l’état « {locked.get_state_display()} » : revenez d’abord à la négociation."
        )
    takeover.signed_on = signed_on
    takeover.signed_file = store_file(RenderedDocument(file_name[:200], "application/pdf", content))
    takeover.completed_by, takeover.completed_at = by, timezone.now()
    takeover.save()
    locked.state = transition.target
    locked.signed_on = locked.effect_on = signed_on
    locked.save(update_fields=["state", "signed_on", "effect_on", "updated_at"])
    record(
        locked,
        "takeover.completed",
        f"Contrat repris : signé le {signed_on:%d/%m/%Y}, en vigueur. Fichier « {file_name[:120]} » joint.",
        by=by,
    )
    return locked


@transaction.atomic
def reopen_takeover(contract: Contract, *, by: User) -> Contract:
    """Write again in a contract that was taken over: its signed file stays. Raises WrongState."""
    locked = locked_contract(contract, editable=False)
    takeover = Takeover.objects.select_for_update().filter(contract=locked).first()
    transition = find_transition(locked.state, "reopen-takeover", page=Page.TAKEOVER)
    if takeover is None or not takeover.is_completed or transition is None:
        raise WrongState("Seule la saisie d’un contrat repris, et en vigueur, se rouvre ainsi.")
    if locked.amendments.exists() or locked.texts_in_force.exists():
        raise WrongState(
            "Un avenant a été ouvert sur ce contrat, ou son texte est arrêté : ce texte d’origine ne change "
            "plus. Ce qui est à corriger se corrige par un avenant."
        )
    takeover.completed_by, takeover.completed_at = None, None
    takeover.save()
    locked.state = transition.target
    locked.signed_on = locked.effect_on = None
    locked.save(update_fields=["state", "signed_on", "effect_on", "updated_at"])
    record(locked, "takeover.reopened", "Saisie du contrat repris rouverte pour correction.", by=by)
    return locked


def check_signed_file(content: bytes) -> None:
    """Refuse, with its sentence, what is no PDF of at most 20 MB."""
    if not content:
        raise SignedFileRefused("Ce fichier est vide : choisissez le PDF du contrat signé.")
    if len(content) > MAX_BYTES:
        raise SignedFileRefused("Ce fichier dépasse 20 Mo : numérisez-le dans une définition plus faible.")
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-END_OF_FILE_WITHIN:]:
        raise SignedFileRefused("Ce fichier n’est pas un PDF complet : choisissez le PDF du contrat signé.")


def require_servable(content: bytes) -> None:
    """Refuse, with its sentence, to give back a file that the antivirus has not found clean today."""
    _ask(serving_guards(), content)


def _ask(guards: Sequence[FileGuard], content: bytes) -> None:
    for guard in guards:
        try:
            guard(content)
        except RuleViolation as refusal:
            raise SignedFileRefused(str(refusal)) from refusal

"""The yearly financial amendment: prepared in one gesture, with the moves of credits of the year (V1, M7).

Source: circulaire 2020/34, annexe 4-I and annexe 5.1, articles 4 and 5. What is notified stands in the
contract by itself; the moves are written into the amounts of the sheets; the parties then write, agree and
sign as for any amendment, or give it up. It bars nothing (rule P3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from agreements.actions.amendments import open_amendment, open_on
from agreements.actions.moves import take_in
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.documents.actions.jobs import request_renders
from cdppe.documents.registry import Progress, RenderedDocument
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation, WrongState
from contracts.actions.journal import locked_contract, record_elsewhere
from contracts.history import keeps_history
from contracts.models import Amendment, AmendmentKind, Campaign, Contract
from funding.models import CreditMove

KIND = "financial-amendment"
"""The kind under which the documents app runs the preparation of one draft."""

OBJECT = "Crédits de l’année {year} : confirmation et actualisation des engagements financiers."
REASON = (
    "Avenant financier annuel (annexe 5.1, article 5), au regard des crédits notifiés pour {year} et des "
    "mouvements de crédits entre actions."
)


@transaction.atomic
@keeps_history("sheets")
def prepare_financial_amendment(contract: Contract, year: int, *, by: User) -> Amendment:
    """Open the financial amendment of `year`, and write the moves of the year into the sheets.

    Raises NotAllowed, RuleViolation for a year that is not the contract's, WrongState unless the contract is
    in force without an open amendment, MissingPiece without a model contract.
    """
    _require_year(contract, year)
    amendment = open_amendment(
        contract,
        about=OBJECT.format(year=year),
        reason=REASON.format(year=year),
        by=by,
        kind=AmendmentKind.FINANCIAL,
        year=year,
    )
    take_in(amendment, CreditMove.objects.free().filter(contract=contract, year=year), by=by)
    return amendment


@transaction.atomic
@keeps_history("sheets")
def take_moves_in(contract: Contract, *, by: User) -> int:
    """Write every free move of `contract` into its open amendment, whatever its kind; how many (rule M7).

    Raises NotAllowed, WrongState unless an amendment is being written.
    """
    stored = locked_contract(contract)
    if not can(by, Ability.CONTRACT_EDIT, stored.territory):
        raise NotAllowed(
            "Votre rôle ne permet pas ce geste : il revient aux institutions parties au contrat."
        )
    if stored.open_amendment is None:
        raise WrongState("Aucun avenant n’est ouvert sur ce contrat : ouvrez-en un d’abord.")
    return take_in(stored.open_amendment, CreditMove.objects.free().filter(contract=stored), by=by)


# --- For a whole campaign ---------------------------------------------------------------------------------


@transaction.atomic
def request_drafts(campaign: Campaign, year: int, contracts: Sequence[Contract], *, by: User) -> int:
    """Have the financial amendment of `year` opened on each of `contracts`, all of `campaign`; how many.

    One job each in the background: one that cannot have a draft leaves the others theirs, and says why.
    Raises NotAllowed unless `by` prepares amendments for the ministry.
    """
    _require_ministry(by)
    titles = {
        str(DraftSubject(campaign.pk, year, contract.pk, by.pk)): f"Avenant financier {year} – {contract}"
        for contract in contracts
    }
    request_renders(KIND, titles, by=by)
    sentence = f"Avenants financiers {year} demandés, campagne {campaign.code} : {len(titles)}."
    record_elsewhere("amendment.requested", sentence, by=by)
    return len(titles)


@dataclass(frozen=True)
class DraftSubject:
    """What names one draft to the documents app: primary keys, and a year."""

    campaign: int
    year: int
    contract: int
    by: int

    def __str__(self) -> str:
        return f"{self.campaign}:{self.year}:{self.contract}:{self.by}"

    @classmethod
    def read(cls, subject: str) -> DraftSubject:
        """The subject written as `str` writes it; raises ValueError for any other text."""
        return cls(*(int(part) for part in subject.split(":")))

    @staticmethod
    def beginning(campaign: Campaign, year: int) -> str:
        """How the subjects of every draft of a campaign and a year begin."""
        return f"{campaign.pk}:{year}:"


def prepare_draft(subject: str, progress: Progress) -> RenderedDocument:
    """Open the draft that `subject` names, and say so in a text that people may keep.

    Twice, even at once, makes one: a contract that has one of the year keeps it. Raises MissingPiece when the
    contract or the person is gone, and whatever refuses an amendment: its sentence is the job's.
    """
    named = DraftSubject.read(subject)
    contract = Contract.objects.with_context().filter(pk=named.contract, campaign=named.campaign).first()
    by = User.objects.filter(pk=named.by, is_active=True).first()
    if contract is None or by is None:
        raise MissingPiece("Ce contrat ou ce compte n’existe plus : l’avenant n’est pas préparé.")
    _require_ministry(by)
    progress(1, "Lecture du contrat")
    amendment, is_new = _prepare_once(contract, named.year, by=by)
    told = "préparé" if is_new else "déjà préparé : rien n’a changé"
    return RenderedDocument(
        f"avenant-financier-{named.year}-{contract.reference}.txt",
        "text/plain; charset=utf-8",
        f"{contract}\n{amendment} {told}.\n".encode(),
    )


def _require_ministry(by: User) -> None:
    if not can(by, Ability.AMENDMENT_PREPARE):
        raise NotAllowed("Les avenants de l’année se préparent à l’administration centrale.")


@transaction.atomic
@keeps_history("sheets")
def _prepare_once(contract: Contract, year: int, *, by: User) -> tuple[Amendment, bool]:
    stored = locked_contract(contract, editable=False)
    _require_year(stored, year)
    existing: Amendment | None = (
        Amendment.objects.filter(contract=stored, year=year, abandoned_at__isnull=True)
        .select_related("contract")
        .first()
    )
    if existing is not None:
        return existing, False
    amendment = open_on(
        stored,
        about=OBJECT.format(year=year),
        reason=REASON.format(year=year),
        by=by,
        kind=AmendmentKind.FINANCIAL,
        year=year,
    )
    take_in(amendment, CreditMove.objects.free().filter(contract=stored, year=year), by=by)
    return amendment, True


def _require_year(contract: Contract, year: int) -> None:
    if year not in contract.years:
        raise RuleViolation(f"{year} n’est pas une année du contrat.")

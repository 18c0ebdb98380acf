"""What the page « Accord et signature » shows: where the contract is, whose turn, what is missing (K3)."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils import timezone

from agreements.endings import ended_sentence
from agreements.models import Agreement, Proposal, Signature
from agreements.needs import agreeing_parties, signing_parties, standing_proposal
from cdppe.accounts.abilities import Ability, can, speaks_for
from cdppe.accounts.models import User
from cdppe.lib.french_words import joined
from contracts.models import Contract, ContractParty, Way, contract_of, way_of
from contracts.overview import reader_kinds
from contracts.workflow import (
    AMENDMENT_STATES,
    STEP_COUNT,
    WAY,
    ContractState,
    Page,
    Transition,
    step_number,
)
from contracts.workspace import Progress, Stage

PROPOSALS_SHOWN = 5
AMENDMENT_STEP_COUNT = len(AMENDMENT_STATES)
"""An amendment has neither a diagnosis nor an end of its own."""


@dataclass(frozen=True)
class StepLine:
    """One state of the way: done, current or to come, and what is recorded of it."""

    label: str
    status: str
    status_label: str
    detail: str


@dataclass(frozen=True)
class Cell:
    """What a party said of one version: agreements given, then perhaps taken back, in order."""

    lines: tuple[str, ...]
    stands: bool
    is_awaited: bool


@dataclass(frozen=True)
class MatrixRow:
    """A party and what it said of each version shown; the gestures that the reader may make for it."""

    party: ContractParty
    cells: tuple[Cell, ...]
    may_agree: bool
    may_withdraw: bool


@dataclass(frozen=True)
class SignatureLine:
    """A signatory, who signs for it, its signature if it is recorded."""

    party: ContractParty
    signature: Signature | None
    may_record: bool
    may_withdraw: bool


@dataclass(frozen=True)
class ProposalHead:
    """A text that is or was proposed: its version, why it no longer stands, what had changed."""

    proposal: Proposal
    changes: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class WayPage:
    """The whole page for one reader."""

    steps: tuple[StepLine, ...]
    turn: str
    is_my_turn: bool
    forward: Transition | None
    backward: tuple[Transition, ...]
    heads: tuple[ProposalHead, ...]
    matrix: tuple[MatrixRow, ...]
    signatures: tuple[SignatureLine, ...]
    standing: Proposal | None
    taken_back: ProposalHead | None
    """The last text that no longer stands: what its readers have to know before they read the next one."""
    step_number: int
    step_count: int

    @property
    def label(self) -> str:
        """The state of the contract."""
        return next((step.label for step in self.steps if step.status == "current"), "")

    @property
    def has_ended(self) -> bool:
        """No step is left to count: the contract has ended."""
        return len(self.steps) > self.step_count

    @property
    def next_label(self) -> str:
        """The state that follows the current one, empty at the end."""
        return next((step.label for step in self.steps if step.status == "coming"), "")


FORWARD = ("inform-odpe", "record-assembly", "propose")
BACKWARD = ("correct-odpe", "correct-assembly", "send-back", "reopen")


def way_page(contract: Contract, reader: User) -> WayPage:
    """What `reader` sees of the way of `contract`; queries that do not depend on its sheets."""
    standing_way = way_of(contract)
    proposals = list(
        Proposal.objects.of(standing_way)
        .select_related("version", "ended_by", "proposed_by")
        # A matrix names the versions: their whole text stays in the database.
        .defer("version__content_text", "version__html")
        .prefetch_related(
            Prefetch("version__agreements", Agreement.objects.select_related("by", "withdrawn_by"))
        )[:PROPOSALS_SHOWN]
    )
    standing = next((each for each in proposals if each.ended_at is None), None)
    may_edit = can(reader, Ability.CONTRACT_EDIT, contract.territory)
    gestures = {each.code: each for each in standing_way.transitions(Page.WAY)} if may_edit else {}
    heads = tuple(ProposalHead(each, _changes(each)) for each in proposals)
    signed = _signatures(standing)
    matrix = tuple(
        _row(party, proposals, contract, reader, has_signatures=bool(signed))
        for party in agreeing_parties(contract)
    )
    turn, is_mine = _turn(contract, matrix, signed, reader)
    return WayPage(
        steps=_steps(standing_way),
        turn=turn,
        is_my_turn=is_mine,
        forward=next((gestures[code] for code in FORWARD if code in gestures), None),
        backward=tuple(
            gestures[code]
            for code in BACKWARD
            if code in gestures and not (signed and standing_way.state == ContractState.SIGNATURE)
        ),
        heads=heads,
        matrix=matrix,
        signatures=tuple(
            SignatureLine(
                party,
                signed.get(party.pk),
                may_record="sign" in gestures and party.pk not in signed,
                may_withdraw="withdraw-signature" in gestures and party.pk in signed,
            )
            for party in signing_parties(contract)
        ),
        standing=standing,
        taken_back=next((head for head in heads if head.proposal.ended_at is not None), None)
        if standing_way.is_on_its_way
        else None,
        step_number=step_number(standing_way.state) - (1 if standing_way.is_amendment else 0),
        step_count=AMENDMENT_STEP_COUNT if standing_way.is_amendment else STEP_COUNT,
    )


def _signatures(standing: Proposal | None) -> dict[int, Signature]:
    """{primary key of a party: its standing signature of the proposed text}."""
    if standing is None:
        return {}
    found = (
        Signature.objects.standing()
        .filter(version=standing.version)
        .select_related("recorded_by")
        .prefetch_related("proofs__file__file")
    )
    return {each.party_id: each for each in found}


def _changes(proposal: Proposal) -> tuple[dict[str, str], ...]:
    return tuple(json.loads(proposal.changes_text)) if proposal.changes_text else ()


def _row(
    party: ContractParty, proposals: list[Proposal], contract: Contract, reader: User, *, has_signatures: bool
) -> MatrixRow:
    cells = tuple(_cell(party, proposal) for proposal in proposals)
    current = next(
        (cell for cell, proposal in zip(cells, proposals, strict=True) if proposal.ended_at is None), None
    )
    speaks = speaks_for(reader, party.signatory.institution_kind, contract.territory) is not None
    state = way_of(contract).state
    is_open = state == ContractState.AGREEMENT
    is_concluded = state == ContractState.SIGNATURE and not has_signatures
    return MatrixRow(
        party=party,
        cells=cells,
        may_agree=speaks and is_open and current is not None and not current.stands,
        may_withdraw=speaks and (is_open or is_concluded) and current is not None and current.stands,
    )


def _cell(party: ContractParty, proposal: Proposal) -> Cell:
    lines: list[str] = []
    stands = False
    for each in proposal.version.agreements.all():
        if each.party_id != party.pk:
            continue
        lines.append(f"Accord donné {_moment(each.at)} par {each.by} ({each.institution}).")
        stands = each.withdrawn_at is None
        if each.withdrawn_at is not None:
            who = f" par {each.withdrawn_by}" if each.withdrawn_by else ""
            how = each.get_withdrawn_how_display()
            lines.append(f"Repris {_moment(each.withdrawn_at)}{who} – {how} : {each.withdrawn_reason}.")
    return Cell(tuple(lines), stands, is_awaited=proposal.ended_at is None and not stands)


def _moment(at: dt.datetime) -> str:
    return f"le {timezone.localtime(at):%d/%m/%Y à %H:%M}"


def _steps(way: Way) -> tuple[StepLine, ...]:
    states = [state for state in WAY if state in AMENDMENT_STATES or not way.is_amendment]
    if way.state != ContractState.ENDED:
        # As the stepper counts: in force is the end of the way, the contract's own end comes by itself.
        states = [state for state in states if state != ContractState.ENDED]
    rank = states.index(ContractState(way.state))
    lines = []
    for position, state in enumerate(states):
        status = "done" if position < rank else "current" if position == rank else "coming"
        label = {"done": "fait", "current": "en cours", "coming": "à venir"}[status]
        if status == "current" and state == ContractState.ENDED:
            label = "fini"
        lines.append(StepLine(str(state.label), status, label, _detail(way, state)))
    return tuple(lines)


def _detail(way: Way, state: ContractState) -> str:
    """What is recorded of one state: dates and authors."""
    if state == ContractState.ODPE_INFORMED:
        if way.odpe_informed_on:
            return f"Informé le {way.odpe_informed_on:%d/%m/%Y}, enregistré par {way.odpe_by}."
        return f"Non informé : {way.odpe_no_information_reason}" if way.odpe_by else ""
    if state == ContractState.ADOPTED and way.deliberation_on and way.adopted_by:
        return f"N° {way.deliberation_number} du {way.deliberation_on:%d/%m/%Y}."
    if state == ContractState.AGREEMENT and way.agreed_on:
        return f"Toutes les parties d’accord le {way.agreed_on:%d/%m/%Y}."
    if state == ContractState.SIGNATURE and way.signed_on:
        return f"Dernière signature le {way.signed_on:%d/%m/%Y}."
    if state == ContractState.IN_FORCE and way.effect_on:
        return f"Prise d’effet le {way.effect_on:%d/%m/%Y}."
    return f"Dernier jour le {contract_of(way).ends_on:%d/%m/%Y}." if state == ContractState.ENDED else ""


def _turn(
    contract: Contract, matrix: tuple[MatrixRow, ...], signed: dict[int, Signature], reader: User
) -> tuple[str, bool]:
    """Whose turn it is, in a sentence, and whether it is the reader's."""
    is_party = can(reader, Ability.CONTRACT_EDIT, contract.territory)
    way = way_of(contract)
    state = way.state
    if state in (ContractState.DIAGNOSIS, ContractState.NEGOTIATION):
        if way.is_amendment:
            return f"{way.the_text} s’écrit encore : finalisez-le depuis sa page.", is_party
        return "Le contrat s’écrit encore : finalisez le texte depuis la synthèse du contrat.", is_party
    if state == ContractState.DRAFT:
        return "À une des parties d’enregistrer l’information de l’ODPE.", is_party
    if state == ContractState.ODPE_INFORMED:
        return "À une des parties d’enregistrer la délibération de l’assemblée départementale.", is_party
    if state == ContractState.ADOPTED:
        return "À une des parties de proposer le texte à l’accord de toutes.", is_party
    if state == ContractState.AGREEMENT:
        waiting = [row for row in matrix if not any(cell.stands for cell in row.cells[:1])]
        names = joined([str(row.party.signatory) for row in waiting])
        kinds = reader_kinds(reader, contract)
        is_mine = any(row.party.signatory.institution_kind in kinds for row in waiting)
        return f"Accord attendu : {names}.", is_mine
    if state == ContractState.SIGNATURE:
        waiting_parties = [party for party in signing_parties(contract) if party.pk not in signed]
        if waiting_parties:
            names = joined([str(party.signatory) for party in waiting_parties])
            return f"Signature attendue : {names}.", is_party
        what = "l’avenant" if way.is_amendment else "le contrat"
        return f"Toutes ont signé : {what} prend effet le {way.effect_on:%d/%m/%Y}.", False
    if state == ContractState.IN_FORCE:
        return f"Le contrat est en vigueur jusqu’au {contract.ends_on:%d/%m/%Y}.", False
    return ended_sentence(contract), False


def measure_way(contract: Contract, user: User) -> Progress | None:
    """How far the way has got; an alert where an agreement of the reader's institution is awaited."""
    way = way_of(contract)
    if way.is_written:
        return None
    if way.is_signed:
        return Progress(Stage.DONE, "signé", way.get_state_display())
    rank = WAY.index(ContractState(way.state)) - WAY.index(ContractState.DRAFT)
    total = WAY.index(ContractState.IN_FORCE) - WAY.index(ContractState.DRAFT)
    words = f"étape {rank + 1} sur {total} : {way.get_state_display()}"
    stage = Stage.ALERT if _awaits(contract, user) else Stage.STARTED
    return Progress(stage, f"{rank + 1}/{total}", words)


def _awaits(contract: Contract, user: User) -> bool:
    """Whether `user` may give an agreement that is awaited."""
    way = way_of(contract)
    proposal = standing_proposal(way) if way.state == ContractState.AGREEMENT else None
    if proposal is None:
        return False
    agreed = set(
        Agreement.objects.standing().filter(version=proposal.version).values_list("party_id", flat=True)
    )
    return any(
        party.pk not in agreed
        and speaks_for(user, party.signatory.institution_kind, contract.territory) is not None
        for party in agreeing_parties(contract)
    )

"""The way of a contract (rule K3): each state, each gesture, who makes it, what it needs, what undoes it.

Source: circulaire 2020/34, I-B (« en amont de leur examen par les assemblées »), annexe 3.1, annexe 5.1,
visas and articles 5 and 6. One row a gesture; nothing else moves a contract. The central administration is in
no row: it gives no visa (rule P3).
Pure: no Django model is read here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import TextChoices


class ContractState(TextChoices):
    """Where a contract stands, in the order of its way (rule K3)."""

    DIAGNOSIS = "diagnosis", "Diagnostic"
    NEGOTIATION = "negotiation", "Négociation"
    DRAFT = "draft", "Texte final"
    ODPE_INFORMED = "odpe_informed", "ODPE informé"
    ADOPTED = "adopted", "Délibération prise"
    AGREEMENT = "agreement", "Accord des parties"
    SIGNATURE = "signature", "Signature"
    IN_FORCE = "in_force", "En vigueur"
    ENDED = "ended", "Terminé"


WAY = (
    ContractState.DIAGNOSIS,
    ContractState.NEGOTIATION,
    ContractState.DRAFT,
    ContractState.ODPE_INFORMED,
    ContractState.ADOPTED,
    ContractState.AGREEMENT,
    ContractState.SIGNATURE,
    ContractState.IN_FORCE,
    ContractState.ENDED,
)
"""The states that a contract goes through when all goes well, in order."""

STEP_COUNT = len(WAY) - 1
"""How many steps a stepper draws, eight at most: what has ended is at the last one."""


def step_number(state: str) -> int:
    """The rank of `state` on the way, from 1 to `STEP_COUNT`."""
    return min(WAY.index(ContractState(state)) + 1, STEP_COUNT)


def has_reached(state: str, goal: str) -> bool:
    """Whether a contract at `state` is at `goal` on the way, or further."""
    return WAY.index(ContractState(state)) >= WAY.index(ContractState(goal))


EDITABLE_STATES = frozenset({ContractState.DIAGNOSIS, ContractState.NEGOTIATION})
"""From the final text on nothing is written: negotiation is reopened first, which leaves a trace."""

WAY_STATES = frozenset(
    {
        ContractState.DRAFT,
        ContractState.ODPE_INFORMED,
        ContractState.ADOPTED,
        ContractState.AGREEMENT,
        ContractState.SIGNATURE,
    }
)
"""On its way to signature: the text is final and nobody has made it law yet."""

DECIDED_STATES = frozenset({ContractState.ADOPTED, ContractState.AGREEMENT, ContractState.SIGNATURE})
"""The assembly has deliberated, the contract is not signed by all."""

SIGNED_STATES = frozenset({ContractState.IN_FORCE, ContractState.ENDED})
"""Signed by all: what led to the signature is over."""

AMENDMENT_STATES = frozenset({ContractState.NEGOTIATION, *WAY_STATES, ContractState.IN_FORCE})
"""Those of an amendment (rule V1): it starts with the negotiation, and it is over once in force."""

STAGES: tuple[tuple[str, frozenset[ContractState]], ...] = (
    ("Diagnostic", frozenset({ContractState.DIAGNOSIS})),
    ("Négociation", frozenset({ContractState.NEGOTIATION})),
    ("Vers la signature", WAY_STATES),
    ("En vigueur", frozenset({ContractState.IN_FORCE})),
    ("Terminé", frozenset({ContractState.ENDED})),
)
"""The states as the ministry counts them, from the first."""


class Who(StrEnum):
    """Who makes a gesture: people by what the table of abilities gives them, or the program by itself."""

    EDITOR = "contract.edit"
    SIGNATORY = "agreement.give"
    PROGRAM = "program"


class Page(StrEnum):
    """Where a gesture is made, each page with its own action."""

    OVERVIEW = "overview"
    WAY = "way"
    TAKEOVER = "takeover"


class Need(StrEnum):
    """What a gesture needs besides its state and its author."""

    REASON = "reason"
    ODPE = "odpe"
    DELIBERATION = "deliberation"
    DATES_IN_ORDER = "dates-in-order"
    NOTHING_BLOCKING = "nothing-blocking"
    A_CHANGE = "a-change"
    UNCHANGED_TEXT = "unchanged-text"
    CHANGED_TEXT = "changed-text"
    ALL_AGREED = "all-agreed"
    NO_SIGNATURE = "no-signature"
    ALL_SIGNED = "all-signed"
    DAY_OF_EFFECT = "day-of-effect"
    LAST_DAY_PASSED = "last-day-passed"


MISSING: dict[Need, str] = {
    Need.REASON: "Écrivez la raison : les autres parties la liront.",
    Need.ODPE: "La date de l’information de l’ODPE manque, ou la raison de ne pas l’avoir informé.",
    Need.DELIBERATION: "Le numéro ou la date de la délibération de l’assemblée départementale manque.",
    Need.DATES_IN_ORDER: "L’ODPE est informé avant l’assemblée : la date de l’un est après celle de l’autre.",
    Need.NOTHING_BLOCKING: "Des points bloquants de la conformité restent à corriger.",
    Need.A_CHANGE: "L’avenant ne change encore rien au texte en vigueur : modifiez d’abord le contrat.",
    Need.UNCHANGED_TEXT: "Le contrat a changé depuis que le texte a été proposé.",
    Need.CHANGED_TEXT: "Le contrat dit toujours ce que dit le texte proposé.",
    Need.ALL_AGREED: "Toutes les parties n’ont pas encore donné leur accord.",
    Need.NO_SIGNATURE: "Une partie a déjà signé ce texte : il ne change plus.",
    Need.ALL_SIGNED: "Toutes les signatures ne sont pas encore enregistrées.",
    Need.DAY_OF_EFFECT: "Le jour de la prise d’effet n’est pas venu.",
    Need.LAST_DAY_PASSED: "Le dernier jour du contrat n’est pas passé.",
}
"""What is said when a need is not met."""


@dataclass(frozen=True)
class Transition:
    """One gesture: from one state to another (or to the same), with the words of its button.

    `needs` are all to be met. `undone_by` is the gesture by which people take it back themselves, empty for
    what time does and for a gesture that is itself a way back.
    """

    code: str
    source: ContractState
    target: ContractState
    label: str
    who: Who = Who.EDITOR
    needs: tuple[Need, ...] = ()
    undone_by: str = ""
    page: Page = Page.WAY
    institutions: frozenset[str] = field(default=frozenset({"prefecture", "ars", "council"}))
    """The kinds of institution whose people may make it: the parties, never the central administration."""

    @property
    def is_of_amendments(self) -> bool:
        """Whether amendments go this way too: all of it but the diagnosis, the takeover and the end."""
        return self.page != Page.TAKEOVER and {self.source, self.target} <= AMENDMENT_STATES


S = ContractState

TRANSITIONS: tuple[Transition, ...] = (
    # --- Writing
    Transition(
        "open-negotiation",
        S.DIAGNOSIS,
        S.NEGOTIATION,
        "Le diagnostic est fini : négocier",
        undone_by="reopen-diagnosis",
        page=Page.OVERVIEW,
    ),
    Transition(
        "finalise-draft",
        S.NEGOTIATION,
        S.DRAFT,
        "Les montants sont stables : finaliser",
        undone_by="reopen-negotiation",
        page=Page.OVERVIEW,
    ),
    Transition("reopen-negotiation", S.DRAFT, S.NEGOTIATION, "Rouvrir la négociation", page=Page.OVERVIEW),
    Transition("reopen-diagnosis", S.NEGOTIATION, S.DIAGNOSIS, "Revenir au diagnostic", page=Page.OVERVIEW),
    # --- The observatory, then the assembly
    Transition(
        "inform-odpe",
        S.DRAFT,
        S.ODPE_INFORMED,
        "Enregistrer l’information de l’ODPE",
        needs=(Need.ODPE,),
        undone_by="correct-odpe",
    ),
    Transition(
        "correct-odpe",
        S.ODPE_INFORMED,
        S.DRAFT,
        "Corriger l’information de l’ODPE",
        needs=(Need.REASON,),
    ),
    Transition(
        "record-assembly",
        S.ODPE_INFORMED,
        S.ADOPTED,
        "Enregistrer la délibération",
        needs=(Need.ODPE, Need.DELIBERATION, Need.DATES_IN_ORDER),
        undone_by="correct-assembly",
    ),
    Transition(
        "correct-assembly",
        S.ADOPTED,
        S.ODPE_INFORMED,
        "Corriger la délibération",
        needs=(Need.REASON,),
    ),
    # --- One text, and the agreement of each party on it
    Transition(
        "propose",
        S.ADOPTED,
        S.AGREEMENT,
        "Proposer le texte à l’accord des parties",
        needs=(Need.ODPE, Need.DELIBERATION, Need.DATES_IN_ORDER, Need.NOTHING_BLOCKING, Need.A_CHANGE),
        undone_by="send-back",
    ),
    Transition(
        "agree",
        S.AGREEMENT,
        S.AGREEMENT,
        "Donner l’accord de votre institution",
        who=Who.SIGNATORY,
        needs=(Need.UNCHANGED_TEXT,),
        undone_by="withdraw-agreement",
    ),
    Transition(
        "withdraw-agreement",
        S.AGREEMENT,
        S.AGREEMENT,
        "Retirer l’accord de votre institution",
        who=Who.SIGNATORY,
        needs=(Need.REASON,),
    ),
    Transition("send-back", S.AGREEMENT, S.ADOPTED, "Renvoyer le texte", needs=(Need.REASON,)),
    Transition(
        "take-back",
        S.AGREEMENT,
        S.ADOPTED,
        "Le texte a changé : reprendre les accords",
        who=Who.PROGRAM,
        needs=(Need.CHANGED_TEXT,),
    ),
    Transition(
        "conclude",
        S.AGREEMENT,
        S.SIGNATURE,
        "Toutes les parties sont d’accord",
        who=Who.PROGRAM,
        needs=(Need.UNCHANGED_TEXT, Need.ALL_AGREED),
        undone_by="withdraw-agreement",
    ),
    # --- The signatures
    Transition(
        "withdraw-agreement",
        S.SIGNATURE,
        S.AGREEMENT,
        "Retirer l’accord de votre institution",
        who=Who.SIGNATORY,
        needs=(Need.REASON, Need.NO_SIGNATURE),
    ),
    Transition(
        "take-back",
        S.SIGNATURE,
        S.ADOPTED,
        "Le texte a changé : reprendre les accords",
        who=Who.PROGRAM,
        needs=(Need.CHANGED_TEXT, Need.NO_SIGNATURE),
    ),
    Transition(
        "sign",
        S.SIGNATURE,
        S.SIGNATURE,
        "Enregistrer une signature",
        needs=(Need.ALL_AGREED,),
        undone_by="withdraw-signature",
    ),
    Transition(
        "withdraw-signature",
        S.SIGNATURE,
        S.SIGNATURE,
        "Retirer une signature enregistrée par erreur",
        needs=(Need.REASON,),
    ),
    Transition(
        "take-effect",
        S.SIGNATURE,
        S.IN_FORCE,
        "Mettre en vigueur",
        who=Who.PROGRAM,
        needs=(Need.ALL_SIGNED, Need.DAY_OF_EFFECT),
    ),
    Transition(
        "end",
        S.IN_FORCE,
        S.ENDED,
        "Le dernier jour est passé",
        who=Who.PROGRAM,
        needs=(Need.LAST_DAY_PASSED,),
    ),
    # --- Back to writing, from anywhere before a signature
    Transition("reopen", S.ODPE_INFORMED, S.NEGOTIATION, "Rouvrir la négociation", needs=(Need.REASON,)),
    Transition("reopen", S.ADOPTED, S.NEGOTIATION, "Rouvrir la négociation", needs=(Need.REASON,)),
    Transition("reopen", S.AGREEMENT, S.NEGOTIATION, "Rouvrir la négociation", needs=(Need.REASON,)),
    Transition(
        "reopen",
        S.SIGNATURE,
        S.NEGOTIATION,
        "Rouvrir la négociation",
        needs=(Need.REASON, Need.NO_SIGNATURE),
    ),
    # --- A contract that was signed on paper before this site
    Transition(
        "put-in-force",
        S.NEGOTIATION,
        S.IN_FORCE,
        "Mettre en vigueur le contrat repris",
        undone_by="reopen-takeover",
        page=Page.TAKEOVER,
    ),
    Transition("reopen-takeover", S.IN_FORCE, S.NEGOTIATION, "Corriger la reprise", page=Page.TAKEOVER),
    Transition("reopen-takeover", S.ENDED, S.NEGOTIATION, "Corriger la reprise", page=Page.TAKEOVER),
)


def transitions_from(state: str, *, page: Page = Page.OVERVIEW) -> tuple[Transition, ...]:
    """The gestures that a contract in `state` offers on `page`, in the order of the table."""
    return tuple(each for each in TRANSITIONS if each.source == state and each.page == page)


def find_transition(state: str, code: str, *, page: Page = Page.OVERVIEW) -> Transition | None:
    """The transition `code` if the table has it from `state` on `page`, else None."""
    return next((each for each in transitions_from(state, page=page) if each.code == code), None)


def missing_sentences(transition: Transition, met: Collection[Need]) -> tuple[str, ...]:
    """What `transition` still needs, in words, when only the needs `met` are met."""
    return tuple(MISSING[need] for need in transition.needs if need not in met)

"""The way of a contract (rule K3), as far as this version of the program goes: until the draft is stable.

A readable table of transitions; the gestures that follow (agreement, signature, ended) add rows. Today only a
contract that was signed on paper and taken over gets in force.
Pure: no Django model is read here.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices


class ContractState(TextChoices):
    """Where a contract stands; the three phases of annexe 3.1 (rule C4) before signature."""

    DIAGNOSIS = "diagnosis", "Diagnostic"
    NEGOTIATION = "negotiation", "Négociation"
    DRAFT = "draft", "Projet finalisé"
    IN_FORCE = "in_force", "En vigueur"


@dataclass(frozen=True)
class Transition:
    """One gesture: from one state to another, with the words of its button."""

    code: str
    source: ContractState
    target: ContractState
    label: str
    is_of_takeover: bool = False
    """Made on the page of the takeover alone, by its own action."""


TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        "open-negotiation",
        ContractState.DIAGNOSIS,
        ContractState.NEGOTIATION,
        "Le diagnostic est fini : négocier",
    ),
    Transition(
        "finalise-draft",
        ContractState.NEGOTIATION,
        ContractState.DRAFT,
        "Les montants sont stables : finaliser",
    ),
    Transition(
        "reopen-negotiation", ContractState.DRAFT, ContractState.NEGOTIATION, "Rouvrir la négociation"
    ),
    Transition(
        "reopen-diagnosis", ContractState.NEGOTIATION, ContractState.DIAGNOSIS, "Revenir au diagnostic"
    ),
    Transition(
        "put-in-force",
        ContractState.NEGOTIATION,
        ContractState.IN_FORCE,
        "Mettre en vigueur le contrat repris",
        is_of_takeover=True,
    ),
    Transition(
        "reopen-takeover",
        ContractState.IN_FORCE,
        ContractState.NEGOTIATION,
        "Corriger la reprise",
        is_of_takeover=True,
    ),
)

EDITABLE_STATES = frozenset({ContractState.DIAGNOSIS, ContractState.NEGOTIATION})
"""In a finalised draft nothing is written: negotiation is reopened first, which leaves a trace."""


def transitions_from(state: str, *, is_taken_over: bool = False) -> tuple[Transition, ...]:
    """The gestures that a contract in `state` offers, in the order of the table."""
    return tuple(
        transition
        for transition in TRANSITIONS
        if transition.source == state and transition.is_of_takeover == is_taken_over
    )


def find_transition(state: str, code: str, *, is_taken_over: bool = False) -> Transition | None:
    """The transition `code` if the table has it from `state`, else None."""
    offered = transitions_from(state, is_taken_over=is_taken_over)
    return next((transition for transition in offered if transition.code == code), None)

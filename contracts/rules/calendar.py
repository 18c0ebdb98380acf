"""The national deadlines of the preparation are kept (rule C2).

Source: circulaire 2020/34, I-B. A later gesture (a transmission, a signature) proves that a deadline was kept
by registering a proof, see `register_deadline_proof`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from django.db.models import prefetch_related_objects

from contracts.compliance import Finding, Rule, Severity
from contracts.models import Contract
from contracts.overview import PARTIES, SETTLED_READ
from contracts.places import Place
from contracts.rules.facts import ContractFacts, DeadlineFacts

DeadlineProof = Callable[[Sequence[Contract]], Mapping[int, Collection[str]]]
"""Contracts → {primary key of a contract: codes of the deadlines that it kept}."""

_deadline_proofs: list[DeadlineProof] = []


def deadlines_kept(facts: ContractFacts) -> Iterator[Finding]:
    """C2. « Au plus tard le… » orders, but people, not the contract; late is normal and shown: to be
    checked."""
    place = Place("calendar")
    for deadline in facts.passed_deadlines:
        yield Finding(
            f"L’échéance « {deadline.label} » est passée ({deadline.due_on:%d/%m/%Y}) : "
            "vérifiez que c’est fait, ou dites ce qui retarde.",
            place,
            deadline.code,
        )


def register_deadline_proof(proof: DeadlineProof) -> None:
    """Have `proof` say which deadlines were kept: {primary key of a contract: codes}, in a fixed number of
    queries (a transmission, a signature)."""
    if proof not in _deadline_proofs:
        _deadline_proofs.append(proof)


def settled_deadlines(contracts: Sequence[Contract]) -> dict[int, set[str]]:
    """The deadlines that people said were met, on the calendar of each contract."""
    prefetch_related_objects(contracts, SETTLED_READ)
    return {
        contract.pk: {each.deadline.code for each in contract.settled_deadlines.all()}
        for contract in contracts
    }


def passed_deadlines(contracts: Sequence[Contract], today: dt.date) -> dict[int, tuple[DeadlineFacts, ...]]:
    """The deadlines of the preparation that have passed without proof.

    Those of the preparation are undated by an exercise, concern a party of the contract, and fall before the
    last day of the campaign's first year, from which on they are the days to denounce (article 6).
    """
    kept: dict[int, set[str]] = defaultdict(set)
    for proof in _deadline_proofs:
        for pk, codes in proof(contracts).items():
            kept[pk] |= set(codes)
    prefetch_related_objects(contracts, "campaign__deadlines", "territory__deadline_extensions")
    return {contract.pk: tuple(_passed(contract, kept[contract.pk], today)) for contract in contracts}


def _passed(contract: Contract, kept: Collection[str], today: dt.date) -> Iterator[DeadlineFacts]:
    put_off = {each.deadline_id: each.due_on for each in contract.territory.deadline_extensions.all()}
    for each in contract.campaign.deadlines.all():
        is_of_the_preparation = each.exercise is None and each.due_on < dt.date(
            contract.campaign.year, 12, 31
        )
        on = put_off.get(each.pk, each.due_on)
        if (
            is_of_the_preparation
            and PARTIES & set(each.parties)
            and each.code not in kept
            and max(on, each.due_on) < today
        ):
            yield DeadlineFacts(each.code, each.label, on)


RULES = (
    Rule(
        "deadlines-kept",
        "C2",
        "circulaire, I-B",
        Severity.TO_CHECK,
        "Les échéances nationales de la préparation sont tenues",
        "La circulaire fixe au plus tard à ces dates les contacts, la première version, le projet aux "
        "montants stabilisés et la signature. Un retard se dit ; il n’empêche pas de signer.",
        "contract",
        deadlines_kept,
    ),
)

"""What the gestures of the way need (contracts/workflow.py), asked of the stored contract (K3, K4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from agreements.actions.versions import content_hash_of
from agreements.models import Agreement, Proposal, Signature
from cdppe.accounts.abilities import may_be_engaged
from contracts.compliance import report_of
from contracts.models import Contract, ContractParty
from contracts.overview import signs
from contracts.workflow import Need, Transition, missing_sentences


def signing_parties(contract: Contract) -> list[ContractParty]:
    """Who signs `contract`, as its campaign says (K1); one that depends on a threshold only above it."""
    parties = contract.parties.select_related("signatory", "institution").order_by("signatory__position")
    return [party for party in parties if signs(party, contract)]


def agreeing_parties(contract: Contract) -> list[ContractParty]:
    """Who agrees to the text here: the institutions whose signatories may; a controller only signs."""
    return [party for party in signing_parties(contract) if may_be_engaged(party.signatory.institution_kind)]


def standing_proposal(contract: Contract) -> Proposal | None:
    """The text now proposed, agreed to or signed; None before one is."""
    return Proposal.objects.standing().filter(contract=contract).select_related("version").first()


def is_changed(contract: Contract, proposal: Proposal) -> bool:
    """Whether the contract says now something else than the text of `proposal`."""
    return content_hash_of(contract) != proposal.version.content_hash


def _has_odpe(contract: Contract, today: dt.date) -> bool:
    return contract.odpe_informed_on is not None or bool(contract.odpe_no_information_reason)


def _has_deliberation(contract: Contract, today: dt.date) -> bool:
    return bool(contract.deliberation_number) and contract.deliberation_on is not None


def _has_dates_in_order(contract: Contract, today: dt.date) -> bool:
    informed, adopted = contract.odpe_informed_on, contract.deliberation_on
    return informed is None or adopted is None or informed <= adopted


def _has_nothing_blocking(contract: Contract, today: dt.date) -> bool:
    return not report_of(contract, today=today).blocking


def _has_unchanged_text(contract: Contract, today: dt.date) -> bool:
    proposal = standing_proposal(contract)
    return proposal is not None and not is_changed(contract, proposal)


def _has_changed_text(contract: Contract, today: dt.date) -> bool:
    proposal = standing_proposal(contract)
    return proposal is not None and is_changed(contract, proposal)


def _has_all_agreed(contract: Contract, today: dt.date) -> bool:
    proposal = standing_proposal(contract)
    parties = {party.pk for party in agreeing_parties(contract)}
    if proposal is None or not parties:
        return False
    agreed = Agreement.objects.standing().filter(version=proposal.version)
    return parties <= set(agreed.values_list("party_id", flat=True))


def _has_no_signature(contract: Contract, today: dt.date) -> bool:
    return not _signed(contract)


def _has_all_signed(contract: Contract, today: dt.date) -> bool:
    parties = {party.pk for party in signing_parties(contract)}
    return bool(parties) and parties <= _signed(contract)


def _signed(contract: Contract) -> set[int]:
    """The primary keys of the parties whose signature of the proposed text stands."""
    signatures = Signature.objects.standing().filter(
        version__proposal__contract=contract, version__proposal__ended_at__isnull=True
    )
    return set(signatures.values_list("party_id", flat=True))


def _has_day_of_effect(contract: Contract, today: dt.date) -> bool:
    return contract.effect_on is not None and contract.effect_on <= today


def _has_last_day_passed(contract: Contract, today: dt.date) -> bool:
    return contract.ends_on < today


CHECKS: Mapping[Need, Callable[[Contract, dt.date], bool]] = {
    Need.ODPE: _has_odpe,
    Need.DELIBERATION: _has_deliberation,
    Need.DATES_IN_ORDER: _has_dates_in_order,
    Need.NOTHING_BLOCKING: _has_nothing_blocking,
    Need.UNCHANGED_TEXT: _has_unchanged_text,
    Need.CHANGED_TEXT: _has_changed_text,
    Need.ALL_AGREED: _has_all_agreed,
    Need.NO_SIGNATURE: _has_no_signature,
    Need.ALL_SIGNED: _has_all_signed,
    Need.DAY_OF_EFFECT: _has_day_of_effect,
    Need.LAST_DAY_PASSED: _has_last_day_passed,
}
"""{need: whether a contract, given with its campaign and territory, meets it on a day}; a reason is typed."""


def met_needs(contract: Contract, transition: Transition, *, today: dt.date, reason: str) -> frozenset[Need]:
    """Those of the needs of `transition` that are met, in as many questions as it has needs."""
    return frozenset(
        need
        for need in transition.needs
        if (bool(reason.strip()) if need == Need.REASON else CHECKS[need](contract, today))
    )


def missing_of(
    contract: Contract, transition: Transition, *, today: dt.date, reason: str = ""
) -> tuple[str, ...]:
    """What `transition` still needs on `contract`, in sentences."""
    return missing_sentences(transition, met_needs(contract, transition, today=today, reason=reason))

"""What the gestures of the way need (contracts/workflow.py), asked of the stored contract (K3, K4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from agreements.actions.versions import content_hash_of
from agreements.amending import changes_something
from agreements.models import Agreement, Proposal, Signature
from cdppe.accounts.abilities import may_be_engaged
from contracts.compliance import report_of
from contracts.models import Amendment, Contract, ContractParty, Way, contract_of
from contracts.overview import signs
from contracts.workflow import Need, Transition, missing_sentences


def signing_parties(contract: Contract) -> list[ContractParty]:
    """Who signs `contract`, as its campaign says (K1); one that depends on a threshold only above it."""
    parties = contract.parties.select_related("signatory", "institution").order_by("signatory__position")
    return [party for party in parties if signs(party, contract)]


def agreeing_parties(contract: Contract) -> list[ContractParty]:
    """Who agrees to the text here: the institutions whose signatories may; a controller only signs."""
    return [party for party in signing_parties(contract) if may_be_engaged(party.signatory.institution_kind)]


def standing_proposal(way: Way) -> Proposal | None:
    """The text of a contract, or of an amendment, now proposed, agreed to or signed; None before one is."""
    return Proposal.objects.standing().of(way).select_related("version", "consolidated").first()


def is_changed(way: Way, proposal: Proposal) -> bool:
    """Whether the contract, or the amendment, says now something else than the text of `proposal`."""
    return content_hash_of(contract_of(way)) != proposal.version.content_hash


def _has_odpe(way: Way, today: dt.date) -> bool:
    return way.odpe_informed_on is not None or bool(way.odpe_no_information_reason)


def _has_deliberation(way: Way, today: dt.date) -> bool:
    return bool(way.deliberation_number) and way.deliberation_on is not None


def _has_dates_in_order(way: Way, today: dt.date) -> bool:
    informed, adopted = way.odpe_informed_on, way.deliberation_on
    return informed is None or adopted is None or informed <= adopted


def _has_nothing_blocking(way: Way, today: dt.date) -> bool:
    return not report_of(contract_of(way), today=today).blocking


def _has_a_change(way: Way, today: dt.date) -> bool:
    return not isinstance(way, Amendment) or changes_something(way)


def _has_unchanged_text(way: Way, today: dt.date) -> bool:
    proposal = standing_proposal(way)
    return proposal is not None and not is_changed(way, proposal)


def _has_changed_text(way: Way, today: dt.date) -> bool:
    proposal = standing_proposal(way)
    return proposal is not None and is_changed(way, proposal)


def _has_all_agreed(way: Way, today: dt.date) -> bool:
    proposal = standing_proposal(way)
    parties = {party.pk for party in agreeing_parties(contract_of(way))}
    if proposal is None or not parties:
        return False
    agreed = Agreement.objects.standing().filter(version=proposal.version)
    return parties <= set(agreed.values_list("party_id", flat=True))


def _has_no_signature(way: Way, today: dt.date) -> bool:
    return not _signed(way)


def _has_all_signed(way: Way, today: dt.date) -> bool:
    parties = {party.pk for party in signing_parties(contract_of(way))}
    return bool(parties) and parties <= _signed(way)


def _signed(way: Way) -> set[int]:
    """The primary keys of the parties whose signature of the proposed text stands."""
    signatures = Signature.objects.standing().filter(
        version__proposal__in=Proposal.objects.standing().of(way).order_by()
    )
    return set(signatures.values_list("party_id", flat=True))


def _has_day_of_effect(way: Way, today: dt.date) -> bool:
    return way.effect_on is not None and way.effect_on <= today


def _has_last_day_passed(way: Way, today: dt.date) -> bool:
    return contract_of(way).ends_on < today


CHECKS: Mapping[Need, Callable[[Way, dt.date], bool]] = {
    Need.ODPE: _has_odpe,
    Need.DELIBERATION: _has_deliberation,
    Need.DATES_IN_ORDER: _has_dates_in_order,
    Need.NOTHING_BLOCKING: _has_nothing_blocking,
    Need.A_CHANGE: _has_a_change,
    Need.UNCHANGED_TEXT: _has_unchanged_text,
    Need.CHANGED_TEXT: _has_changed_text,
    Need.ALL_AGREED: _has_all_agreed,
    Need.NO_SIGNATURE: _has_no_signature,
    Need.ALL_SIGNED: _has_all_signed,
    Need.DAY_OF_EFFECT: _has_day_of_effect,
    Need.LAST_DAY_PASSED: _has_last_day_passed,
}
"""{need: whether a contract or an amendment meets it on a day}; a reason is typed."""


def met_needs(way: Way, transition: Transition, *, today: dt.date, reason: str) -> frozenset[Need]:
    """Those of the needs of `transition` that are met, in as many questions as it has needs."""
    return frozenset(
        need
        for need in transition.needs
        if (bool(reason.strip()) if need == Need.REASON else CHECKS[need](way, today))
    )


def missing_of(way: Way, transition: Transition, *, today: dt.date, reason: str = "") -> tuple[str, ...]:
    """What `transition` still needs on a contract or an amendment, in sentences."""
    return missing_sentences(transition, met_needs(way, transition, today=today, reason=reason))

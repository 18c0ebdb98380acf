"""The text that becomes the law of a contract, written when it takes effect and never again (rule V2)."""

from __future__ import annotations

from agreements.actions.versions import content_hash_of, freeze_version
from agreements.models import ContractVersion, TextInForce, VersionPurpose
from agreements.needs import standing_proposal
from agreements.publishing import TYPED_TEXT, typed_version
from contracts.models import Contract, Way, amendment_of, contract_of


def keep_text_in_force(way: Way) -> TextInForce:
    """What the parties signed of `way` is the law from its day of effect: its dates are written already."""
    contract = contract_of(way)
    proposal = standing_proposal(way)
    if proposal is None or way.signed_on is None or way.effect_on is None:
        raise TypeError(f"{way} is not signed")
    return TextInForce.objects.create(
        contract=contract,
        amendment=amendment_of(way),
        version=proposal.version,
        reading=proposal.consolidated or proposal.version,
        signed_on=way.signed_on,
        effect_on=way.effect_on,
        ends_on=contract.ends_on,
    )


def text_in_force_of(stored: Contract) -> TextInForce:
    """The law of a contract that is in force; what was typed of one taken over becomes its first text.

    To be called under the lock. Raises `MissingPiece` when the campaign has no model contract.
    """
    found: TextInForce | None = TextInForce.objects.filter(contract=stored).first()
    if found is not None:
        return found
    if standing_proposal(stored) is not None:
        return keep_text_in_force(stored)
    version = typed_text_of(stored)
    if stored.signed_on is None or stored.effect_on is None:
        raise TypeError(f"{stored} is not signed")
    return TextInForce.objects.create(
        contract=stored,
        version=version,
        reading=version,
        signed_on=stored.signed_on,
        effect_on=stored.effect_on,
        ends_on=stored.ends_on,
    )


def typed_text_of(stored: Contract) -> ContractVersion:
    """What was typed of a contract taken over, as a version: the last one while it says the same.

    It is the law only once an amendment rests on it: until then the takeover may be reopened and corrected.
    To be called under the lock. Raises `MissingPiece` when the campaign has no model contract.
    """
    last = typed_version(stored)
    if last is not None and last.content_hash == content_hash_of(stored):
        return last
    return freeze_version(stored, purpose=VersionPurpose.CONSOLIDATED, label=TYPED_TEXT, by=None)

"""Freezing a contract: a version is taken when something is sent or agreed (rules K4, K5)."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agreements.content import canonical, digest, version_hash
from agreements.models import ContractVersion, VersionPurpose
from agreements.reading import read_entries, signed
from cdppe.accounts.models import User
from contracts.document import contract_document, lay_out
from contracts.models import Contract


def content_hash_of(contract: Contract) -> str:
    """The hash of what is signed of `contract` as it is now: that of a version while nothing of it changed.

    Raises `MissingPiece` when the campaign has no model contract.
    """
    return digest(canonical(signed(read_entries(contract, contract_document(contract)))))


@transaction.atomic
def freeze_version(
    contract: Contract, *, purpose: VersionPurpose, label: str, by: User | None
) -> ContractVersion:
    """The contract as it is stored now, as a version that never changes; its PDF is asked for apart.

    To be called within the gesture's own transaction, on the contract that `locked_contract` gave: nobody
    writes meanwhile. Only what is taken for the parties' agreement goes without the mention « Projet ».
    Raises `MissingPiece` when the campaign has no model contract.
    """
    taken_at = timezone.now()
    is_draft = purpose != VersionPurpose.AGREEMENT
    document = contract_document(contract, is_draft=is_draft)
    layout = lay_out(contract, dated=taken_at, is_draft=is_draft)
    entries = read_entries(contract, document)
    text = canonical(entries)
    last = ContractVersion.objects.filter(contract=contract).aggregate(last=Max("number"))["last"]
    version = ContractVersion(
        uid=uuid.uuid4(),
        contract=contract,
        number=(last or 0) + 1,
        purpose=purpose,
        label=label,
        taken_at=taken_at,
        taken_by=by,
        contract_state=contract.state,
        model_version=document.model_version,
        title=layout.title,
        is_draft=is_draft,
        content_text=text,
        html=layout.html,
        content_hash=digest(canonical(signed(entries))),
        html_hash=digest(layout.html),
    )
    version.hash = version_hash(
        uid=str(version.uid),
        reference=contract.reference,
        number=version.number,
        text_hash=digest(text),
        html_hash=version.html_hash,
    )
    version.save()
    return version

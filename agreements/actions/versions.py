"""Freezing a contract: a version is taken when something is sent or agreed (rules K4, K5)."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agreements.amending import amendment_entries, consolidation_notice, lay_out_amendment
from agreements.content import Entry, canonical, digest, version_hash
from agreements.models import ContractVersion, VersionPurpose
from agreements.reading import read_entries, signed
from cdppe.accounts.models import User
from contracts.document import ContractDocument, Layout, contract_document, lay_out
from contracts.models import Amendment, Contract

CONSOLIDATED = "Contrat consolidé : avec l’avenant n° {number}"


def entries_of(contract: Contract, document: ContractDocument | None = None) -> list[Entry]:
    """Every entry of `contract` as it is stored now, and those of its open amendment (rules K4, V1).

    Raises `MissingPiece` when the campaign has no model contract.
    """
    amendment = contract.open_amendment
    read = read_entries(contract, document or contract_document(contract))
    return [*read, *(amendment_entries(amendment) if amendment is not None else ())]


def content_hash_of(contract: Contract) -> str:
    """The hash of what is signed of `contract` as it is now: that of a version while nothing of it changed.

    Raises `MissingPiece` when the campaign has no model contract.
    """
    return digest(canonical(signed(entries_of(contract))))


@transaction.atomic
def freeze_version(
    contract: Contract, *, purpose: VersionPurpose, label: str, by: User | None, notice: str = ""
) -> ContractVersion:
    """The contract as it is stored now, as a version that never changes; its PDF is asked for apart.

    To be called within the gesture's own transaction, on the contract that `locked_contract` gave: nobody
    writes meanwhile. Only what is sent to DGCS goes with the mention « Projet ». Raises `MissingPiece` when
    the campaign has no model contract.
    """
    taken_at = timezone.now()
    is_draft = purpose == VersionPurpose.TRANSMISSION
    layout = lay_out(contract, dated=taken_at, is_draft=is_draft, notice=notice)
    return _freeze(contract, layout, taken_at=taken_at, purpose=purpose, label=label, by=by)


@transaction.atomic
def freeze_amendment(amendment: Amendment, *, by: User) -> tuple[ContractVersion, ContractVersion]:
    """(the text of `amendment`, which is signed; the whole contract as it makes it): both say the same data.

    Called as `freeze_version` is. Raises `MissingPiece` when the campaign has no model contract.
    """
    contract, taken_at = amendment.contract, timezone.now()
    signed_text = _freeze(
        contract,
        lay_out_amendment(amendment, dated=taken_at),
        taken_at=taken_at,
        purpose=VersionPurpose.AGREEMENT,
        label=f"{amendment} : texte proposé à l’accord des parties",
        by=by,
    )
    consolidated = freeze_version(
        contract,
        purpose=VersionPurpose.CONSOLIDATED,
        label=CONSOLIDATED.format(number=amendment.number),
        by=by,
        notice=consolidation_notice(amendment),
    )
    return signed_text, consolidated


def _freeze(
    contract: Contract,
    layout: Layout,
    *,
    taken_at: dt.datetime,
    purpose: VersionPurpose,
    label: str,
    by: User | None,
) -> ContractVersion:
    document = contract_document(contract, is_draft=layout.is_draft)
    entries = entries_of(contract, document)
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
        is_draft=layout.is_draft,
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

"""A signed file and the signatures that it proves: handed in while signatures are expected, then linked (K4).

Source: circulaire 2020/34, annexe 5.1 (the signature blocks of the model contract); what we chose where the
text is silent: docs/decisions/signed-copies.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agreements.actions.signatures import record_signature
from agreements.actions.signed_files import PLACE, receive_signed_file
from agreements.actions.steps import NOT_THEIRS
from agreements.actions.way import on_the_proposed_text
from agreements.documents import pdf_of
from agreements.models import (
    ContractVersion,
    Signature,
    SignatureProof,
    SignedFile,
    SignedFileKind,
    SigningWay,
)
from agreements.signature_files import (
    ALREADY_PROVES,
    missing_to_deposit,
    refusal_to_record,
    signatures_of,
)
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.lib.errors import NotAllowed, RuleViolation, WrongState
from cdppe.lib.french_words import joined
from contracts.actions.journal import locked_contract, record
from contracts.models import Contract, ContractParty

WAY_OF = {SignedFileKind.SCAN: SigningWay.PAPER, SignedFileKind.PADES: SigningWay.ELECTRONIC}


@dataclass(frozen=True)
class Proved:
    """One signature that a person found in a file: whose, of which day, in which field of a PDF."""

    party: ContractParty
    signed_on: dt.date
    field: str = ""


def deposit_signed_file(
    version: ContractVersion, *, kind: SignedFileKind, name: str, content: bytes, by: User
) -> SignedFile:
    """Keep a signed copy of the text that the parties sign, and have it examined in the background.

    Raises NotAllowed, WrongState when `version` is not the text to sign or its PDF was never made,
    `UploadRefused` with the reason, `FileAlreadyReceived`.
    """

    def require(stored: ContractVersion) -> None:
        missing = missing_to_deposit(stored)
        if missing:
            raise WrongState(missing)

    if not can(by, Ability.CONTRACT_EDIT, version.contract.territory):
        raise NotAllowed(NOT_THEIRS)
    require(version)
    original = pdf_of(version)
    if original is None:
        raise WrongState("Le PDF de cette version n’a pas encore été produit.")
    return receive_signed_file(
        version, original=original, kind=kind, name=name, content=content, by=by, require=require
    )


def record_proofs(signed_file: SignedFile, proved: Sequence[Proved], *, by: User) -> list[Signature]:
    """Record the signatures that people found in `signed_file`, all or none; the recorded signatures.

    A signature that is recorded already gets the file as its proof, and keeps its date. Raises NotAllowed,
    WrongState while the file proves nothing (not examined, invalid, incomplete) or the text is not the one to
    sign (TextChanged: the agreements are taken back), RuleViolation for what does not agree with the file.
    """
    return _record(signed_file.version.contract, signed_file, proved, by=by)


@on_the_proposed_text
def _record(
    contract: Contract, signed_file: SignedFile, proved: Sequence[Proved], *, by: User
) -> list[Signature]:
    if not can(by, Ability.CONTRACT_EDIT, contract.territory):
        raise NotAllowed(NOT_THEIRS)
    locked = locked_contract(contract, editable=False)
    current = (
        SignedFile.objects.select_for_update(of=("self",))
        .select_related("file", "version__contract__territory")
        .get(pk=signed_file.pk)
    )
    refusal = refusal_to_record(current)
    if refusal:
        raise WrongState(refusal)
    _require_coherent(current, proved)
    signatures = [_signature(current, each, by=by) for each in proved]
    SignatureProof.objects.bulk_create(
        SignatureProof(signature=signature, file=current, field=each.field, recorded_by=by)
        for signature, each in zip(signatures, proved, strict=True)
    )
    names = joined([str(each.party.signatory) for each in proved])
    told = f"Fichier « {current.file.name} » joint à la signature de : {names}."
    record(locked, "signed_file.linked", told, by=by, place=PLACE)
    return signatures


def _require_coherent(signed_file: SignedFile, proved: Sequence[Proved]) -> None:
    """Each party once, each signature of the PDF once, none that is invalid or proves something already."""
    if not proved:
        raise RuleViolation("Indiquez au moins une signature que ce fichier prouve.")
    if len({each.party.pk for each in proved}) != len(proved):
        raise RuleViolation(
            "Une partie est indiquée deux fois : chaque signature est celle d’une seule partie."
        )
    standing = SignatureProof.objects.standing().filter(file=signed_file)
    if standing.filter(signature__party__in=[each.party for each in proved]).exists():
        raise WrongState(ALREADY_PROVES)
    if signed_file.kind == SignedFileKind.SCAN:
        return
    usable = {each.verdict.field for each in signatures_of(signed_file) if each.is_usable}
    fields = [each.field for each in proved]
    if not usable.issuperset(fields) or len(set(fields)) != len(fields):
        raise RuleViolation(
            "Une des signatures choisies n’est pas dans ce fichier, n’y est pas valide, ou l’est deux fois."
        )
    if standing.filter(field__in=fields).exists():
        raise WrongState(ALREADY_PROVES)


def _signature(signed_file: SignedFile, proved: Proved, *, by: User) -> Signature:
    """The standing signature of the party, recorded now unless it was."""
    how = WAY_OF[SignedFileKind(signed_file.kind)]
    standing: Signature | None = (
        Signature.objects.standing().filter(version=signed_file.version_id, party=proved.party).first()
    )
    if standing is None:
        return record_signature(signed_file.version, proved.party, signed_on=proved.signed_on, by=by, how=how)
    if standing.how != how:
        raise RuleViolation(
            f"La signature de {proved.party.signatory} est enregistrée comme "
            f"« {standing.get_how_display()} » : ce fichier n’en est pas la preuve."
        )
    return standing

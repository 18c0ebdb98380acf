from agreements.models.proofs import SignatureProof
from agreements.models.public_copies import PublicCopy
from agreements.models.signed_files import ScreeningState, SignedFile, SignedFileKind, VerificationState
from agreements.models.transmissions import (
    RemarkKind,
    SentAmount,
    SentFinding,
    Transmission,
    TransmissionReceipt,
    TransmissionRemark,
)
from agreements.models.versions import ContractVersion, VersionPurpose
from agreements.models.way import Agreement, Ending, Proposal, Signature, SigningWay

__all__ = [
    "Agreement",
    "ContractVersion",
    "Ending",
    "Proposal",
    "PublicCopy",
    "RemarkKind",
    "ScreeningState",
    "SentAmount",
    "SentFinding",
    "Signature",
    "SignatureProof",
    "SignedFile",
    "SignedFileKind",
    "SigningWay",
    "Transmission",
    "TransmissionReceipt",
    "TransmissionRemark",
    "VerificationState",
    "VersionPurpose",
]

from agreements.models.denunciations import Denunciation, DenunciationLetter
from agreements.models.proofs import SignatureProof
from agreements.models.public_copies import PublicCopy
from agreements.models.signed_files import ScreeningState, SignedFile, SignedFileKind, VerificationState
from agreements.models.texts import TextInForce
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
    "Denunciation",
    "DenunciationLetter",
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
    "TextInForce",
    "Transmission",
    "TransmissionReceipt",
    "TransmissionRemark",
    "VerificationState",
    "VersionPurpose",
]

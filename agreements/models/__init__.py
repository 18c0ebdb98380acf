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

__all__ = [
    "ContractVersion",
    "RemarkKind",
    "ScreeningState",
    "SentAmount",
    "SentFinding",
    "SignedFile",
    "SignedFileKind",
    "Transmission",
    "TransmissionReceipt",
    "TransmissionRemark",
    "VerificationState",
    "VersionPurpose",
]

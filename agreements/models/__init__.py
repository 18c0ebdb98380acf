from agreements.models.signed_files import ScreeningState, SignedFile, SignedFileKind, VerificationState
from agreements.models.versions import ContractVersion, VersionPurpose
from agreements.models.way import Agreement, Ending, Proposal, Signature, SigningWay

__all__ = [
    "Agreement",
    "ContractVersion",
    "Ending",
    "Proposal",
    "ScreeningState",
    "Signature",
    "SignedFile",
    "SignedFileKind",
    "SigningWay",
    "VerificationState",
    "VersionPurpose",
]

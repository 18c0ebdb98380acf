from agreements.models.signed_files import ScreeningState, SignedFile, SignedFileKind, VerificationState
from agreements.models.versions import ContractVersion, VersionPurpose

__all__ = [
    "ContractVersion",
    "ScreeningState",
    "SignedFile",
    "SignedFileKind",
    "VerificationState",
    "VersionPurpose",
]

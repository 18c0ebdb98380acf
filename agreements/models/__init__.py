from agreements.models.versions import ContractVersion, VersionPurpose
from agreements.models.way import Agreement, Ending, Proposal, Signature, SigningWay

__all__ = [
    "Agreement",
    "ContractVersion",
    "Ending",
    "Proposal",
    "Signature",
    "SigningWay",
    "VersionPurpose",
]

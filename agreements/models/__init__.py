from agreements.models.versions import ContractVersion, VersionPurpose

__all__ = ["ContractVersion", "VersionPurpose"]

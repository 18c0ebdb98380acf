from cdppe.accounts.models.digests import DigestFrequency, DigestSettings, SentDigest, SentLine
from cdppe.accounts.models.institutions import Institution, InstitutionKind, InstitutionScope
from cdppe.accounts.models.people import Invitation, Membership, Role, User
from cdppe.accounts.models.territories import Department, Region, Territory, TerritoryKind

__all__ = [
    "Department",
    "DigestFrequency",
    "DigestSettings",
    "Institution",
    "InstitutionKind",
    "InstitutionScope",
    "Invitation",
    "Membership",
    "Region",
    "Role",
    "SentDigest",
    "SentLine",
    "Territory",
    "TerritoryKind",
    "User",
]

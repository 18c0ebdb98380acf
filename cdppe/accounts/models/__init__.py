from cdppe.accounts.models.institutions import Institution, InstitutionKind, InstitutionScope
from cdppe.accounts.models.people import Invitation, Membership, Role, User
from cdppe.accounts.models.territories import Department, Region, Territory, TerritoryKind

__all__ = [
    "Department",
    "Institution",
    "InstitutionKind",
    "InstitutionScope",
    "Invitation",
    "Membership",
    "Region",
    "Role",
    "Territory",
    "TerritoryKind",
    "User",
]

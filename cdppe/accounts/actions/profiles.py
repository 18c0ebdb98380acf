"""What a person says of themself."""

from __future__ import annotations

from cdppe.accounts.models import User


def change_profile(user: User, *, first_name: str, last_name: str, phone: str) -> None:
    """Write the person's name and phone; the e-mail, by which they sign in, is not changed here."""
    user.first_name = first_name
    user.last_name = last_name
    user.phone = phone
    user.save(update_fields=["first_name", "last_name", "phone"])

"""Text encrypted at rest (bank accounts): Fernet, with the keys of the BANK_DATA_KEY setting.

The first key encrypts; the others still decrypt, so that a key can be changed without losing anything.
"""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.BANK_DATA_KEYS])


def encrypt(text: str) -> str:
    """`text` encrypted, as ASCII text; the empty text stays empty."""
    return _cipher().encrypt(text.encode()).decode("ascii") if text else ""


def decrypt(token: str) -> str:
    """The text that `encrypt` was given; raises `cryptography.fernet.InvalidToken` for a foreign token."""
    return _cipher().decrypt(token.encode("ascii")).decode() if token else ""


class EncryptedTextField(models.TextField):
    """A text column that the database holds encrypted; it cannot be searched."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return value if value is None else decrypt(value)

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return prepared if prepared is None else encrypt(prepared)

"""Text encrypted at rest, and the change of its key."""

import base64
from typing import Any

import pytest
from cryptography.fernet import InvalidToken

from cdppe.lib.encryption import decrypt, encrypt

OLD, NEW = (base64.urlsafe_b64encode(bytes([number]) * 32).decode() for number in (1, 2))


def test_the_same_text_is_never_encrypted_twice_the_same() -> None:
    first, second = encrypt("FR14"), encrypt("FR14")
    assert first != second
    assert "FR14" not in first
    assert decrypt(first) == decrypt(second) == "FR14"


def test_nothing_stays_nothing() -> None:
    assert encrypt("") == decrypt("") == ""


def test_a_new_key_encrypts_and_the_old_one_still_decrypts(settings: Any) -> None:
    settings.BANK_DATA_KEYS = [OLD]
    token = encrypt("compte")
    settings.BANK_DATA_KEYS = [NEW, OLD]
    assert decrypt(token) == "compte"
    renewed = encrypt("compte")
    settings.BANK_DATA_KEYS = [NEW]
    assert decrypt(renewed) == "compte"
    with pytest.raises(InvalidToken):
        decrypt(token)

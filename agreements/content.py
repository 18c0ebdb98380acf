"""What a contract says, entry by entry, in one order: the content of a version, and its hash (rule K4).

Pure. The hash is over a canonical text, so that the same content gives the same hash on any machine: JSON in
UTF-8, keys in order, no space, no number but whole ones.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

FINGERPRINT_DIGITS = 16


@dataclass(frozen=True, order=True)
class Entry:
    """One field of the contract: where it is (`contracts.places`), its words, what stands in it."""

    part: str
    item: int
    field: str
    object_label: str
    field_label: str
    value: str

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes it the same field in two versions."""
        return (self.part, self.item, self.field)


def canonical(entries: Iterable[Entry]) -> str:
    """The one text of `entries`, whatever their order: what is stored and hashed."""
    return _json([asdict(entry) for entry in sorted(entries)])


def read_content(rows: Iterable[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """The entries that `canonical` wrote."""
    return tuple(Entry(**row) for row in rows)


def digest(text: str) -> str:
    """The SHA-256 of `text`, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def version_hash(*, uid: str, reference: str, number: int, text_hash: str, html_hash: str) -> str:
    """The hash of a version: what it says, how it is laid out, which one of which contract it is."""
    return digest(_json([uid, reference, number, text_hash, html_hash]))


def fingerprint_of(full: str) -> str:
    """The first digits of a hash in groups of four, for people.

    >>> fingerprint_of("3fa409bc11d277e0aa")
    '3fa4 09bc 11d2 77e0'
    """
    shown = full[:FINGERPRINT_DIGITS]
    return " ".join(shown[start : start + 4] for start in range(0, len(shown), 4))


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return unicodedata.normalize("NFC", text)

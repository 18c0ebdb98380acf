"""Signed files of the tests, with what they hang on."""

from __future__ import annotations

from typing import Any

from agreements.models import ContractVersion, ScreeningState, SignedFile, SignedFileKind, VersionPurpose
from cdppe.accounts.models import User
from cdppe.documents.actions.files import store_file
from cdppe.documents.models import StoredFile
from cdppe.documents.registry import RenderedDocument
from contracts.models import Contract

BYTES = b"%PDF-1.7 essai"


def make_version(contract: Contract, **fields: Any) -> ContractVersion:
    """A version of `contract`, without its text."""
    return ContractVersion.objects.create(
        **{
            "contract": contract,
            "number": 1,
            "purpose": VersionPurpose.AGREEMENT,
            "label": "Texte proposé",
            "contract_state": contract.state,
            "model_version": "1",
            "title": "Contrat",
            "is_draft": False,
            "content_text": "[]",
            "html": "",
            "content_hash": "0" * 64,
            "html_hash": "0" * 64,
            "hash": "1a2b3c4d5e6f7a8b" * 4,
        }
        | fields
    )


def keep(content: bytes = BYTES, name: str = "contrat.pdf") -> StoredFile:
    """`content`, stored."""
    return store_file(RenderedDocument(name, "application/pdf", content))


def make_signed_file(contract: Contract, by: User, **fields: Any) -> SignedFile:
    """A clean scan of a version of `contract`, handed in by `by`."""
    stored = fields.pop("file", None) or keep()
    version = fields.pop("version", None) or make_version(contract)
    return SignedFile.objects.create(
        **{
            "version": version,
            "original": stored,
            "kind": SignedFileKind.SCAN,
            "file": stored,
            "sha256": stored.sha256,
            "page_count": 1,
            "uploaded_by": by,
            "screening": ScreeningState.CLEAN,
        }
        | fields
    )

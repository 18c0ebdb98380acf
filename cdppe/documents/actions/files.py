"""Storing the bytes of a document once, and giving them back only if they are still the same."""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from pathlib import Path

from django.core.files.storage import default_storage
from django.utils import timezone

from cdppe.documents.models import StoredFile
from cdppe.documents.registry import RenderedDocument
from cdppe.lib.errors import RuleViolation


class DamagedFile(RuleViolation):
    """The stored bytes are missing or no longer those whose fingerprint was kept."""


def store_file(document: RenderedDocument) -> StoredFile:
    """Write the bytes of `document` and their record: name, media type, size, SHA-256.

    The bytes go to a temporary name in the same folder, reach the disk, and are then linked to their final
    name, which fails rather than overwrite: a reader sees a whole file or none. The final name is a new
    identifier, so that no file name typed or computed elsewhere ever becomes a path.
    """
    identifier = uuid.uuid4()
    suffix = Path(document.name).suffix
    name = f"documents/{timezone.localdate():%Y/%m}/{identifier}{suffix}"
    _write_once(Path(default_storage.path(name)), document.content)
    return StoredFile.objects.create(
        id=identifier,
        name=document.name,
        media_type=document.media_type,
        content=name,
        sha256=hashlib.sha256(document.content).hexdigest(),
        size=len(document.content),
    )


def discard_file(stored: StoredFile) -> None:
    """Remove the bytes of a file whose record was never committed."""
    default_storage.delete(str(stored.content.name))


def read_file(stored: StoredFile) -> bytes:
    """The bytes of `stored`, checked against its SHA-256; raises `DamagedFile` when they differ."""
    try:
        with stored.content.open("rb") as source:
            content: bytes = source.read()
    except FileNotFoundError as error:
        raise DamagedFile(
            "Le fichier conservé est introuvable : demandez de nouveau le document, et signalez l’incident."
        ) from error
    if hashlib.sha256(content).hexdigest() != stored.sha256:
        raise DamagedFile(
            "Le fichier conservé ne correspond plus à son empreinte SHA-256 : il n’est pas envoyé. "
            "Demandez de nouveau le document, et signalez l’incident."
        )
    return content


def _write_once(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        os.link(temporary, path)
    finally:
        Path(temporary).unlink()

"""Bytes are stored once, whole, and given back only if they are still the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cdppe.documents.actions.files import DamagedFile, _write_once, read_file, store_file
from cdppe.documents.registry import RenderedDocument

HOSTILE_NAMES = ["../../etc/passwd", "/etc/cron.d/x", "é à « ».pdf"]


def document(name: str = "contrat.pdf", content: bytes = b"content") -> RenderedDocument:
    return RenderedDocument(name, "application/pdf", content)


@pytest.mark.django_db
def test_the_same_bytes_stored_twice_are_two_files_and_no_part_stays_behind() -> None:
    first, second = store_file(document()), store_file(document())
    assert first.content.name != second.content.name
    assert first.sha256 == second.sha256 == hashlib.sha256(b"content").hexdigest()
    folder = Path(first.content.path).parent
    assert not [path for path in folder.iterdir() if path.suffix == ".part"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_never_becomes_a_path(name: str) -> None:
    stored = store_file(document(name))
    path = Path(stored.content.path)
    assert path.stem == str(stored.pk)
    assert "documents" in path.parts


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "file.pdf"
    target.write_bytes(b"first")
    with pytest.raises(FileExistsError):
        _write_once(target, b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["file.pdf"]
    assert target.read_bytes() == b"first"


def test_only_the_application_reads_a_stored_file(tmp_path: Path) -> None:
    target = tmp_path / "file.pdf"
    _write_once(target, b"content")
    assert target.stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_changed_bytes_are_refused() -> None:
    stored = store_file(document())
    Path(stored.content.path).write_bytes(b"Content")
    with pytest.raises(DamagedFile, match="empreinte"):
        read_file(stored)


@pytest.mark.django_db
def test_a_missing_file_is_said_to_be_missing() -> None:
    stored = store_file(document())
    Path(stored.content.path).unlink()
    with pytest.raises(DamagedFile, match="introuvable"):
        read_file(stored)

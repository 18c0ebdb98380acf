"""`manage.py render_contract REF --output FILE`: the same document without a browser."""

from __future__ import annotations

import io
from pathlib import Path

import pypdf
import pytest
from django.core.management import CommandError, call_command

from contracts.models import ContractModel
from tests.cast import Cast


def test_the_command_writes_the_pdf_and_says_what_is_missing(
    cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "contrat.pdf"
    call_command("render_contract", "38-2030", "--output", str(output))
    metadata = pypdf.PdfReader(io.BytesIO(output.read_bytes())).metadata
    assert metadata is not None
    assert "CONTRAT" in (metadata.title or "").upper()
    assert [path.name for path in tmp_path.iterdir()] == ["contrat.pdf"]
    printed = capsys.readouterr().out
    assert f"{output.stat().st_size} octets" in printed
    assert "À compléter dans le texte : Nom du préfet." in printed


def test_an_existing_file_is_replaced_whole(cast: Cast, tmp_path: Path) -> None:
    output = tmp_path / "contrat.pdf"
    output.write_bytes(b"old")
    call_command("render_contract", "38-2030", "--output", str(output))
    assert output.read_bytes().startswith(b"%PDF-1.7")


@pytest.mark.parametrize("reference", ["99-2030", "38", "", "38-2030; rm -rf /", "../38-2030"])
def test_an_unknown_reference_is_refused_with_how_to_write_it(
    cast: Cast, tmp_path: Path, reference: str
) -> None:
    output = tmp_path / "contrat.pdf"
    with pytest.raises(CommandError, match="Elle s’écrit : code du territoire"):
        call_command("render_contract", reference, "--output", str(output))
    assert not output.exists()


def test_a_folder_that_does_not_exist_is_said(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="ne peut pas être écrit"):
        call_command("render_contract", "38-2030", "--output", str(tmp_path / "absent" / "contrat.pdf"))


def test_an_output_that_is_a_folder_is_said_and_nothing_is_left_beside_it(cast: Cast, tmp_path: Path) -> None:
    folder = tmp_path / "contrat.pdf"
    folder.mkdir()
    with pytest.raises(CommandError, match="ne peut pas être écrit"):
        call_command("render_contract", "38-2030", "--output", str(folder))
    assert [path.name for path in tmp_path.iterdir()] == ["contrat.pdf"]


def test_without_a_model_the_refusal_is_the_rules_own(cast: Cast, tmp_path: Path) -> None:
    ContractModel.objects.all().delete()
    with pytest.raises(CommandError, match="n’a pas de contrat-type"):
        call_command("render_contract", "38-2030", "--output", str(tmp_path / "contrat.pdf"))
    assert list(tmp_path.iterdir()) == []

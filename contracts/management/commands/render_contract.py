"""`manage.py render_contract REF --output FILE`: the PDF of a contract, without a browser."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdppe.lib.errors import RuleViolation
from contracts.document import contract_document, render_contract
from contracts.models import Contract


class Command(BaseCommand):
    """Write the document of one contract.

    REF is a territory's code and a campaign's code: 38-2022. Exit codes: 0 written; 1 unknown contract, no
    model contract, or a file that cannot be written (one sentence on the error output, and no file).
    """

    help = "Écrit le PDF d’un contrat : render_contract REF --output contrat.pdf"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", metavar="REF", help="code du territoire, tiret, code de la campagne")
        parser.add_argument("--output", required=True, type=Path, metavar="FILE", help="fichier à écrire")

    def handle(self, *args: Any, reference: str, output: Path, **options: Any) -> None:
        contract = Contract.objects.with_context().filter(reference=reference).first()
        if contract is None:
            raise CommandError(
                f"Aucun contrat ne porte la référence « {reference} ». "
                "Elle s’écrit : code du territoire, tiret, code de la campagne."
            )
        try:
            missing = contract_document(contract).missing
            rendered = render_contract(contract, dated=timezone.now(), progress=self._tell(options))
        except RuleViolation as refusal:
            raise CommandError(str(refusal)) from refusal
        try:
            _write_whole(output, rendered.content)
        except OSError as error:
            raise CommandError(
                f"Le fichier « {output} » ne peut pas être écrit : {error.strerror}."
            ) from error
        self.stdout.write(f"{output} : {len(rendered.content)} octets.")
        if missing:
            self.stdout.write(
                "À compléter dans le texte : " + " ; ".join(blank.label for blank in missing) + "."
            )

    def _tell(self, options: dict[str, Any]) -> Any:
        if options["verbosity"] < 2:
            return None
        return lambda percent, step: self.stderr.write(f"{percent:3d} % {step}")


def _write_whole(output: Path, content: bytes) -> None:
    """Write the file whole or not at all: a temporary name in the same folder, then renamed."""
    with tempfile.NamedTemporaryFile(dir=output.parent, prefix=".", delete=False) as temporary:
        path = Path(temporary.name)
        try:
            temporary.write(content)
            temporary.flush()
            path.chmod(0o644)
            path.replace(output)
        except OSError:
            path.unlink()
            raise

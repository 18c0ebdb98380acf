"""`manage.py replay_allocation ID`: do a run again from its stored inputs and compare (rule F8)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cdppe.lib.money import format_euros
from funding.allocation import AllocationRefused
from funding.models import AllocationRun
from funding.replay import replay


class Command(BaseCommand):
    """Recompute one run and compare every figure of it.

    Exit codes: 0 the same figures come out; 1 they do not, or the run does not exist (a sentence on the error
    output says which figures differ). Writes nothing in the database.
    """

    help = "Recalcule une répartition à partir de ses entrées enregistrées, et compare."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=int, metavar="ID", help="numéro de la répartition")

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["id"]
        run = AllocationRun.objects.select_related("envelope").filter(pk=number).first()
        if run is None:
            raise CommandError(f"Aucune répartition ne porte le numéro {number}.")
        try:
            differences = replay(run)
        except AllocationRefused as refusal:
            raise CommandError(
                f"La répartition {number} ({run.envelope.label} {run.year}) ne se recalcule plus : {refusal}"
            ) from refusal
        if differences:
            lines = "\n".join(f"  - {each}" for each in differences)
            raise CommandError(
                f"La répartition {number} ({run.envelope.label} {run.year}) ne redonne pas les mêmes "
                f"chiffres ({len(differences)}) :\n{lines}"
            )
        self.stdout.write(
            f"La répartition {number} ({run.envelope.label} {run.year}) redonne exactement les mêmes "
            f"chiffres : {run.lines.count()} territoires, {format_euros(run.distributed)}{_reserve(run)}."
        )


def _reserve(run: AllocationRun) -> str:
    """What the modulations kept from the territories (rule F9)."""
    return f" et {format_euros(run.reserve)} en réserve" if run.reserve else ""

"""`manage.py loadcriteria [FOLDER]`: store the figures of the allocation criteria, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdppe.lib.errors import RuleViolation
from funding.actions.criteria import load_criteria
from funding.criteria_files import CriteriaFileErrors, read_criteria


class Command(BaseCommand):
    """Loads a folder of `editions.toml` and CSV files; loading it again changes nothing.

    Exit code 1, with every reason on stderr and nothing stored, when a file is wrong or an edition that is
    already stored has changed.
    """

    help = "Charge les chiffres des critères de répartition (dossier contenant editions.toml)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", nargs="?", type=Path, default=Path(settings.BASE_DIR) / "fixtures" / "criteria"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = load_criteria(read_criteria(options["folder"]))
        except (CriteriaFileErrors, RuleViolation) as refusal:
            raise CommandError(f"Rien n’a été chargé.\n{refusal}") from refusal
        for code in report.created:
            self.stdout.write(f"{code} : chargée")
        for code in report.unchanged:
            self.stdout.write(f"{code} : inchangée")

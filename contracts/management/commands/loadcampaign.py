"""`manage.py loadcampaign FILE…`: load campaign files (docs/campaign-format.md), whole or not at all."""

from __future__ import annotations

import argparse
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from cdppe.lib.errors import RuleViolation
from contracts.actions.campaigns import load_campaign
from contracts.campaign_file import CampaignFileErrors, read_campaign
from contracts.campaign_spec import CampaignSpec


class Command(BaseCommand):
    """Reads every file before it writes anything; a wrong one refuses them all, with every error of each."""

    help = "Charge des fichiers de campagne (format : docs/campaign-format.md)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FICHIER")

    def handle(self, *, files: list[Path], verbosity: int, **options: object) -> None:
        specs = _read_all(files)
        try:
            with transaction.atomic():
                reports = [load_campaign(spec) for spec in specs]
        except RuleViolation as refusal:
            raise CommandError(str(refusal)) from refusal
        if verbosity:
            for report in reports:
                self.stdout.write(f"Campagne {report.campaign.code} : {report.outcome.value}.")
                for change in report.changes:
                    self.stdout.write(f"  - {change}")


def _read_all(files: list[Path]) -> list[CampaignSpec]:
    specs: list[CampaignSpec] = []
    errors: list[str] = []
    for path in files:
        try:
            specs.append(read_campaign(path))
        except CampaignFileErrors as problems:
            errors.append(str(problems))
        except OSError as error:
            errors.append(f"{path} : fichier illisible ({error.strerror}).")
    if errors:
        raise CommandError("Rien n’a été chargé. À corriger :\n" + "\n".join(errors))
    return specs

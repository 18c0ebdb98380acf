"""Send the digest of the day; a cron line does what the clock of Celery does."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdppe.accounts.actions.digests import send_digests


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"« {text} » n’est pas une date de la forme AAAA-MM-JJ.") from error


class Command(BaseCommand):
    """`manage.py send_reminders [--date AAAA-MM-JJ]`: writes to nobody twice, however often it is run."""

    help = "Envoie les rappels du jour, un courriel au plus par personne et par jour."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--date", type=_date, default=None, help="le jour (aujourd’hui sans cette option)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = send_digests(on=options["date"] or timezone.localdate())
        self.stdout.write(f"{report.sent} récapitulatif(s) envoyé(s).")
        if report.refused:
            raise CommandError(
                f"Le serveur de courriel a refusé {report.refused} récapitulatif(s) : relancez la commande."
            )

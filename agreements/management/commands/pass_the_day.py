"""Put signed contracts in force on their day and end those whose last day has passed: once a day (C1, K3)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from agreements.actions.signatures import pass_the_day


class Command(BaseCommand):
    """Put signed contracts in force on their day, end those whose last day has passed (rules C1, K3)."""

    help = "Passe les contrats signés en vigueur le jour venu, et à « Terminé » après leur dernier jour."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = pass_the_day()
        self.stdout.write(
            f"Mis en vigueur : {counts['in-force']}. Terminés : {counts['ended']}. "
            f"Accords repris : {counts['taken-back']}."
        )

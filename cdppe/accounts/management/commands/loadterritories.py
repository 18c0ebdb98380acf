"""`manage.py loadterritories`: the departments, territories and institutions of fixtures/, idempotent."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand

from cdppe.accounts.actions.territories import load_territories


class Command(BaseCommand):
    """Reads fixtures/departments.csv and fixtures/territories.csv."""

    help = "Charge les départements, les territoires et leurs institutions."

    def handle(self, *, verbosity: int, **options: object) -> None:
        folder = settings.BASE_DIR / "fixtures"
        report = load_territories(folder / "departments.csv", folder / "territories.csv")
        if verbosity:
            self.stdout.write(
                f"{report.departments} départements, {report.territories} territoires, "
                f"{report.regions} régions, {report.institutions} institutions."
            )

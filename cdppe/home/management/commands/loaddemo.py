"""`manage.py loaddemo`: reference data, both campaigns, and the demonstration contracts; idempotent."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from cdppe.home.demonstration import load_demonstration


class Command(BaseCommand):
    """What `make demo` runs. Its accounts share a public password: production refuses it."""

    help = "Charge les données de référence et les contrats de démonstration."

    def handle(self, *, verbosity: int, **options: object) -> None:
        if settings.IN_PRODUCTION:
            raise CommandError(
                "Les comptes de démonstration ont un mot de passe public : la production les refuse. "
                "Pour les données de référence : loadterritories, loadcampaign et loadcriteria."
            )
        fixtures = settings.BASE_DIR / "fixtures"
        call_command("loadterritories", verbosity=verbosity, stdout=self.stdout)
        call_command(
            "loadcampaign",
            *(str(path) for path in sorted((fixtures / "campaigns").glob("*.toml"))),
            verbosity=verbosity,
            stdout=self.stdout,
        )
        call_command("loadcriteria", verbosity=verbosity, stdout=self.stdout)
        report = load_demonstration(fixtures / "demo")
        if verbosity:
            for line in report:
                self.stdout.write(line)

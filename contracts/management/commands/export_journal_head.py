"""Write the head of the journal outside the database; a line of cron does what the clock of Celery does."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contracts.actions.journal_checks import keep_head


class Command(BaseCommand):
    """`manage.py export_journal_head`: verifies, then adds a line; 1 when broken or when it cannot write."""

    help = "Vérifie le journal et écrit sa tête hors de la base (JOURNAL_HEAD_DIR, JOURNAL_HEAD_EMAIL)."

    def handle(self, *args: Any, **options: Any) -> None:
        written = keep_head()
        head = written.check.head
        if written.path is not None:
            self.stdout.write(f"Tête n° {head.sequence} ({head.hash}) écrite dans {written.path}.")
        if written.problem:
            raise CommandError(written.problem)
        if not written.verdict.is_whole:
            sentences = "\n".join(written.check.findings)
            raise CommandError(f"Le journal n’est pas entier :\n{sentences}")

"""What Celery calls: a thin door to the journal's checks."""

from __future__ import annotations

from celery import shared_task

from contracts.actions.journal_checks import keep_head


@shared_task(name="contracts.tasks.export_journal_head")  # type: ignore[untyped-decorator]  # Celery has no types
def export_journal_head() -> bool:
    """Called by the clock once a day: whether the journal is whole and its head written outside."""
    written = keep_head()
    return written.verdict.is_whole and not written.problem

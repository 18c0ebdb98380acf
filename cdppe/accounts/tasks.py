"""What Celery calls: a thin door to the digest."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from cdppe.accounts.actions.digests import send_digests


@shared_task(name="cdppe.accounts.tasks.send_reminders")
def send_reminders() -> int:
    """Called by the clock once a day: how many people were written to."""
    return send_digests(on=timezone.localdate()).sent

"""What Celery calls: a thin door to what time alone does to contracts."""

from __future__ import annotations

from celery import shared_task

from agreements.actions.signatures import pass_the_day as pass_the_day_now


@shared_task(name="agreements.tasks.pass_the_day")  # type: ignore[untyped-decorator]  # Celery has no types
def pass_the_day() -> dict[str, int]:
    """Called by the clock each night: how many contracts took effect, ended, or lost their agreements."""
    return pass_the_day_now()

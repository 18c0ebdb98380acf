"""The Celery application: its settings are the `CELERY_*` ones of `cdppe.settings`.

Worker: `celery --app cdppe worker`. Clock: `celery --app cdppe beat`.
"""

import os
from typing import Any

from celery import Celery, Task

from cdppe.lib.origin import BACKGROUND_TASK, coming_from

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdppe.settings")


class BackgroundTask(Task):  # type: ignore[misc]  # Celery has no types
    """A task of the site: the journal says of what it does that it comes from a background task."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with coming_from(BACKGROUND_TASK):
            return super().__call__(*args, **kwargs)


app = Celery("cdppe", task_cls=BackgroundTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

"""The Celery application: its settings are the `CELERY_*` ones of `cdppe.settings`.

Worker: `celery --app cdppe worker`. Clock: `celery --app cdppe beat`.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdppe.settings")

app = Celery("cdppe")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

"""The site: settings, routes, pages that cross the apps, people (`accounts`) and documents.

Celery's application is imported here so that `@shared_task` finds it in every process.
"""

from cdppe.celery import app as celery_app

__all__ = ["celery_app"]

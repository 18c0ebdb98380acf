"""A table of action sheets that somebody sent, between its preview and the gesture that stores it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone

from contracts.models import Contract

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class SheetsImportQuerySet(models.QuerySet["SheetsImport"]):
    """Imports are their authors' alone, and only for a day."""

    def visible_to(self, user: User) -> SheetsImportQuerySet:
        """The imports that `user` began, as long as they have not expired."""
        return self.filter(created_by=user, expires_at__gt=timezone.now())


class SheetsImport(models.Model):
    """The cells of the file as they were read; `stored_at` makes the same gesture twice store once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="sheets_imports")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sheets_imports"
    )
    created_at = models.DateTimeField("commencé le", default=timezone.now)
    expires_at = models.DateTimeField("expire le")
    file_name = models.CharField("fichier", max_length=200)
    table = models.JSONField("cellules lues")
    stored_at = models.DateTimeField("enregistré le", null=True, blank=True)

    objects = SheetsImportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "import de fiches"

    def __str__(self) -> str:
        return f"{self.file_name}, envoyé le {self.created_at:%d/%m/%Y}"

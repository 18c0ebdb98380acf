"""Who has a page of a contract open right now."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from contracts.models.contracts import Contract


class Presence(models.Model):
    """One open page: whose, where in the contract (`contracts.places`), and when it last said so.

    A row counts for `contracts.presence.LIFETIME` after `seen_at`: a browser that dies says nothing.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="presences")
    place = models.CharField("où", max_length=120)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    tab = models.UUIDField("page ouverte")
    seen_at = models.DateTimeField("vue le", db_index=True)

    class Meta:
        verbose_name = "présence"
        constraints = [
            models.UniqueConstraint(fields=["contract", "user", "tab"], name="presence_once_per_tab")
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.place}"

"""Who changed what in a contract, when, field by field."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from contracts.models.contracts import Contract


class FieldChange(models.Model):
    """One field of a contract before and after somebody wrote it.

    `place` is the text of a `contracts.places.Place`. `before` and `after` are what a person reads in the
    field, None where there was no such field (an object that was made, or taken away). What one person
    writes in one field within a few minutes is one change: `until` is the last of its saves.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="changes")
    place = models.CharField("endroit", max_length=120)
    object_label = models.CharField("objet", max_length=300)
    field_label = models.CharField("champ", max_length=200)
    before = models.JSONField("avant", null=True)
    after = models.JSONField("après", null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    institution = models.CharField("au titre de", max_length=200, blank=True)
    at = models.DateTimeField("le", default=timezone.now)
    until = models.DateTimeField("jusqu’au", default=timezone.now)

    class Meta:
        ordering = ["-until", "-pk"]
        verbose_name = "changement"
        indexes = [
            models.Index(fields=["contract", "-until"], name="change_of_contract"),
            models.Index(fields=["contract", "place", "-until"], name="change_of_place"),
        ]
        constraints = [
            models.CheckConstraint(name="change_in_order", condition=Q(until__gte=models.F("at"))),
        ]

    def __str__(self) -> str:
        return f"{self.object_label} – {self.field_label}"

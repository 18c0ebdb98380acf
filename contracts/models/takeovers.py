"""A contract that was signed on paper before this site existed, taken over as it is."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cdppe.documents.models import StoredFile
from contracts.models.contracts import Contract


class Takeover(models.Model):
    """That a contract is taken over: who began, what was signed and when, who put it in force.

    While it is not completed the contract is written like any other; once it is, the contract is in force
    with its signed file, whatever its parts lack.
    """

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, related_name="takeover")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField("commencée le", default=timezone.now)
    signed_on = models.DateField("date de signature", null=True, blank=True)
    signed_file = models.ForeignKey(
        StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    completed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    completed_at = models.DateTimeField("terminée le", null=True, blank=True)

    class Meta:
        verbose_name = "reprise"
        constraints = [
            models.CheckConstraint(
                name="takeover_completed_with_its_signed_file",
                condition=Q(completed_at__isnull=True)
                | Q(signed_on__isnull=False, signed_file__isnull=False),
                violation_error_message="Une reprise se termine avec la date et le fichier signé.",
            ),
        ]

    def __str__(self) -> str:
        return f"Reprise de {self.contract}"

    @property
    def is_completed(self) -> bool:
        return self.completed_at is not None

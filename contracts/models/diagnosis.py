"""The shared diagnosis of a contract (annexes 3.1 to 3.3 and 6; rules C3, C4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone

from contracts.models.contracts import Contract

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class DiagnosisQuerySet(models.QuerySet["Diagnosis"]):
    """Which diagnoses exist for a person."""

    def visible_to(self, user: User) -> DiagnosisQuerySet:
        """The diagnoses of the contracts that `user` sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))


class Diagnosis(models.Model):
    """What the three parties found together before they negotiate; made with its first text.

    Its sections are data of the campaign (`campaign.spec["diagnosis"]`). `version` counts the saves of all
    its texts together.
    """

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, related_name="diagnosis")
    version = models.PositiveIntegerField("version", default=1)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField("modifié le", default=timezone.now)

    objects = DiagnosisQuerySet.as_manager()

    class Meta:
        verbose_name = "diagnostic"

    def __str__(self) -> str:
        return f"Diagnostic – {self.contract}"


class DiagnosisText(models.Model):
    """One section of a diagnosis, by the code that the campaign gives it; no row for an empty section."""

    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="texts")
    code = models.SlugField("rubrique", max_length=40)
    text = models.TextField("texte")

    class Meta:
        ordering = ["pk"]
        verbose_name = "texte du diagnostic"
        constraints = [
            models.UniqueConstraint(fields=["diagnosis", "code"], name="diagnosis_section_once"),
            models.CheckConstraint(name="diagnosis_text_not_empty", condition=~models.Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.diagnosis} – {self.code}"

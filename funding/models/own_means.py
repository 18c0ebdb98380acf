"""The department's own means for its two services (article 2.2.2; rule M3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cdppe.lib.money import DECIMAL_PLACES, MAX_DIGITS
from contracts.models import Contract

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class Service(models.TextChoices):
    """The two services of the department that the contract speaks of."""

    ASE = "ase", "Aide sociale à l’enfance (ASE)"
    PMI = "pmi", "Protection maternelle et infantile (PMI)"


class OwnMeansQuerySet(models.QuerySet["OwnMeans"]):
    """Which means exist for a person."""

    def visible_to(self, user: User) -> OwnMeansQuerySet:
        """Those of the contracts that `user` sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))


class OwnMeans(models.Model):
    """What the department spends for a service in a year, in euros; no row means "not stated"."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="own_means")
    service = models.CharField("service", max_length=10, choices=Service.choices)
    year = models.PositiveSmallIntegerField("année")
    amount = models.DecimalField("montant", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField("modifié le", default=timezone.now)

    objects = OwnMeansQuerySet.as_manager()

    class Meta:
        ordering = ["service", "year"]
        verbose_name = "moyens propres"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "service", "year"], name="own_means_once_per_service_and_year"
            ),
            models.CheckConstraint(name="own_means_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.get_service_display()}, {self.year}"

"""Values of the indicators of a contract (rule I2): reference year, targets, levels reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from contracts.models import Contract
from indicators.models.indicators import Indicator

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class ValueKind(models.TextChoices):
    """What a cell holds: reference value, target, level reached (rule I2); figure of a half-year (I5)."""

    REFERENCE = "reference", "Valeur de référence"
    TARGET = "target", "Cible"
    LEVEL = "level", "Niveau atteint"
    FIRST_HALF = "half-1", "Premier semestre"
    SECOND_HALF = "half-2", "Second semestre"


class IndicatorValueQuerySet(models.QuerySet["IndicatorValue"]):
    """Which cells of the tableau de bord exist for a person."""

    def visible_to(self, user: User) -> IndicatorValueQuerySet:
        """The values of the contracts that `user` sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))


class IndicatorValue(models.Model):
    """One cell of the tableau de bord: a figure, or "non disponible" with its reason.

    No row means that nobody has filled the cell yet; neither that nor "non disponible" is zero.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="indicator_values")
    indicator = models.ForeignKey(Indicator, on_delete=models.PROTECT, related_name="values")
    kind = models.CharField("nature", max_length=10, choices=ValueKind.choices)
    year = models.PositiveSmallIntegerField("année")
    value = models.DecimalField("valeur", max_digits=14, decimal_places=2, null=True, blank=True)
    unavailable_reason = models.CharField("raison de l’indisponibilité", max_length=300, blank=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField("modifiée le", default=timezone.now)

    objects = IndicatorValueQuerySet.as_manager()

    class Meta:
        verbose_name = "valeur d’indicateur"
        verbose_name_plural = "valeurs d’indicateur"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "indicator", "kind", "year"], name="indicator_value_once_per_cell"
            ),
            models.CheckConstraint(
                name="indicator_value_figure_or_reason",
                condition=(Q(value__isnull=False, unavailable_reason="") & Q(value__gte=0))
                | (Q(value__isnull=True) & ~Q(unavailable_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} – {self.get_kind_display()} {self.year}"

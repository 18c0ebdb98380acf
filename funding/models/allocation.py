"""Runs of the allocation and the amounts notified to the territories (rules F5-F8, M1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cdppe.accounts.models import Territory
from cdppe.lib.money import DECIMAL_PLACES, MAX_DIGITS
from funding.models.criteria import FigureStatus
from funding.models.envelopes import Envelope

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class AllocationRun(models.Model):
    """One computation for one envelope and year, with every input it used, so that it can be redone."""

    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="runs")
    year = models.PositiveSmallIntegerField("année")
    amount = models.DecimalField("montant réparti", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    inputs = models.JSONField("entrées : poids, bornes, unité, éditions, valeurs")
    factor = models.TextField("facteur commun, en fraction")
    scenario = models.ForeignKey(
        "funding.Scenario",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="runs",
        verbose_name="scénario",
    )
    weakest_status = models.CharField("statut le moins sûr", max_length=10, choices=FigureStatus.choices)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="allocation_runs",
    )
    created_at = models.DateTimeField("calculée le", default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "répartition"

    def __str__(self) -> str:
        return f"{self.envelope.label} {self.year}, calculée le {self.created_at:%d/%m/%Y}"


class AllocationLine(models.Model):
    """What one territory receives in a run, and why."""

    run = models.ForeignKey(AllocationRun, on_delete=models.CASCADE, related_name="lines")
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="allocation_lines")
    key = models.TextField("clé, en fraction")
    contributions = models.JSONField("valeur, part, poids et apport de chaque critère")
    proportional = models.TextField("montant proportionnel, en fraction")
    bound = models.CharField(
        "borne", max_length=10, blank=True, choices=[("floor", "Plancher"), ("ceiling", "Plafond")]
    )
    exact = models.TextField("montant exact, en fraction")
    amount = models.DecimalField("montant", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)

    class Meta:
        ordering = ["territory__code"]
        verbose_name = "ligne de répartition"
        constraints = [
            models.UniqueConstraint(fields=["run", "territory"], name="allocation_line_once_per_territory")
        ]

    def __str__(self) -> str:
        return f"{self.territory} : {self.amount}"


class NotifiedAmountQuerySet(models.QuerySet["NotifiedAmount"]):
    """Which notified amounts exist for a person."""

    def visible_to(self, user: User) -> NotifiedAmountQuerySet:
        """The amounts of the territories that `user` follows."""
        return self.filter(territory__in=Territory.objects.visible_to(user))


class NotifiedAmount(models.Model):
    """What a territory has of an envelope for a year, from a run or from a document (rules F8, M1)."""

    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="notified_amounts")
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="notified_amounts")
    year = models.PositiveSmallIntegerField("année")
    amount = models.DecimalField("montant", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    run = models.ForeignKey(
        AllocationRun, on_delete=models.PROTECT, null=True, blank=True, related_name="notified_amounts"
    )
    source = models.CharField("origine", max_length=300, blank=True)
    publication = models.ForeignKey(
        "funding.Publication",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="notified_amounts",
        verbose_name="publication",
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField("notifié le", default=timezone.now)

    objects = NotifiedAmountQuerySet.as_manager()

    class Meta:
        ordering = ["year", "envelope__position"]
        verbose_name = "montant notifié"
        constraints = [
            models.UniqueConstraint(
                fields=["envelope", "territory", "year"], name="notified_once_per_envelope_territory_year"
            ),
            models.CheckConstraint(name="notified_amount_not_negative", condition=Q(amount__gte=0)),
            models.CheckConstraint(
                name="notified_amount_says_where_from", condition=Q(run__isnull=False) | ~Q(source="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.territory} – {self.envelope.code} {self.year} : {self.amount}"

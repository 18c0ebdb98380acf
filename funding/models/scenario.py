"""Scenarios: named ways to share the envelopes of a campaign and year, before anything is published (F8)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from cdppe.accounts.models import Territory
from contracts.models import Campaign

LONGEST_NAME = 120


class Scenario(models.Model):
    """What DGCS tries: territories, and per envelope the amount, bounds, unit, weights and editions.

    `terms` is {envelope code: {"amount", "floor", "ceiling", "unit": decimal text or "" when not stated,
    "criteria": {series code: {"weight": per cent as decimal text, "edition": code or "" for the latest}}}}.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="scenarios")
    year = models.PositiveSmallIntegerField("année")
    name = models.CharField("nom", max_length=LONGEST_NAME)
    territories = models.ManyToManyField(Territory, related_name="+", verbose_name="territoires", blank=True)
    terms = models.JSONField("montants, bornes, poids et éditions", default=dict)
    version = models.PositiveIntegerField("version", default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField("créé le", default=timezone.now)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField("modifié le", default=timezone.now)

    class Meta:
        ordering = ["-updated_at", "-pk"]
        verbose_name = "scénario"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "year", "name"],
                name="scenario_name_once",
                violation_error_message="Un scénario de cette année porte déjà ce nom.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.year})"

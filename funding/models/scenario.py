"""Scenarios: named ways to share the envelopes of a campaign and year, before a publication (F8, F9)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cdppe.accounts.models import Territory
from cdppe.lib.money import DECIMAL_PLACES, MAX_DIGITS
from contracts.models import Campaign
from funding.models.envelopes import Envelope

LONGEST_NAME = 120
LONGEST_REASON = 1000
COEFFICIENT_PLACES = 6


class Scenario(models.Model):
    """What DGCS tries: territories, and per envelope the amount, bounds, unit, weights and editions.

    `terms` is {envelope code: {"amount", "floor", "ceiling", "unit": decimal text or "" when not stated,
    "criteria": {series code: {"weight": per cent as decimal text, "edition": code or "" for the latest}},
    "freed": "reserve" or "shared", what becomes of what the modulations free}}.
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


class ScenarioModulation(models.Model):
    """One territory whose amount of one envelope a scenario lowers, and why (rule F9).

    By a coefficient (a fraction from 0 to 1) or down to an amount in euros, never both. The reason is what
    the territory reads.
    """

    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, related_name="modulations")
    envelope = models.ForeignKey(Envelope, on_delete=models.CASCADE, related_name="+")
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+")
    coefficient = models.DecimalField(
        "coefficient",
        max_digits=COEFFICIENT_PLACES + 1,
        decimal_places=COEFFICIENT_PLACES,
        null=True,
        blank=True,
    )
    amount = models.DecimalField(
        "montant", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True, blank=True
    )
    reason = models.TextField("motif", max_length=LONGEST_REASON)

    class Meta:
        ordering = ["territory__code"]
        verbose_name = "modulation"
        constraints = [
            models.UniqueConstraint(
                fields=["scenario", "envelope", "territory"],
                name="modulated_once_per_scenario",
                violation_error_message="Ce territoire est déjà modulé dans cette enveloppe.",
            ),
            models.CheckConstraint(
                name="modulation_is_a_coefficient_or_an_amount",
                condition=Q(coefficient__isnull=True) ^ Q(amount__isnull=True),
                violation_error_message="Une modulation est un coefficient ou un montant.",
            ),
            models.CheckConstraint(
                name="modulation_coefficient_only_lowers",
                condition=Q(coefficient__isnull=True) | Q(coefficient__gte=0) & Q(coefficient__lte=1),
                violation_error_message="Un coefficient va de 0 à 1.",
            ),
            models.CheckConstraint(
                name="modulation_amount_not_negative",
                condition=Q(amount__isnull=True) | Q(amount__gte=0),
                violation_error_message="Un montant n’est pas négatif.",
            ),
            models.CheckConstraint(
                name="modulation_says_why",
                condition=~Q(reason=""),
                violation_error_message="Une modulation dit pourquoi.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.territory} : modulation dans {self.scenario}"

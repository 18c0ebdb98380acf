"""Envelopes of a campaign: sources of State money with their sharing criteria (annexe 4; F1-F4, O3)."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from cdppe.lib.money import DECIMAL_PLACES, MAX_DIGITS
from contracts.models import Campaign, ContractObjective, Objective


class Payer(models.TextChoices):
    """Who orders the payment of an envelope (rule M5)."""

    PREFECTURE = "prefecture", "Préfet"
    ARS = "ars", "Agence régionale de santé"


class Paid(models.TextChoices):
    """To whom an envelope is paid (rule M5)."""

    COUNCIL = "council", "Département"
    ESMS = "esms", "Établissements et services médico-sociaux"


class EnvelopeQuerySet(models.QuerySet["Envelope"]):
    """The envelopes by what they may finance (rules O3, O4)."""

    def that_may_finance(self, contract_objective: ContractObjective) -> EnvelopeQuerySet:
        """The envelopes open to an objective (rule O3); a territory's own has one of its own (rule O4)."""
        if contract_objective.objective_id is not None:
            return self.filter(objectives=contract_objective.objective_id)
        own = OwnObjectiveEnvelope.objects.filter(campaign__contracts=contract_objective.contract_id)
        return self.filter(pk__in=own.values("envelope"))


class Envelope(models.Model):
    """One source of State money of a campaign: its amount, bounds, and the objectives it may finance."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="envelopes")
    code = models.CharField("code", max_length=20)
    label = models.CharField("libellé", max_length=160)
    legal_label = models.CharField("libellé dans le contrat", max_length=300)
    plan_label = models.CharField("libellé dans le plan d’action", max_length=40)
    amount = models.DecimalField(
        "montant national", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True, blank=True
    )
    rounding_unit = models.DecimalField(
        "unité d’arrondi", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=Decimal(1)
    )
    floor = models.DecimalField(
        "dotation minimale", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True, blank=True
    )
    ceiling = models.DecimalField(
        "dotation maximale", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True, blank=True
    )
    payer = models.CharField("ordonnateur", max_length=20, choices=Payer.choices)
    paid_to = models.CharField("versée à", max_length=20, choices=Paid.choices)
    budget_line = models.TextField("imputation budgétaire", blank=True)
    position = models.PositiveSmallIntegerField("rang")
    objectives = models.ManyToManyField(
        Objective, related_name="envelopes", verbose_name="objectifs finançables", blank=True
    )

    objects = EnvelopeQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        verbose_name = "enveloppe"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "code"], name="envelope_code_once"),
            models.CheckConstraint(
                name="envelope_floor_not_over_ceiling",
                condition=Q(floor__isnull=True) | Q(ceiling__isnull=True) | Q(ceiling__gte=models.F("floor")),
            ),
            models.CheckConstraint(name="envelope_unit_positive", condition=Q(rounding_unit__gt=0)),
        ]

    def __str__(self) -> str:
        return self.label


class EnvelopeCriterion(models.Model):
    """One weighted criterion of an envelope; its figures are those of the series of that code."""

    envelope = models.ForeignKey(Envelope, on_delete=models.CASCADE, related_name="criteria")
    series_code = models.SlugField("série", max_length=60)
    label = models.CharField("critère", max_length=300)
    weight = models.DecimalField("poids en %", max_digits=7, decimal_places=4)
    source = models.CharField("source", max_length=200, blank=True)
    position = models.PositiveSmallIntegerField("rang")

    class Meta:
        ordering = ["position"]
        verbose_name = "critère"
        constraints = [
            models.UniqueConstraint(fields=["envelope", "series_code"], name="criterion_once_per_envelope")
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.weight.normalize():f} %)"


class OwnObjectiveEnvelope(models.Model):
    """The envelope that finances a territory's own objective (rule O4)."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="own_objective_envelope")
    envelope = models.ForeignKey(Envelope, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "enveloppe de l’objectif propre"

    def __str__(self) -> str:
        return str(self.envelope)

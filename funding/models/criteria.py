"""Figures of the allocation criteria: series, their editions, one value a department or territory.

An edition that a run used never changes: a correction is a new edition.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class FigureStatus(models.TextChoices):
    """How sure a figure is: published, estimated, or another one in its place."""

    OFFICIAL = "official", "Officiel"
    ESTIMATE = "estimate", "Estimation"
    STAND_IN = "stand_in", "Substitut"


class CriterionSeries(models.Model):
    """What is counted: "children of 0 to 6 years", whatever the edition."""

    code = models.SlugField("code", max_length=60, unique=True)
    name = models.CharField("intitulé", max_length=200)
    unit = models.CharField("unité", max_length=60)

    class Meta:
        ordering = ["code"]
        verbose_name = "série"

    def __str__(self) -> str:
        return self.name


class SeriesEdition(models.Model):
    """One publication of a series: producer, reference date, licence, and the values of every department."""

    series = models.ForeignKey(CriterionSeries, on_delete=models.PROTECT, related_name="editions")
    code = models.SlugField("code", max_length=80, unique=True)
    producer = models.CharField("producteur", max_length=160)
    reference_date = models.CharField("date de référence", max_length=60)
    source = models.TextField("source")
    licence = models.CharField("licence", max_length=160, blank=True)
    note = models.TextField("note", blank=True)
    content_hash = models.CharField("empreinte des valeurs", max_length=64)
    loaded_at = models.DateTimeField("chargée le", default=timezone.now)

    class Meta:
        ordering = ["series", "-loaded_at"]
        verbose_name = "édition"

    def __str__(self) -> str:
        return f"{self.series.name} – {self.producer}, {self.reference_date}"


class CriterionValue(models.Model):
    """The figure of one department (or of a territory without one, by its code), with its status."""

    edition = models.ForeignKey(SeriesEdition, on_delete=models.CASCADE, related_name="values")
    place_code = models.CharField("code du département", max_length=5)
    value = models.DecimalField("valeur", max_digits=18, decimal_places=4, null=True, blank=True)
    status = models.CharField("statut", max_length=10, choices=FigureStatus.choices)
    note = models.CharField("note", max_length=400, blank=True)

    class Meta:
        ordering = ["place_code"]
        verbose_name = "valeur"
        constraints = [
            models.UniqueConstraint(fields=["edition", "place_code"], name="criterion_value_once_per_place"),
            models.CheckConstraint(
                name="criterion_value_not_negative", condition=Q(value__isnull=True) | Q(value__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place_code} : {self.value if self.value is not None else 'non disponible'}"

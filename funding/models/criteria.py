"""Figures of the allocation criteria: series, their editions, one value a department or territory.

An edition that a run used never changes: a correction is a new edition.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from cdppe.accounts.models import User


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
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

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


class ImportDraftQuerySet(models.QuerySet["ImportDraft"]):
    """Imports are their authors' alone, and only for a day."""

    def visible_to(self, user: User) -> ImportDraftQuerySet:
        """The imports that `user` began, as long as they have not expired."""
        return self.filter(created_by=user, expires_at__gt=timezone.now())


class ImportDraft(models.Model):
    """A table that somebody sent, between its preview and the gesture that stores it as an edition.

    `description` holds what was typed in the form, `table` the cells as they were read: the file itself is
    not kept. Once stored, the draft points to its edition, so that the same gesture made twice stores once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="import_drafts"
    )
    created_at = models.DateTimeField("commencé le", default=timezone.now)
    expires_at = models.DateTimeField("expire le")
    description = models.JSONField("description saisie")
    is_described = models.BooleanField("description complète et juste")
    file_name = models.CharField("fichier", max_length=200)
    table = models.JSONField("cellules lues")
    edition = models.ForeignKey(
        SeriesEdition, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )

    objects = ImportDraftQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "import en cours"

    def __str__(self) -> str:
        return f"{self.file_name}, envoyé le {self.created_at:%d/%m/%Y}"

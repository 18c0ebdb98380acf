"""Documents rendered in the background, and the files that came out.

This app knows no contract: a job names its kind and its subject by an opaque reference, and the app that
owns the subject registers how to render it and who may see it (`cdppe.documents.registry`). The record of a
job lives in the database, so that a lost queue or a killed worker loses nothing (docs/decisions).
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class StoredFile(models.Model):
    """A file that never changes: its bytes, known by their SHA-256."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField("nom du fichier", max_length=200)
    media_type = models.CharField("type", max_length=100)
    content = models.FileField("contenu", upload_to="documents/%Y/%m/")
    sha256 = models.CharField("empreinte SHA-256", max_length=64, db_index=True)
    size = models.PositiveBigIntegerField("taille en octets")
    created_at = models.DateTimeField("créé le", default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "fichier"

    def __str__(self) -> str:
        return self.name


class JobState(models.TextChoices):
    """Where a render job stands."""

    QUEUED = "queued", "En attente"
    RUNNING = "running", "En cours"
    DONE = "done", "Terminé"
    FAILED = "failed", "Échec"


class RenderJobQuerySet(models.QuerySet["RenderJob"]):
    """Jobs by what is to be done with them."""

    def unfinished(self) -> RenderJobQuerySet:
        """Jobs that somebody still waits for."""
        return self.filter(state__in=[JobState.QUEUED, JobState.RUNNING])


class RenderJob(models.Model):
    """One document asked for: where it stands, and its file once done."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("nature du document", max_length=40)
    subject = models.CharField("référence du sujet", max_length=80)
    title = models.CharField("intitulé", max_length=200)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="render_jobs",
        verbose_name="demandé par",
    )
    state = models.CharField("état", max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    progress = models.PositiveSmallIntegerField("avancement en %", default=0)
    step = models.CharField("étape", max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField("essais", default=0)
    error = models.CharField("cause de l’échec", max_length=500, blank=True)
    created_at = models.DateTimeField("demandé le", default=timezone.now)
    started_at = models.DateTimeField("commencé le", null=True, blank=True)
    heartbeat_at = models.DateTimeField("dernier signe de vie", null=True, blank=True)
    finished_at = models.DateTimeField("terminé le", null=True, blank=True)
    file = models.OneToOneField(
        StoredFile,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="job",
        verbose_name="fichier",
    )

    objects = RenderJobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "document demandé"
        indexes = [models.Index(fields=["kind", "subject", "-created_at"])]
        constraints = [
            models.CheckConstraint(
                name="render_job_progress_is_a_percentage", condition=Q(progress__lte=100)
            ),
            models.CheckConstraint(
                name="render_job_done_has_its_file",
                condition=Q(state="done", file__isnull=False, finished_at__isnull=False)
                | (~Q(state="done") & Q(file__isnull=True)),
            ),
            models.CheckConstraint(
                name="render_job_failed_says_why", condition=~Q(state="failed") | ~Q(error="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.get_state_display()})"

    @property
    def is_finished(self) -> bool:
        return self.state in (JobState.DONE, JobState.FAILED)

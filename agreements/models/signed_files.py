"""A signed copy of a version, as it was handed in: its bytes, its screening, what was established of it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agreements.models.versions import ContractVersion
from agreements.signing.pades import FileVerdict
from agreements.signing.page_codes import PageMatch
from cdppe.accounts.models import Territory
from cdppe.documents.models import StoredFile

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class SignedFileKind(models.TextChoices):
    """How the version was signed."""

    SCAN = "scan", "Signé à la main et numérisé"
    PADES = "pades", "Signé électroniquement"


class ScreeningState(models.TextChoices):
    """What the antivirus said."""

    WAITING = "waiting", "En attente d’analyse"
    CLEAN = "clean", "Aucun virus trouvé"
    INFECTED = "infected", "Virus trouvé"
    NOT_SCREENED = "not_screened", "Non analysé"


class VerificationState(models.TextChoices):
    """Whether the file was examined; what was found is the verdict or the match of the pages."""

    WAITING = "waiting", "Vérification en attente"
    DONE = "done", "Vérification terminée"
    STOPPED = "stopped", "Non vérifié"


class SignedFileQuerySet(models.QuerySet["SignedFile"]):
    """Which signed files exist for a person."""

    def visible_to(self, user: User) -> SignedFileQuerySet:
        """Those of the contracts of the territories that `user` follows."""
        return self.filter(version__contract__territory__in=Territory.objects.visible_to(user))


class SignedFile(models.Model):
    """One file handed in for a version (rule K4). Its bytes never change; what is known of it grows.

    `original` is the PDF of the version that people signed: the verification compares with its bytes.
    `verdict_json` is the `FileVerdict` of an electronic signature; `page_codes` the texts read on each page
    of a scan, `confirmed` what people said of the pages without a readable code ({position: page}),
    `pages_json` the `PageMatch` that follows from both.
    """

    uid = models.UUIDField("identifiant public", default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, related_name="signed_files")
    original = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField("nature", max_length=10, choices=SignedFileKind.choices)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="signed_file")
    sha256 = models.CharField("empreinte SHA-256", max_length=64)
    page_count = models.PositiveIntegerField("nombre de pages")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("déposé le", default=timezone.now)

    screening = models.CharField(
        "antivirus", max_length=12, choices=ScreeningState.choices, default=ScreeningState.WAITING
    )
    screened_at = models.DateTimeField("analysé le", null=True, blank=True)
    threat = models.CharField("virus trouvé", max_length=200, blank=True)

    verification = models.CharField(
        "vérification",
        max_length=10,
        choices=VerificationState.choices,
        default=VerificationState.WAITING,
    )
    verified_at = models.DateTimeField("vérifié le", null=True, blank=True)
    verdict_json = models.JSONField("verdict", null=True, blank=True)
    page_codes = models.JSONField("codes lus sur les pages", null=True, blank=True)
    confirmed = models.JSONField("pages confirmées à la main", default=dict, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField("confirmées le", null=True, blank=True)
    pages_json = models.JSONField("correspondance des pages", null=True, blank=True)

    objects = SignedFileQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at"]
        verbose_name = "fichier signé"
        verbose_name_plural = "fichiers signés"
        constraints = [
            models.UniqueConstraint(
                fields=["version", "sha256"],
                name="signed_file_once_per_version",
                violation_error_message="Ce fichier a déjà été déposé pour cette version.",
            ),
            models.CheckConstraint(
                name="signed_file_infected_names_its_threat",
                condition=Q(screening="infected") & ~Q(threat="") | ~Q(screening="infected") & Q(threat=""),
            ),
            models.CheckConstraint(
                name="signed_file_examined_after_screening",
                condition=~Q(verification="done")
                | Q(screening__in=["clean", "not_screened"], verified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="signed_file_confirmation_has_its_author",
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file.name} ({self.get_kind_display()})"

    @property
    def verdict(self) -> FileVerdict | None:
        """What the electronic signatures prove; None for a scan, or before the examination."""
        return FileVerdict.from_json(self.verdict_json) if self.verdict_json else None

    @property
    def pages(self) -> PageMatch | None:
        """Which pages the scan holds; None for an electronic signature, or before the examination."""
        return PageMatch.from_json(self.pages_json) if self.pages_json else None

    @property
    def refusal_to_serve(self) -> str:
        """Why the file is not sent to anybody, in French; "" when it may be."""
        if self.screening == ScreeningState.WAITING:
            return (
                "Ce fichier n’a pas encore été analysé par l’antivirus : il sera disponible dès que "
                "l’analyse l’aura permis."
            )
        if self.screening == ScreeningState.INFECTED:
            return (
                f"L’antivirus a trouvé un virus dans ce fichier ({self.threat}) : il n’est envoyé à "
                "personne. Prévenez la personne qui l’a déposé."
            )
        if self.screening == ScreeningState.NOT_SCREENED and settings.ANTIVIRUS_IS_REQUIRED:
            return "Ce fichier n’a jamais été analysé par un antivirus : il n’est envoyé à personne."
        return ""

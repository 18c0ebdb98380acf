"""The letter that notifies a territory of its amounts: which job made it, were people told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from cdppe.accounts.models import Territory
from cdppe.documents.models import JobState, RenderJob
from funding.models.publication import Publication

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class NotificationLetterQuerySet(models.QuerySet["NotificationLetter"]):
    """Which letters exist for a person, and which are ready."""

    def visible_to(self, user: User) -> NotificationLetterQuerySet:
        """The letters of the territories that `user` follows."""
        return self.filter(territory__in=Territory.objects.visible_to(user))

    def ready(self) -> NotificationLetterQuerySet:
        """Those whose file is there."""
        return self.filter(job__state=JobState.DONE)

    def in_force(self) -> NotificationLetterQuerySet:
        """Those of publications that nothing replaced."""
        return self.filter(publication__replaced_by__isnull=True)


class NotificationLetter(models.Model):
    """One territory's letter of one publication; `mailed_at` keeps its announcement from going out twice."""

    publication = models.ForeignKey(
        Publication, on_delete=models.CASCADE, related_name="letters", verbose_name="publication"
    )
    territory = models.ForeignKey(
        Territory, on_delete=models.PROTECT, related_name="notification_letters", verbose_name="territoire"
    )
    job = models.OneToOneField(
        RenderJob,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="notification_letter",
        verbose_name="production",
    )
    mailed_at = models.DateTimeField("annoncée le", null=True, blank=True)

    objects = NotificationLetterQuerySet.as_manager()

    class Meta:
        ordering = ["territory__code"]
        verbose_name = "lettre de notification"
        verbose_name_plural = "lettres de notification"
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "territory"],
                name="letter_once_per_publication_and_territory",
                violation_error_message="Ce territoire a déjà sa lettre pour cette publication.",
            ),
            models.CheckConstraint(
                name="letter_announced_once_rendered",
                condition=Q(mailed_at__isnull=True) | Q(job__isnull=False),
                violation_error_message="Une lettre n’est annoncée qu’une fois produite.",
            ),
        ]

    def __str__(self) -> str:
        return f"Lettre de notification {self.publication.year} – {self.territory}"

    @property
    def subject(self) -> str:
        """How a render job names this letter: "12:38", the publication and the code of the territory."""
        return f"{self.publication_id}:{self.territory.code}"

"""What a person wants to be reminded of by e-mail, and what was sent: once, never twice (rule C5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from cdppe.accounts.models.people import User

DEFAULT_DAYS_BEFORE = 7
MOST_DAYS_BEFORE = 60


class DigestFrequency(models.TextChoices):
    """How often a person gets the digest, at most."""

    DAILY = "daily", "Chaque jour où il y a du nouveau"
    WEEKLY = "weekly", "Une fois par semaine, le lundi"
    NEVER = "never", "Jamais"


class DigestSettings(models.Model):
    """A person's choice; somebody who chose nothing has the defaults of `settings_of`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digest_settings"
    )
    frequency = models.CharField(
        "rythme", max_length=10, choices=DigestFrequency.choices, default=DigestFrequency.DAILY
    )
    days_before = models.PositiveSmallIntegerField(
        "jours avant une échéance",
        default=DEFAULT_DAYS_BEFORE,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS_BEFORE)],
    )
    tells_before = models.BooleanField("avant une échéance", default=True)
    tells_late = models.BooleanField("après une échéance manquée", default=True)
    tells_exchanges = models.BooleanField("ce qui me concerne dans les échanges", default=True)

    class Meta:
        verbose_name = "réglage des rappels"
        verbose_name_plural = "réglages des rappels"
        constraints = [
            models.CheckConstraint(
                name="reminded_a_day_or_more_before",
                condition=Q(days_before__gte=1, days_before__lte=MOST_DAYS_BEFORE),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} : {self.get_frequency_display()}"


def settings_of(user: User) -> DigestSettings:
    """The person's choice, or the defaults, unsaved."""
    return DigestSettings.objects.filter(user=user).first() or DigestSettings(user=user)


class SentDigest(models.Model):
    """The digest of a person on a day: the constraint makes it one a day, whoever sends."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sent_digests")
    on = models.DateField("jour")
    sent_at = models.DateTimeField("préparé à", default=timezone.now)

    class Meta:
        ordering = ["-on"]
        verbose_name = "récapitulatif envoyé"
        verbose_name_plural = "récapitulatifs envoyés"
        constraints = [models.UniqueConstraint(fields=["user", "on"], name="one_digest_a_day_a_person")]

    def __str__(self) -> str:
        return f"{self.user}, {self.on:%d/%m/%Y}"


class SentLine(models.Model):
    """One thing that a person was told by e-mail: `section` and `key` name it, and it is never told again."""

    digest = models.ForeignKey(SentDigest, on_delete=models.CASCADE, related_name="lines")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sent_lines")
    section = models.CharField("rubrique", max_length=40)
    key = models.CharField("clé", max_length=120)

    class Meta:
        verbose_name = "ligne envoyée"
        verbose_name_plural = "lignes envoyées"
        constraints = [
            models.UniqueConstraint(fields=["user", "section", "key"], name="nobody_is_told_twice")
        ]

    def __str__(self) -> str:
        return f"{self.user} : {self.section}/{self.key}"

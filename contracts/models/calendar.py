"""The calendar of a contract: its own retroplanning, what is done, extensions, feeds (rules C2 to C5)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cdppe.accounts.models import Territory
from cdppe.lib.encryption import EncryptedTextField
from contracts.models.campaigns import Deadline, RetroplanningStep
from contracts.models.contracts import Contract
from contracts.retroplanning import date_of

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class CalendarPhase(models.TextChoices):
    """The three phases of annexe 3.1 (rule C4)."""

    DIAGNOSIS = "diagnosis", "Diagnostic"
    NEGOTIATION = "negotiation", "Négociation"
    SIGNATURE = "signature", "Signature"


class ContractStep(models.Model):
    """A step of the contract's retroplanning: derived from the campaign's, or the territory's own.

    Its date is `fixed_on` when somebody fixed it, else `days_before` day J (rule C3, annexe 3.2); theme,
    responsible and resources are the columns of annexe 3.3, `phase` one of the three of annexe 3.1.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="calendar_steps")
    campaign_step = models.ForeignKey(
        RetroplanningStep,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="contract_steps",
        verbose_name="étape de la campagne",
    )
    label = models.CharField("étape ou tâche", max_length=200)
    description = models.TextField("précisions", blank=True)
    phase = models.CharField("phase", max_length=20, choices=CalendarPhase.choices, blank=True)
    theme = models.CharField("thème", max_length=120, blank=True)
    responsible = models.CharField("responsable", max_length=200, blank=True)
    resources = models.CharField("ressources", max_length=300, blank=True)
    parties = models.JSONField("institutions dont c’est le tour", default=list, blank=True)
    days_before = models.SmallIntegerField("jours avant le jour J", null=True, blank=True)
    fixed_on = models.DateField("date fixée à la main", null=True, blank=True)
    lasting_days = models.PositiveSmallIntegerField("durée en jours", default=1)
    done_on = models.DateField("faite le", null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    position = models.PositiveSmallIntegerField("rang")
    version = models.PositiveIntegerField("version", default=1)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField("modifiée le", default=timezone.now)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = "étape du calendrier"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "campaign_step"], name="campaign_step_once_per_contract"
            ),
            models.CheckConstraint(
                name="contract_step_done_by_somebody_once_done",
                condition=Q(done_by__isnull=True) | Q(done_on__isnull=False),
            ),
            models.CheckConstraint(
                name="contract_step_lasts_a_day_or_more", condition=Q(lasting_days__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_own(self) -> bool:
        """Added by the territory: it can be removed, the campaign's cannot."""
        return self.campaign_step_id is None

    def on(self, effect_on: dt.date | None) -> dt.date | None:
        """The date of the step when J is `effect_on`; None while nobody dated it."""
        return date_of(effect_on, self.days_before, self.fixed_on)


class SettledDeadline(models.Model):
    """A national deadline that one contract has met: on which day, said by whom."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="settled_deadlines")
    deadline = models.ForeignKey(Deadline, on_delete=models.PROTECT, related_name="settled")
    done_on = models.DateField("faite le")
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "échéance tenue"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "deadline"], name="deadline_settled_once_per_contract"
            )
        ]

    def __str__(self) -> str:
        return f"{self.deadline.label} – {self.contract.reference}"


class DeadlineExtension(models.Model):
    """A later date that DGCS grants one territory for a national deadline, with its reason (rule C2)."""

    deadline = models.ForeignKey(
        Deadline, on_delete=models.PROTECT, related_name="extensions", verbose_name="échéance"
    )
    territory = models.ForeignKey(
        Territory, on_delete=models.PROTECT, related_name="deadline_extensions", verbose_name="territoire"
    )
    due_on = models.DateField("nouvelle date")
    reason = models.CharField("motif", max_length=300)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    granted_at = models.DateTimeField("accordée le", default=timezone.now)
    version = models.PositiveIntegerField("version", default=1)

    class Meta:
        ordering = ["deadline__due_on", "territory__code"]
        verbose_name = "prolongation d’échéance"
        verbose_name_plural = "prolongations d’échéance"
        constraints = [
            models.UniqueConstraint(
                fields=["deadline", "territory"], name="extension_once_per_deadline_and_territory"
            )
        ]

    def __str__(self) -> str:
        return f"{self.territory} : {self.deadline.label}, {self.due_on:%d/%m/%Y}"


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    """Which feeds exist for a person."""

    def visible_to(self, user: User) -> CalendarFeedQuerySet:
        """A person's own: a secret address is shown to nobody else."""
        return self.filter(user=user)


class CalendarFeed(models.Model):
    """A calendar that a person's own program reads at a secret address, without signing in.

    Without a contract it holds all those that the person follows. The address is found by the hash of its
    secret; the secret itself is kept encrypted, so that the page can show it again and a copy of the database
    opens nothing.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds"
    )
    contract = models.ForeignKey(
        Contract, on_delete=models.CASCADE, null=True, blank=True, related_name="calendar_feeds"
    )
    only_mine = models.BooleanField("seulement ce qui m’incombe", default=False)
    token = EncryptedTextField("secret de l’adresse")
    token_hash = models.CharField("empreinte du secret", max_length=64, unique=True)
    created_at = models.DateTimeField("créé le", default=timezone.now)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        ordering = ["contract__reference", "pk"]
        verbose_name = "abonnement au calendrier"
        verbose_name_plural = "abonnements au calendrier"
        constraints = [
            models.UniqueConstraint(fields=["user", "contract"], name="feed_once_per_person_and_contract"),
            # Two empty contracts are not equal for a unique constraint.
            models.UniqueConstraint(
                fields=["user"],
                name="feed_of_all_contracts_once_per_person",
                condition=Q(contract__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Calendrier de {self.user}"

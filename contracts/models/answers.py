"""What people answered to a finding that is to be checked (contracts/compliance.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from contracts.models.contracts import Contract

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class FindingAnswerQuerySet(models.QuerySet["FindingAnswer"]):
    """The answers that exist for a person, and those that still stand."""

    def visible_to(self, user: User) -> FindingAnswerQuerySet:
        """The answers of the contracts that `user` sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))

    def standing(self) -> FindingAnswerQuerySet:
        """Those that nobody took back."""
        return self.filter(withdrawn_at__isnull=True)


class FindingAnswer(models.Model):
    """Why a finding that is to be checked needs nothing more: a reason, who gave it, when.

    `sentence` is the finding as it read then: once it reads otherwise, the answer is stale and the finding
    open again. An answer is never changed or deleted; it is withdrawn, and another one may be given.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="finding_answers")
    rule_code = models.CharField("règle", max_length=60)
    place = models.CharField("endroit", max_length=120)
    about = models.CharField("objet", max_length=60, blank=True)
    sentence = models.TextField("constat tel qu’il était")
    reason = models.TextField("raison")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="par"
    )
    at = models.DateTimeField("le", default=timezone.now)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="retirée par",
    )
    withdrawn_at = models.DateTimeField("retirée le", null=True, blank=True)

    objects = FindingAnswerQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "réponse à un constat"
        verbose_name_plural = "réponses aux constats"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "rule_code", "place", "about"],
                name="finding_answered_once",
                condition=Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                name="finding_answer_withdrawn_by_somebody",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
            models.CheckConstraint(name="finding_answer_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.reason

    @property
    def key(self) -> str:
        """The key of the finding that it answers (`contracts.compliance.Line.key`)."""
        return f"{self.rule_code}|{self.place}|{self.about}"

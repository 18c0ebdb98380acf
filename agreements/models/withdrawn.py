"""What may be withdrawn and stays on record: since when it no longer stands, by whom, why."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cdppe.accounts.models import User


class StandingQuerySet(models.QuerySet):
    """What stands, or stood."""

    def standing(self) -> Self:
        """Those that nobody withdrew."""
        return self.filter(withdrawn_at__isnull=True)


class Withdrawable(models.Model):
    """A row that is never deleted: one withdraws it, with a reason."""

    withdrawn_at = models.DateTimeField("retirée le", null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_reason = models.CharField("raison", max_length=500, blank=True)

    class Meta:
        abstract = True

    def withdraw(self, *, reason: str, by: User) -> None:
        """Store that `by` withdrew it, now, for `reason`, which is not empty."""
        self.withdrawn_at, self.withdrawn_by, self.withdrawn_reason = timezone.now(), by, reason
        self.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])


def withdrawn_with_author_and_reason(prefix: str, sentence: str) -> models.CheckConstraint:
    """The constraint that keeps the three fields together, named after `prefix` ("signature")."""
    return models.CheckConstraint(
        name=f"{prefix}_withdrawn_with_author_and_reason",
        condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_reason="")
        | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_reason="")),
        violation_error_message=sentence,
    )

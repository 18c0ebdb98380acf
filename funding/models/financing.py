"""The money of each action, by year and by who pays (annexes 5.3 and 5.4; rules M1, M2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from cdppe.lib.money import DECIMAL_PLACES, MAX_DIGITS
from contracts.models import ActionSheet
from funding.models.envelopes import Envelope

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class Contributor(models.TextChoices):
    """Who pays: State, department or others (annexe 5.4)."""

    STATE = "state", "État"
    DEPARTMENT = "department", "Département"
    OTHER = "other", "Autres"


class ActionFinancingQuerySet(models.QuerySet["ActionFinancing"]):
    """Which amounts of actions exist for a person."""

    def visible_to(self, user: User) -> ActionFinancingQuerySet:
        """The financing of the sheets that `user` sees."""
        return self.filter(action_sheet__in=ActionSheet.objects.visible_to(user))

    def in_plan(self) -> ActionFinancingQuerySet:
        """The amounts that count in the plan and its totals: not those of archived sheets."""
        return self.filter(action_sheet__archived_at__isnull=True)


class ActionFinancing(models.Model):
    """One amount: an action, a year, who pays; the State pays from an envelope, the others from none.

    A row exists only for an amount that somebody stated: no row means "not stated", which is not zero.
    """

    action_sheet = models.ForeignKey(ActionSheet, on_delete=models.CASCADE, related_name="financings")
    year = models.PositiveSmallIntegerField("année")
    contributor = models.CharField("financeur", max_length=20, choices=Contributor.choices)
    envelope = models.ForeignKey(
        Envelope, on_delete=models.PROTECT, null=True, blank=True, related_name="action_financings"
    )
    amount = models.DecimalField("montant", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)

    objects = ActionFinancingQuerySet.as_manager()

    class Meta:
        ordering = ["year", "contributor", "envelope__position"]
        verbose_name = "financement d’action"
        verbose_name_plural = "financements d’action"
        constraints = [
            models.UniqueConstraint(
                fields=["action_sheet", "year", "envelope"],
                name="financing_once_per_year_and_envelope",
                condition=Q(envelope__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["action_sheet", "year", "contributor"],
                name="financing_once_per_year_and_contributor",
                condition=Q(envelope__isnull=True),
            ),
            models.CheckConstraint(name="financing_not_negative", condition=Q(amount__gte=0)),
            models.CheckConstraint(
                name="financing_state_pays_from_an_envelope",
                condition=Q(contributor="state", envelope__isnull=False)
                | (~Q(contributor="state") & Q(envelope__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_sheet} – {self.year}, {self.get_contributor_display()} : {self.amount}"

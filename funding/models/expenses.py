"""What a State-financed expense of an action is, and whether it replaces a financing (rule M4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from contracts.models import ActionSheet
from funding.models.envelopes import Envelope

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class StateExpenseQuerySet(models.QuerySet["StateExpense"]):
    """Which declarations exist for a person."""

    def visible_to(self, user: User) -> StateExpenseQuerySet:
        """The declarations of the sheets that `user` sees."""
        return self.filter(action_sheet__in=ActionSheet.objects.visible_to(user))


class StateExpense(models.Model):
    """What one envelope pays in one action: a code of the campaign's natures, and a declared answer.

    `nature` is empty and `replaces_existing` None as long as nobody said it. The codes and their texts are
    data of the campaign (`funding.expenses`).
    """

    action_sheet = models.ForeignKey(ActionSheet, on_delete=models.CASCADE, related_name="state_expenses")
    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="state_expenses")
    nature = models.CharField("nature de la dépense", max_length=40, blank=True)
    replaces_existing = models.BooleanField("remplace un financement existant", null=True, blank=True)

    objects = StateExpenseQuerySet.as_manager()

    class Meta:
        ordering = ["envelope__position"]
        verbose_name = "dépense financée par l’État"
        verbose_name_plural = "dépenses financées par l’État"
        constraints = [
            models.UniqueConstraint(
                fields=["action_sheet", "envelope"], name="state_expense_once_per_sheet_and_envelope"
            ),
            models.CheckConstraint(
                name="state_expense_says_something",
                condition=~Q(nature="") | Q(replaces_existing__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_sheet} – {self.envelope} : {self.nature or 'nature non dite'}"

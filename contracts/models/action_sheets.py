"""Action sheets (*fiches action*, annexe 5.4; rules A1, A2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone

from contracts.models.contracts import Contract, ContractObjective

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class ActionSheetQuerySet(models.QuerySet["ActionSheet"]):
    """Which action sheets exist for a person."""

    def visible_to(self, user: User) -> ActionSheetQuerySet:
        """The sheets of the contracts that `user` sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))


class ActionSheet(models.Model):
    """One action of a contract: all the fields of annexe 5.4; its money is in `funding.ActionFinancing`.

    `version` counts the saves: a form carries the version that it was opened with, and a save over a newer
    one is refused with both texts shown (see `contracts.actions.action_sheets`).
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="action_sheets")
    contract_objective = models.ForeignKey(
        ContractObjective, on_delete=models.PROTECT, related_name="action_sheets", verbose_name="objectif"
    )
    number = models.PositiveSmallIntegerField("numéro")
    title = models.CharField("intitulé de l’action", max_length=300)
    referent = models.CharField("référent (personne ou institution)", max_length=300, blank=True)
    diagnosis = models.TextField("constat du diagnostic", blank=True)
    operational_objective = models.TextField("objectif opérationnel", blank=True)
    description = models.TextField("description de l’action", blank=True)
    public = models.TextField("public cible", blank=True)
    actors = models.TextField("acteurs à mobiliser", blank=True)
    calendar = models.TextField("calendrier prévisionnel", blank=True)
    implementation_indicators = models.TextField("indicateurs de mise en œuvre de l’action", blank=True)
    vigilance_points = models.TextField("points de vigilance", blank=True)
    has_invented_text = models.BooleanField("texte de démonstration inventé", default=False)

    version = models.PositiveIntegerField("version", default=1)
    creation_token = models.UUIDField("jeton de création", null=True, blank=True, editable=False)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField("créée le", default=timezone.now)
    updated_at = models.DateTimeField("modifiée le", default=timezone.now)

    objects = ActionSheetQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        verbose_name = "fiche action"
        verbose_name_plural = "fiches action"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "number"], name="action_sheet_number_once_per_contract"
            ),
            # A page that sends a new sheet again, its answer lost, makes one sheet.
            models.UniqueConstraint(
                fields=["contract", "creation_token"], name="action_sheet_once_per_creation_token"
            ),
        ]

    def __str__(self) -> str:
        return f"Fiche action n° {self.number} – {self.title}"

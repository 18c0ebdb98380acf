"""Action sheets (*fiches action*, annexe 5.4; rules A1, A2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from contracts.models.contracts import Contract, ContractObjective

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class ActionSheetQuerySet(models.QuerySet["ActionSheet"]):
    """Which action sheets exist for a person, which of them count, and in which order they stand."""

    def visible_to(self, user: User) -> ActionSheetQuerySet:
        """The sheets of the contracts that `user` sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))

    def in_plan(self) -> ActionSheetQuerySet:
        """Those that count: in the plan, its totals, the completeness, the document; no archived one."""
        return self.filter(archived_at__isnull=True)

    def archived(self) -> ActionSheetQuerySet:
        """Those that were put aside and may be restored, the last one first."""
        return self.filter(archived_at__isnull=False).order_by("-archived_at", "number")

    def in_order(self) -> ActionSheetQuerySet:
        """The order of the plan: by objective in the catalogue's order, then as people ranked them."""
        return self.order_by(
            models.F("contract_objective__objective__measure__commitment__position").asc(nulls_last=True),
            "contract_objective__objective__measure__position",
            "contract_objective__objective__number",
            "contract_objective_id",
            "position",
        )


class ActionSheet(models.Model):
    """One action of a contract: all the fields of annexe 5.4; its money is in `funding.ActionFinancing`.

    `version` counts the saves: a form carries the version that it was opened with, and a save over a newer
    one is refused with both texts shown (see `contracts.actions.action_sheets`).

    `number` names the sheet in letters, threads and links: it stays when the order changes. `position` ranks
    the sheets of the contract; only its order within one objective shows (docs/decisions/order-of-sheets.md).
    An archived sheet (`archived_at`) keeps both, and counts nowhere. `answers_demand` is the code of the
    `SheetTemplate` of the campaign that the sheet answers (rules O5, O6), empty for the others.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="action_sheets")
    contract_objective = models.ForeignKey(
        ContractObjective, on_delete=models.PROTECT, related_name="action_sheets", verbose_name="objectif"
    )
    number = models.PositiveSmallIntegerField("numéro")
    position = models.PositiveIntegerField("rang")
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
    answers_demand = models.CharField("fiche demandée par le texte", max_length=60, blank=True)
    archived_at = models.DateTimeField("archivée le", null=True, blank=True)
    archived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    version = models.PositiveIntegerField("version", default=1)
    creation_token = models.UUIDField("jeton de création", null=True, blank=True, editable=False)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField("créée le", default=timezone.now)
    updated_at = models.DateTimeField("modifiée le", default=timezone.now)

    objects = ActionSheetQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
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
            models.UniqueConstraint(
                fields=["contract", "position"], name="action_sheet_position_once_per_contract"
            ),
            models.CheckConstraint(
                name="action_sheet_archived_by_somebody_once_archived",
                condition=Q(archived_at__isnull=False) | Q(archived_by__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Fiche action n° {self.number} – {self.title}"

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

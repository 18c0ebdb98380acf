"""Credits moved between actions of one envelope while the contract is in force (article 4; rule M7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cdppe.lib.money import DECIMAL_PLACES, MAX_DIGITS
from contracts.models import ActionSheet, Amendment, Contract
from contracts.workflow import ContractState
from funding.models.envelopes import Envelope, Payer

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class CreditMoveQuerySet(models.QuerySet["CreditMove"]):
    """The moves of credits by who sees them and what became of them."""

    def visible_to(self, user: User) -> CreditMoveQuerySet:
        """Those of the contracts that `user` sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))

    def free(self) -> CreditMoveQuerySet:
        """Those that no amendment has taken in yet."""
        return self.filter(amendment__isnull=True)

    def outside_the_text(self) -> CreditMoveQuerySet:
        """Those that the text in force does not say: free, or in an amendment that is not in force yet."""
        return self.exclude(amendment__state=ContractState.IN_FORCE)


class CreditMove(models.Model):
    """An amount, in euros, of one envelope and year, that goes from one action to another.

    Never changed and never deleted: a mistake is corrected by an opposite move (`corrects`). `amendment` is
    the one that wrote it into the amounts of the sheets; until one does, the text in force stays as signed.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="credit_moves")
    year = models.PositiveSmallIntegerField("année")
    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="credit_moves")
    from_sheet = models.ForeignKey(ActionSheet, on_delete=models.PROTECT, related_name="moves_out")
    to_sheet = models.ForeignKey(ActionSheet, on_delete=models.PROTECT, related_name="moves_in")
    amount = models.DecimalField("montant", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    decided_on = models.DateField("date du mouvement")
    informed_kind = models.CharField("institution informée", max_length=20, choices=Payer.choices)
    informed_who = models.CharField("personne ou service informé", max_length=200)
    informed_on = models.DateField("informée le")
    reason = models.CharField("raison", max_length=500)
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    amendment = models.ForeignKey(
        Amendment, on_delete=models.PROTECT, null=True, blank=True, related_name="credit_moves"
    )
    token = models.UUIDField("jeton de l’envoi", unique=True, editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("enregistré le", default=timezone.now)

    objects = CreditMoveQuerySet.as_manager()

    class Meta:
        ordering = ["year", "decided_on", "pk"]
        verbose_name = "mouvement de crédits"
        verbose_name_plural = "mouvements de crédits"
        constraints = [
            models.CheckConstraint(
                name="credit_move_of_some_amount",
                condition=Q(amount__gt=0),
                violation_error_message="Un mouvement a un montant.",
            ),
            models.CheckConstraint(
                name="credit_move_between_two_sheets",
                condition=~Q(from_sheet=F("to_sheet")),
                violation_error_message="Un mouvement va d’une action à une autre.",
            ),
            models.CheckConstraint(
                name="credit_move_after_the_information",
                condition=Q(informed_on__lte=F("decided_on")),
                violation_error_message="L’institution est informée avant le mouvement.",
            ),
            models.CheckConstraint(
                name="credit_move_with_its_reason",
                condition=~Q(reason="") & ~Q(informed_who=""),
                violation_error_message="Un mouvement a une raison et dit qui a été informé.",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.year}, {self.envelope} : {self.amount} € de la fiche n° {self.from_sheet.number} à la "
            f"fiche n° {self.to_sheet.number}"
        )

    @property
    def is_corrected(self) -> bool:
        """Whether an opposite move undid it."""
        return hasattr(self, "corrected_by")

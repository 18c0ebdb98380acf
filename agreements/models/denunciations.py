"""A party's denunciation of a contract, and the registered letters by which it told the others (rule D1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from agreements.models.withdrawn import StandingQuerySet, Withdrawable, withdrawn_with_author_and_reason
from contracts.models import Contract, ContractParty

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class DenunciationQuerySet(StandingQuerySet):
    """The denunciations of contracts: one a contract stands at most."""

    def visible_to(self, user: User) -> DenunciationQuerySet:
        """Those of the contracts that `user` sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))


class Denunciation(Withdrawable):
    """That one party denounces the contract, which then ends on `effect_on` (annexe 5.1, article 6).

    `former_ends_on` is the last day that the contract had before, brought back when the party withdraws a
    denunciation that was recorded by mistake.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="denunciations")
    party = models.ForeignKey(ContractParty, on_delete=models.PROTECT, related_name="denunciations")
    institution = models.CharField("institution", max_length=200)
    notified_on = models.DateField("date de la dernière lettre")
    effect_on = models.DateField("dernier jour du contrat dénoncé")
    former_ends_on = models.DateField("dernier jour avant la dénonciation")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("enregistrée le", default=timezone.now)

    objects = DenunciationQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at", "-pk"]
        verbose_name = "dénonciation"
        constraints = [
            models.UniqueConstraint(
                fields=["contract"],
                condition=Q(withdrawn_at__isnull=True),
                name="denunciation_once_standing_per_contract",
                violation_error_message="Ce contrat est déjà dénoncé.",
            ),
            models.CheckConstraint(
                name="denunciation_notified_before_its_effect",
                condition=Q(notified_on__lte=F("effect_on")),
                violation_error_message="Une dénonciation prend effet après ses lettres.",
            ),
            models.CheckConstraint(
                name="denunciation_never_lengthens_the_contract",
                condition=Q(effect_on__lte=F("former_ends_on")),
                violation_error_message="Une dénonciation ne prolonge pas le contrat.",
            ),
            withdrawn_with_author_and_reason(
                "denunciation", "Une dénonciation se retire avec son auteur et sa raison."
            ),
        ]

    def __str__(self) -> str:
        return f"Dénonciation par {self.institution}, effet le {self.effect_on:%d/%m/%Y}"


class DenunciationLetter(models.Model):
    """The registered letter that one of the other parties was sent: its day and its reference."""

    denunciation = models.ForeignKey(Denunciation, on_delete=models.CASCADE, related_name="letters")
    addressee = models.ForeignKey(ContractParty, on_delete=models.PROTECT, related_name="+")
    sent_on = models.DateField("envoyée le")
    reference = models.CharField("référence de l’envoi recommandé", max_length=60)

    class Meta:
        ordering = ["addressee__signatory__position"]
        verbose_name = "lettre de dénonciation"
        verbose_name_plural = "lettres de dénonciation"
        constraints = [
            models.UniqueConstraint(
                fields=["denunciation", "addressee"],
                name="denunciation_letter_once_per_addressee",
                violation_error_message="Cette partie a déjà sa lettre.",
            ),
            models.CheckConstraint(
                name="denunciation_letter_with_its_reference",
                condition=~Q(reference=""),
                violation_error_message="Une lettre recommandée a une référence.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} ({self.sent_on:%d/%m/%Y})"

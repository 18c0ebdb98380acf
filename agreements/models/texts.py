"""Which text is the law of a contract, from which day (rules V2, K4)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from agreements.models.transmissions import Kept, KeptQuerySet
from agreements.models.versions import ContractVersion
from cdppe.accounts.models import Territory
from contracts.models import Amendment, Contract

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class TextInForceQuerySet(KeptQuerySet):
    """The texts that were the law of contracts, and the one that was on a day."""

    def visible_to(self, user: User) -> TextInForceQuerySet:
        """Those of the contracts of the territories that `user` follows."""
        return self.filter(contract__territory__in=Territory.objects.visible_to(user))

    def on(self, day: dt.date) -> TextInForceQuerySet:
        """Those that had taken effect on `day`, the law of that day first."""
        return self.filter(effect_on__lte=day).order_by("-effect_on", "-pk")


class TextInForce(Kept):
    """One text that took effect: the contract's, or an amendment's. Written once, never changed.

    `version` is what was signed, `reading` the whole contract as it stands with it: the same for the contract
    itself, the consolidated version for an amendment. The contract on a day is the last one whose `effect_on`
    had come. A contract taken over from a paper has here what was typed of it; `version` was not signed here.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="texts_in_force")
    amendment = models.OneToOneField(
        Amendment, on_delete=models.PROTECT, null=True, blank=True, related_name="text_in_force"
    )
    version = models.OneToOneField(ContractVersion, on_delete=models.PROTECT, related_name="text_in_force")
    reading = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, related_name="+")
    signed_on = models.DateField("signé le")
    effect_on = models.DateField("prise d’effet")
    ends_on = models.DateField("fin du contrat selon ce texte")
    recorded_at = models.DateTimeField("enregistré le", default=timezone.now)

    objects = TextInForceQuerySet.as_manager()

    class Meta:
        ordering = ["-effect_on", "-pk"]
        verbose_name = "texte en vigueur"
        verbose_name_plural = "textes en vigueur"
        constraints = [
            models.UniqueConstraint(
                fields=["contract"],
                condition=Q(amendment__isnull=True),
                name="text_in_force_once_without_amendment",
            ),
            models.CheckConstraint(
                name="text_in_force_from_its_signature",
                condition=Q(signed_on__lte=models.F("effect_on")),
                violation_error_message="Un texte prend effet à compter de sa signature.",
            ),
        ]

    def __str__(self) -> str:
        return str(self.amendment) if self.amendment is not None else "Contrat d’origine"
